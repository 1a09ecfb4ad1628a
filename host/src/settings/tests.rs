//! Settings of files of all forms, and what is said of those that cannot be.

use keeptrack_core::fragment::Limits;
use keeptrack_core::{Config, Timeout};

use super::{Error, Given, Origin, Settings};
use crate::source::Source;

fn loaded(files: &[(&str, &str)]) -> Result<Settings, Error> {
    let given = files.iter().map(|&(name, text)| {
        let source = Source::new(name.to_owned(), text.to_owned());
        Ok(if name.starts_with('-') { Given::Typed(source) } else { Given::File(source) })
    });
    Settings::default().gathered(given)
}

fn shown<T: ToString>(of: Option<(T, &Origin)>) -> String {
    of.map(|(value, origin)| format!("{} {origin}", value.to_string())).unwrap_or_default()
}

#[test]
fn the_last_one_of_each_name_counts_and_tells_where_it_is_from() {
    let conf = "# mine\n;too\nnet.netfilter.nf_conntrack_max=1048576\n\
        -net.netfilter.nf_conntrack_buckets = 262144\nnet/netfilter/nf_conntrack_udp_timeout=15\n \
        net.nf_conntrack_max\t=  524288\nkernel.pid_max = 1\nnet.netfilter.nf_hooks_lwtunnel=0\n\
        net.ipv4.netfilter.ip_conntrack_tcp_timeout_established = 3600\n";
    let grep = "/proc/sys/net/netfilter/nf_conntrack_acct:1\n\
        /proc/sys/net/netfilter/nf_conntrack_count:20\n\
        /proc/sys/net/netfilter/nf_conntrack_tcp_loose:0";
    let script = "#!/bin/sh\niptables -F\necho 40 > /proc/sys/net/netfilter/nf_conntrack_icmp_timeout\n\
        sudo sysctl -w net.netfilter.nf_conntrack_udp_timeout=16 net.ipv4.ip_forward=1\n";
    let typed = "nf_conntrack_timestamp=1";
    let settings = loaded(&[("a", conf), ("b", grep), ("c", script), ("--config", typed)]).unwrap();
    assert_eq!(shown(settings.max()), "524288 a:6");
    assert_eq!(shown(settings.buckets()), "262144 a:4");
    assert_eq!(shown(settings.acct()), "true b:1");
    assert_eq!(shown(settings.timestamp()), "true --config");
    assert_eq!(shown(settings.timeout(Timeout::Udp)), "16 c:4");
    assert_eq!(shown(settings.timeout(Timeout::Icmpv6)), "");
    assert_eq!(settings.other_count(), 3);
    let config = settings.apply(Config::LINUX);
    let timeouts = Config::LINUX
        .timeouts
        .with(Timeout::TcpEstablished, 3600)
        .with(Timeout::Udp, 16)
        .with(Timeout::Icmp, 40);
    assert_eq!((config.timeouts, config.tcp.loose), (timeouts, false));
}

#[test]
fn every_setting_of_tcp_has_its_effect() {
    let text = "net.netfilter.nf_conntrack_tcp_be_liberal = 1\n\
        net.netfilter.nf_conntrack_tcp_ignore_invalid_rst = 1\n\
        net.netfilter.nf_conntrack_tcp_max_retrans = 7\n\
        net.netfilter.nf_conntrack_tcp_timeout_max_retrans = 200\n\
        net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 50\n";
    let settings = loaded(&[("f", text)]).unwrap();
    assert_eq!(settings.ignored().count(), 0);
    let Config { timeouts, tcp, .. } = settings.apply(Config::LINUX);
    assert!(tcp.be_liberal && tcp.ignore_invalid_rst && tcp.loose);
    assert_eq!((tcp.max_retrans, timeouts.tcp_max_retrans), (7, 200));
    // Linux 6.18: no sysctl reaches that of two SYNs that cross.
    assert_eq!((timeouts.tcp_syn_sent, timeouts.tcp_syn_sent2), (50, 120));
    let title = |text: &str| loaded(&[("f", text)]).unwrap_err().to_string();
    assert!(title("nf_conntrack_tcp_max_retrans=256").starts_with("error: `256` is out of range"));
}

