//! Does text become the image that a gateway reads, and an image the same text again?

use std::fs;

use super::keeptrack;
use super::made::Files;

/// What the built-in configuration is made of, and what it is.
const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware/gateway/default");

/// Compiles, and answers with the image.
fn compiled(files: &Files, words: &[&str]) -> Vec<u8> {
    let out = files.path("made.image");
    let ran = keeptrack(&[&["firmware-config", "-q", "-o", &out], words].concat());
    ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
    fs::read(out).unwrap()
}

fn printed(files: &Files, image: &[u8]) -> String {
    let image = files.with("printed.image", image);
    let ran = keeptrack(&["firmware-config", "--print", &image]);
    ran.end.unwrap_or_else(|failure| panic!("{}", failure.shown()));
    String::from_utf8(ran.stdout).unwrap()
}

/// What is said of a run that ends with an error.
fn refused(words: &[&str]) -> String {
    let ran = keeptrack(&[&["firmware-config"], words].concat());
    ran.end.map(drop).expect_err("a refusal").shown()
}

#[test]
fn the_built_in_image_is_what_its_text_compiles_to() {
    let files = Files::new();
    let file = |name: &str| format!("{DEFAULT}/{name}");
    let (v4, v6, config) = (file("rules.v4"), file("rules.v6"), file("sysctl.conf"));
    let image = compiled(&files, &["-r", &v4, "-r", &v6, "-c", &config]);
    let committed = fs::read(file("default.image")).unwrap();
    assert!(image == committed, "make it anew: keeptrack firmware-config -o default.image");
    assert_eq!(keeptrack_gateway::image::BUILT_IN, committed);
}

/// Parts of rules that may stand together, one of each list.
const INTERFACES: [&str; 7] = [
    "",
    "-i eth0",
    "! -i eth0",
    "-o eth0",
    "-i eth+",
    "-i eth1 -o eth0",
    "-m physdev --physdev-in eth1 --physdev-is-bridged",
];
const STATES: [&str; 5] = [
    "",
    "-m conntrack --ctstate NEW",
    "-m conntrack ! --ctstate INVALID,UNTRACKED",
    "-m state --state RELATED,ESTABLISHED",
    "-m comment --comment \"keeptrack.fail = open\"",
];
const PORTS: [&str; 8] = [
    "",
    "-p tcp -m tcp --dport 22",
    "-p udp ! --sport 1024:",
    "! -p 50",
    "-p sctp -m multiport --ports 9,10:20",
    "-p tcp -m multiport ! --dports 80,443 --sport 5:6",
    "-p udplite -m udplite --sport 7 --dport :9",
    "-p all",
];
const ICMP: [[&str; 4]; 2] = [
    ["-p icmp -m icmp --icmp-type echo-request", "-p 1 ! --icmp-type 3/4", "-p icmp", ""],
    ["-p icmpv6 --icmpv6-type 2", "-p 58 ! --icmpv6-type no-route", "-p ipv6-icmp", ""],
];
const ADDRESSES: [[&str; 4]; 2] = [
    ["", "-s 192.0.2.1,198.51.100.0/24", "! -d 10.1.0.3/255.0.255.0", "-s 0/0 -d 203.0.113.9"],
    ["", "-s 2001:db8::/32", "! -d fd00::1", "-s ::/0 -d 2001:db8::1/ffff::ff"],
];
const TARGETS: [&str; 6] = ["-j ACCEPT", "-j DROP", "-j RETURN", "-j one", "-g two", "-j LOG"];
const RAW_TARGETS: [&str; 6] =
    ["-j NOTRACK", "-j CT --zone 7", "-j FULL --class a", "-j FULL --class b --bypass", "", "-j x"];

