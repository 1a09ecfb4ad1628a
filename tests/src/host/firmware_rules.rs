//! Is what a bridge cannot do refused at the word that asks for it?

use super::keeptrack;
use super::made::Files;

/// What is wrong with rules of that table, and where.
fn title(table: &str, rules: &str) -> String {
    let files = Files::new();
    let file = files.with("r", format!("*{table}\n{rules}\nCOMMIT\n"));
    let ran = keeptrack(&["firmware-config", "--check", "-r", &file]);
    let shown = ran.end.map(drop).expect_err(rules).shown().replace(&files.path(""), "");
    let lines: Vec<&str> = shown.lines().take(2).map(str::trim).collect();
    lines.join(" ").replace("-->", "@").replace("error: ", "")
}

#[test]
fn what_a_bridge_cannot_do_is_refused_at_its_place() {
    let raw = [
        ("-A OUTPUT -j NOTRACK", "the gateway has no OUTPUT @ r:2:1"),
        ("-P OUTPUT DROP", "the gateway has no OUTPUT @ r:2:1"),
        ("-A PREROUTING -o eth1", "`-o` cannot be used in PREROUTING @ r:2:15"),
        ("-N X\n-A X -o eth1", "`-o` cannot be used in the raw table @ r:3:6"),
        ("-A PREROUTING -i lan0", "the gateway has no interface `lan0` @ r:2:18"),
        ("-A PREROUTING ! -i eth+", "a rule for no packet @ r:2:17"),
        (
            "-A PREROUTING -p tcp -j CT --helper ftp",
            "`--helper` has no place at the gateway @ r:2:28",
        ),
        (
            "-A PREROUTING -p tcp -j CT --timeout x",
            "`--timeout` has no place at the gateway @ r:2:28",
        ),
        ("-A PREROUTING -j DNAT", "`DNAT` has no place at a bridge @ r:2:18"),
        (
            "-A PREROUTING -m conntrack --ctstate NEW",
            "the match `conntrack` has no place in the raw table @ r:2:18",
        ),
        (
            "-A PREROUTING -m state --state NEW",
            "the match `state` has no place in the raw table @ r:2:18",
        ),
        (
            "-A PREROUTING -p icmp --icmp-type 8",
            "`--icmp-type` has no place in the raw table @ r:2:23",
        ),
    ];
    let filter = [
        ("-A FORWARD -j REJECT", "`REJECT` has no place at a bridge @ r:2:15"),
        ("-A FORWARD -j NOTRACK", "`NOTRACK` has no place in the filter table @ r:2:15"),
        ("-A FORWARD -j FULL --bypass", "`FULL` has no place in the filter table @ r:2:15"),
        ("-A FORWARD -o br0", "the gateway has no interface `br0` @ r:2:15"),
        (
            "-A FORWARD -m conntrack --ctstate NEW,SNAT",
            "no connection here is in the state SNAT @ r:2:39",
        ),
        ("-A FORWARD -m state --state NWE", "unknown state `NWE` @ r:2:29"),
        ("-A FORWARD -m conntrack --state NEW", "`--state` without `-m state` @ r:2:25"),
        ("-A FORWARD -p udp --icmp-type 8", "`--icmp-type` without `-p icmp` @ r:2:19"),
        ("-A FORWARD -p icmp --icmp-type 8/256", "unknown kind of ICMP `8/256` @ r:2:32"),
        ("-A FORWARD -m physdev ! --physdev-is-bridged", "a rule for no packet @ r:2:25"),
        ("-A PREROUTING -j DROP", "the filter table has no chain `PREROUTING` @ r:2:4"),
        ("-A FORWARD -m mac", "the match `mac` is not supported by this version @ r:2:15"),
    ];
    for (rules, expected) in raw {
        assert_eq!(title("raw", rules), expected);
    }
    for (rules, expected) in filter {
        assert_eq!(title("filter", rules), expected);
    }
}