#[test]
fn the_option_of_the_module_sets_buckets_and_limit_until_a_setting_does() {
    let of = |text: &str| {
        let settings = loaded(&[("f", text)]).unwrap();
        (shown(settings.max()), shown(settings.buckets()))
    };
    let pair = |max: &str, buckets: &str| (max.to_owned(), buckets.to_owned());
    let option = "options nf_conntrack hashsize=1000 acct=1\n";
    assert_eq!(of(option), pair("8192 f:1", "1024 f:1"));
    let typed = loaded(&[("--config", "hashsize=513")]).unwrap();
    assert_eq!(shown(typed.max()), "8192 --config");
    assert_eq!(loaded(&[("f", "hashsize=513")]).unwrap().max(), None);
    let with_max = format!("nf_conntrack_max=5\n{option}");
    assert_eq!(of(&with_max), pair("5 f:1", "1024 f:2"));
    let at_run_time = format!("{option}echo 2 > /sys/module/nf_conntrack/parameters/hashsize\n");
    assert_eq!(of(&at_run_time), pair("8192 f:1", "512 f:2"));
}

#[test]
fn what_has_no_effect_is_told_when_it_is_not_as_usual() {
    let text = "net.netfilter.nf_conntrack_helper = 1\n\
        net.netfilter.nf_conntrack_tcp_no_window_check = 0\n\
        net.netfilter.nf_conntrack_checksum = 0\nnet.netfilter.nf_conntrack_expect_max = 77\n\
        net.netfilter.nf_conntrack_count = 20\nnet.netfilter.nf_conntrack_frag6_low_thresh = 9\n\
        net.netfilter.nf_flowtable_tcp_timeout = 30\n";
    let settings = loaded(&[("f", text)]).unwrap();
    let ignored: Vec<String> = settings.ignored().map(|ignored| ignored.to_string()).collect();
    let expected = [
        "nf_conntrack_frag6_low_thresh = 9 (f:6) has no effect: Linux does not look at it since 4.17",
        "nf_conntrack_helper = 1 (f:1) has no effect: Linux has it no longer since 6.0: a rule \
         assigns helpers, `CT --helper`",
    ];
    assert_eq!(ignored, expected);
    assert_eq!(settings.apply(Config::LINUX), Config::LINUX);
}

#[test]
fn parts_of_datagrams_wait_as_is_set() {
    let text = "net.ipv4.ipfrag_time = 5\nnet.ipv4.ipfrag_high_thresh = 4096\n\
        net.ipv4.ipfrag_low_thresh = 3145728\nnet.ipv4.ipfrag_max_dist = 0\n\
        net.netfilter.nf_conntrack_frag6_timeout = 6\n\
        net.netfilter.nf_conntrack_frag6_high_thresh = 8192\n";
    let settings = loaded(&[("f", text)]).unwrap();
    let expected = Limits {
        ipfrag_time: 5,
        ipfrag_high_thresh: 4096,
        ipfrag_max_dist: 0,
        frag6_timeout: 6,
        frag6_high_thresh: 8192,
    };
    assert_eq!((settings.fragments(), settings.ignored().count()), (expected, 0));
    assert_eq!(loaded(&[]).unwrap().fragments(), Limits::LINUX);
}