/// Rules of both families put together at random.
fn rules(random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for (family, program) in ["iptables", "ip6tables"].into_iter().enumerate() {
        let policy = random.choice(["ACCEPT", "DROP"]).unwrap();
        text +=
            &format!("{program} -P FORWARD {policy}\n{program} -t raw -P PREROUTING {policy}\n");
        text += &format!("{program} -N two\n{program} -N one\n{program} -t raw -N x\n");
        let of_family = |random: &mut fastrand::Rng, lists: &[[&'static str; 4]; 2]| {
            *random.choice(&lists[family]).unwrap()
        };
        for _ in 0..random.usize(0..12) {
            let chain = *random.choice(&["FORWARD", "FORWARD", "one", "two"]).unwrap();
            let addresses = of_family(random, &ADDRESSES);
            let ports = match random.bool() {
                true => *random.choice(&PORTS).unwrap(),
                false => of_family(random, &ICMP),
            };
            let (interface, state) =
                (random.choice(INTERFACES).unwrap(), random.choice(STATES).unwrap());
            // A chain leads only into the other one, and that into none.
            let target = match (chain, *random.choice(&TARGETS).unwrap()) {
                ("two", "-j one" | "-g two") | ("one", "-j one") => "-j DROP",
                (_, target) => target,
            };
            text +=
                &format!("{program} -A {chain} {interface} {state} {addresses} {ports} {target}\n");
        }
        for _ in 0..random.usize(0..5) {
            let (addresses, ports) = (of_family(random, &ADDRESSES), random.choice(PORTS).unwrap());
            let (chain, target) = match random.choice(RAW_TARGETS).unwrap() {
                "-j x" => ("PREROUTING", "-j x"),
                target => (*random.choice(&["PREROUTING", "x"]).unwrap(), target),
            };
            text += &format!("{program} -t raw -A {chain} {addresses} {ports} {target}\n");
        }
    }
    text
}

#[test]
fn what_is_printed_compiles_to_the_same_image() {
    let files = Files::new();
    let mut random = fastrand::Rng::with_seed(6);
    let policies = ["ranked", "refuse:source=9%,v4=24", "adaptive:start=5,end=9", "early-drop"];
    for _ in 0..200 {
        let rules = rules(&mut random);
        let text = files.with("rules", &rules);
        let policy = format!("keeptrack.on_full={}", random.choice(policies).unwrap());
        let words = ["-r", &text, "-c", &policy, "-c", "nf_conntrack_udp_timeout=9"];
        let image = compiled(&files, &words);
        let print = printed(&files, &image);
        let text = files.with("print", &print);
        let again = compiled(&files, &["-r", &text, "-c", &text]);
        assert!(image == again, "{rules}\n{print}\n{}", printed(&files, &again));
    }
}

#[test]
fn all_settings_are_printed() {
    let files = Files::new();
    let config = files.with(
        "gw.conf",
        "keeptrack.fail = open\nkeeptrack.log = connections\nkeeptrack.on_full = refuse:source=7\n\
         net.netfilter.nf_conntrack_max = 300\nnet.netfilter.nf_conntrack_checksum = 1\n\
         net.netfilter.nf_conntrack_tcp_loose = 0\nnet.netfilter.nf_conntrack_icmp_timeout = 77\n",
    );
    let print = printed(&files, &compiled(&files, &["-c", &config]));
    for line in files.text("gw.conf").lines() {
        assert!(print.lines().any(|printed| printed == line), "{line}\n{print}");
    }
    let image = compiled(&files, &["-c", &config]);
    let crc = u32::from_le_bytes(image[12..16].try_into().unwrap());
    let first = format!("version 1, {} bytes, CRC-32 {crc:08x}", image.len());
    assert!(print.lines().next().unwrap().ends_with(&first), "{print}");
}

#[test]
fn an_image_may_be_followed_by_what_lies_in_flash() {
    let files = Files::new();
    let image = compiled(&files, &["-c", "keeptrack.fail=closed"]);
    let flash = [image.clone(), vec![0xff; 512]].concat();
    assert_eq!(printed(&files, &flash), printed(&files, &image));
}

#[test]
fn what_is_no_image_is_refused_and_what_a_gateway_does_is_said() {
    let files = Files::new();
    let image = compiled(&files, &["-c", "keeptrack.fail=open"]);
    let shown = |name: &str, bytes: &[u8]| {
        let file = files.with(name, bytes);
        refused(&["--print", &file]).replace(&files.path(""), "")
    };
    let mut damaged = image.clone();
    damaged[40] ^= 1;
    let does = "help: a gateway does with it what `keeptrack.fail = open` says\n";
    assert_eq!(
        shown("damaged", &damaged),
        format!("error: damaged: the check sum is wrong: the image is damaged\n{does}")
    );
    let mut other = image.clone();
    other[4] = 9;
    assert_eq!(
        shown("other", &other),
        format!("error: other: an image of version 9, not 1\n{does}")
    );
    let make = "help: make one: `keeptrack firmware-config --rules FILE -o IMAGE`\n";
    assert_eq!(shown("erased", &[0xff; 64]), format!("error: erased: no image\n{make}"));
    assert!(shown("cut", &image[..100]).starts_with("error: cut: the image is cut"));
    assert!(shown("text", b"*filter\nCOMMIT\n").starts_with("error: text: no image"));
    let nothing = refused(&["--print", &files.path("none")]);
    assert!(nothing.ends_with("none: No such file or directory\n"), "{nothing}");
}

#[test]
fn a_file_stands_until_its_successor_is_complete() {
    let files = Files::new();
    let old = files.with("gateway.image", "old");
    let wrong = files.with("wrong.rules", "iptables -A FORWARD -j REJECT\n");
    assert!(refused(&["-r", &wrong, "-o", &old]).starts_with("error: `REJECT` has no place"));
    assert_eq!(files.text("gateway.image"), "old");
    let same = refused(&["-r", &wrong, "-o", &wrong]);
    assert!(same.contains("is to be read and written"), "{same}");
    let both = refused(&["--print", &old, "-o", &old]);
    assert!(both.contains("cannot be used with"), "{both}");
    assert!(refused(&["-r", &wrong]).contains("--output <IMAGE>|--check|--print <IMAGE>"));
    let stdout = keeptrack(&["firmware-config", "-q", "-o", "-"]).stdout;
    assert_eq!(stdout, compiled(&files, &[]));
}

#[test]
fn only_a_mark_of_ours_before_a_table_says_of_which_family_it_is() {
    let files = Files::new();
    let made = |text: &str| compiled(&files, &["-r", &files.with("gateway.rules", text)]);
    let plain = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n";
    let v4 = made(plain);
    for comment in ["# IPv6", "# IPv6 is below", "# keeptrack", "# keeptrack: IPv4"] {
        assert!(made(&format!("{comment}\n{plain}")) == v4, "{comment}");
    }
    assert!(made(&format!("# keeptrack: IPv6\n{plain}")) != v4);
    for comment in ["# keeptrack: IPv6", "# Generated by ip6tables-save v1.8.9"] {
        let inside = plain.replace("-A", &format!("{comment}\n-A"));
        assert!(made(&inside) == v4, "{comment}");
    }
}

#[test]
fn a_policy_that_no_board_can_have_is_refused_where_it_is_set() {
    let files = Files::new();
    let classes = "-A PREROUTING -p tcp -j FULL --class a\n-A PREROUTING -j FULL --class b\n";
    let rules = files.with("r", format!("*raw\n{classes}COMMIT\n"));
    let said = |policy: &str| {
        let config = files.with("gw.conf", format!("# \nkeeptrack.on_full = {policy}\n"));
        refused(&["--check", "-r", &rules, "-c", &config]).replace(&files.path(""), "")
    };
    let impossible =
        ["adaptive:start=60%,end=50%", "adaptive:start=5,end=3", "ranked:reserve=a/60%+b/60%"];
    for policy in impossible {
        assert!(said(policy).starts_with("error: gw.conf:2: keeptrack.on_full: "), "{policy}");
    }
    let unnamed = said("ranked:reserve=c/5");
    assert!(unnamed.starts_with("error: gw.conf:2: keeptrack.on_full: ranked: "), "{unnamed}");
    let typed = ["--check", "-r", &rules, "-c", "keeptrack.on_full=ranked:reserve=c/5"];
    assert!(refused(&typed).starts_with("error: --config: keeptrack.on_full: "));
    let few = ["--check", "-r", &rules, "-c", "nf_conntrack_max=2"];
    assert!(refused(&few).starts_with("error: --config: keeptrack.on_full with nf_conntrack_max"));
    // A small board can do the first, a large one the other.
    for policy in ["adaptive:start=60%,end=500,reserve=a/16", "ranked:reserve=a/1000+b/60%"] {
        let policy = format!("keeptrack.on_full={policy}");
        compiled(&files, &["-r", &rules, "-c", &policy]);
    }
}

#[test]
fn the_end_of_a_chain_counts_among_what_a_packet_meets() {
    let files = Files::new();
    let rules = |count| files.with("r", "iptables -A FORWARD -p tcp -j DROP\n".repeat(count));
    compiled(&files, &["-r", &rules(1023)]);
    let said = refused(&["--check", "-r", &rules(1024)]).replace(&files.path(""), "");
    let expected = "error: r:1: FORWARD: a packet could meet more than 1024 rules, and each end of a \
        chain is one\n";
    assert_eq!(said, expected);
}

#[test]
fn what_only_a_shell_could_do_is_asked_of_both_programs() {
    let files = Files::new();
    for line in ["-A FORWARD -s $NET -j DROP", "-A FORWARD -s $(hostname -i) -j DROP"] {
        let rules = files.with("r", format!("iptables {line}\n"));
        let said = |words: &[&str]| keeptrack(words).end.map(drop).expect_err(line).shown();
        let help = "help: let the script run, and give the output of ";
        let gateway = said(&["firmware-config", "--check", "-r", &rules]);
        let both = format!("{help}`iptables-save` and `ip6tables-save`\n");
        assert!(gateway.ends_with(&both), "{gateway}");
        let raw = files.with("r", format!("iptables -t raw {line}\n").replace("FORWARD", "OUTPUT"));
        let replay = said(&["replay", super::made::MAIL_RELAY, "-r", &raw]);
        let either = format!("{help}`iptables-save -t raw` or `nft list ruleset`\n");
        assert!(replay.ends_with(&either), "{replay}");
    }
}

#[test]
fn stdin_is_read_by_one_only() {
    let said = refused(&["--check", "-r", "-", "-c", "-"]);
    assert!(said.starts_with("error: two inputs from stdin\n"), "{said}");
}