#[test]
fn what_cannot_be_is_shown_at_its_word() {
    let text = "net.netfilter.nf_conntrack_mx = 5\nnet.netfilter.nf_conntrack_max = 64k\n";
    let expected = "\
error: unknown setting `net.netfilter.nf_conntrack_mx`
 --> sysctl.conf:1:1
  |
1 | net.netfilter.nf_conntrack_mx = 5
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ conntrack has none of this name
  |
help: did you mean `nf_conntrack_max`?

error: `64k` is no number
 --> sysctl.conf:2:34
  |
2 | net.netfilter.nf_conntrack_max = 64k
  |                                  ^^^ nf_conntrack_max is 1 to 2147483647";
    assert_eq!(loaded(&[("sysctl.conf", text)]).unwrap_err().to_string(), expected);
    let title = |name: &str, text: &str| {
        let shown = loaded(&[(name, text)]).unwrap_err().to_string();
        shown.lines().take(2).map(str::trim).collect::<Vec<_>>().join(" ").replace("-->", "@")
    };
    let cases = [
        ("f", "nf_conntrack_max=", "`nf_conntrack_max` has no value @ f:1:1"),
        ("f", "\nnf_conntrack_max=0", "`0` is out of range @ f:2:18"),
        ("f", "nf_conntrack_udp_timeout=-1", "`-1` is out of range @ f:1:26"),
        ("f", "net.nf_conntrack_acct=1", "unknown setting `net.nf_conntrack_acct` @ f:1:1"),
        ("f", "a=1\n nf_conntrack_max 9", "`nf_conntrack_max` has no value @ f:2:2"),
        ("f", "net.netfilter.nf_conntrack_max", "`nf_conntrack_max` has no value @ f:1:1"),
        ("--config", "ip_forward=1", "unknown setting `ip_forward` @ --config:1:1"),
        (
            "f",
            "once upon a time\n",
            "f is not sysctl text help: give what `sysctl -a` prints, or sysctl.conf",
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(title(name, text), format!("error: {expected}"), "{text}");
    }
}

#[test]
fn a_typed_setting_that_conntrack_has_not_is_an_error_with_its_full_name() {
    let shown = loaded(&[("--config", "udp_timeout=5")]).unwrap_err().to_string();
    assert!(shown.ends_with("help: did you mean `nf_conntrack_udp_timeout`?"), "{shown}");
    // A shell's variables.
    assert_eq!(loaded(&[("f", "max=5\nudp_timeout=5\n")]).unwrap().other_count(), 2);
}

#[test]
fn a_timeout_that_cannot_be_counted_is_refused_unless_another_comes_behind_it() {
    let long = ("f", "net.netfilter.nf_conntrack_tcp_timeout_established = 2000000\n");
    let shown = loaded(&[long]).unwrap_err().to_string();
    assert!(shown.contains("`2000000` is too long a timeout\n --> f:1:"), "{shown}");
    let way_out = "-c nf_conntrack_tcp_timeout_established=1036800";
    assert!(shown.contains(way_out), "{shown}");
    let (_, typed) = way_out.split_once(' ').unwrap();
    let settings = loaded(&[long, ("--config", typed)]).unwrap();
    assert_eq!(shown_timeout(&settings), "1036800 --config");
}

fn shown_timeout(settings: &Settings) -> String {
    shown(settings.timeout(Timeout::TcpEstablished))
}

#[test]
fn other_files_are_named_and_empty_ones_set_nothing() {
    assert_eq!(loaded(&[("f", "# net.netfilter.nf_conntrack_max = 1\n\n")]).unwrap().max(), None);
    let refused = |bytes: &[u8]| {
        let error = Source::of("f".to_owned(), bytes, &super::reader::SETTINGS).unwrap_err();
        error.to_string().replace('\n', " ")
    };
    let cases: [(&[u8], &str); 4] = [
        (b"*raw\nCOMMIT\n", "(it looks like iptables-save output) help: pass it with `-r f`"),
        (
            b"\xd4\xc3\xb2\xa1\x02\0",
            "(it looks like a capture) help: it stands alone: `keeptrack replay f`",
        ),
        (
            b"udp 17 30 src=192.0.2.1",
            "(it looks like a conntrack table) help: `keeptrack replay` takes it: `-s f`",
        ),
        (b"a=1\0b=2", "(it looks like binary data) help: give what `sysctl -a`"),
    ];
    for (bytes, expected) in cases {
        let shown = refused(bytes);
        assert!(shown.starts_with("error: f is not sysctl text "), "{shown}");
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn garbage_is_refused_soon_and_in_few_words() {
    let many = "nf_conntrack_quux=1\n".repeat(100_000);
    assert_eq!(loaded(&[("f", &many)]).unwrap_err().diagnostics().len(), 21);
    let long = format!("nf_conntrack_max={}", "9".repeat(4_000));
    assert!(loaded(&[("f", &long)]).unwrap_err().to_string().len() < 20_000);
    let longer = format!("a=1\nnf_conntrack_max={}\n", "9".repeat(1 << 20));
    let shown = loaded(&[("f", &longer)]).unwrap_err().to_string();
    assert!(shown.starts_with("error: a line of 1048594 bytes\n --> f:2:1\n"), "{shown:.200}");
    assert!(shown.len() < 20_000);
    let ports = format!("net.ipv4.ip_local_reserved_ports={}1\n", "1,".repeat(9_000));
    let comment = format!("# nf_conntrack_max {}\n", "x".repeat(9_000));
    assert_eq!(loaded(&[("f", &(ports + &comment))]).unwrap().other_count(), 1);
    let near_miss = "nf_hooks_lwtunnel=1\n".repeat(20_000);
    assert_eq!(loaded(&[("f", &near_miss)]).unwrap().other_count(), 20_000);
}
