//! Values of every form, and those that are none.

use super::*;

fn word(text: &str) -> Word {
    Word { text: text.to_owned(), span: 0..text.len() }
}

fn shown<T>(result: Result<T, Fault>, show: impl Fn(T) -> String) -> String {
    result.map_or_else(|fault| format!("at {:?}", fault.span), show)
}

#[test]
fn networks_have_masks_of_every_form() {
    let show = |networks: Vec<Network>| {
        let shown = networks.iter().map(|net| format!("{}/{}", net.address, net.mask));
        shown.collect::<Vec<_>>().join(" ")
    };
    let cases = [
        (Family::V4, "10.1.2.3", "10.1.2.3/255.255.255.255"),
        (Family::V4, "10.0.0.0/9", "10.0.0.0/255.128.0.0"),
        (Family::V4, "10.1.0.3/255.255.0.255", "10.1.0.3/255.255.0.255"),
        (Family::V4, "any/0", "0.0.0.0/0.0.0.0"),
        (Family::V4, "10.0.0.1,10.0.0.2/31", "10.0.0.1/255.255.255.255 10.0.0.2/255.255.255.254"),
        (Family::V6, "fd00::/8", "fd00::/ff00::"),
        (Family::V6, "::1", "::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        (Family::V6, "::1/ffff::ffff", "::1/ffff::ffff"),
        (Family::V4, "10.0.0.0/33", "at 0..11"),
        (Family::V4, "10.0.0.1,10.0.0.0/-1", "at 9..20"),
        (Family::V4, "10.0.0.1,,10.0.0.2", "at 9..9"),
        (Family::V4, "gateway", "at 0..7"),
        (Family::V4, "::1", "at 0..3"),
        (Family::V6, "10.0.0.1", "at 0..8"),
        (Family::V6, "::/129", "at 0..6"),
    ];
    for (family, text, expected) in cases {
        assert_eq!(shown(networks(&word(text), family), show), expected, "{text}");
    }
}

#[test]
fn ports_are_single_ranges_or_lists() {
    let cases = [
        (PortForm::One, "53", "[(53, 53)]"),
        (PortForm::One, "domain", "[(53, 53)]"),
        (PortForm::One, "30000:40000", "[(30000, 40000)]"),
        (PortForm::One, ":53", "[(0, 53)]"),
        (PortForm::One, "53:", "[(53, 65535)]"),
        (PortForm::One, "0", "[(0, 0)]"),
        (PortForm::One, "70000", "[(4464, 4464)] 70000 at 0..5"),
        (PortForm::One, "60000:70000", "[(60000, 4464)] 70000 at 6..11"),
        (PortForm::One, "60:50", "at 0..5"),
        (PortForm::One, "053", "[(53, 53)]"),
        (PortForm::One, "0x35", "at 0..4"),
        (PortForm::One, "1:2:3", "at 2..5"),
        (PortForm::One, "80,443", "at 2..6"),
        (PortForm::One, "domian", "at 0..6"),
        (PortForm::List, "22,ssh:http,443", "[(22, 22), (22, 80), (443, 443)]"),
        (PortForm::List, "22,:80", "at 3..3"),
        (PortForm::List, "22,99999", "at 3..8"),
        (PortForm::List, "010,0x35", "[(8, 8), (53, 53)]"),
        (PortForm::List, "08", "at 0..2"),
        (
            PortForm::List,
            "1:2,1:2,1:2,1:2,1:2,1:2,1:2,1",
            "[(1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 1)]",
        ),
        (PortForm::List, "1:2,1:2,1:2,1:2,1:2,1:2,1:2,1:2", "at 28..31"),
    ];
    for (form, text, expected) in cases {
        let show = |(ports, wrapped): (Ports, Vec<WrappedPort>)| {
            let wrapped =
                wrapped.iter().map(|port| format!(" {} at {:?}", port.written, port.span));
            format!("{ports:?}{}", wrapped.collect::<String>())
        };
        assert_eq!(shown(ports(&word(text), form), show), expected);
    }
}

#[test]
fn protocols_and_interfaces_have_names() {
    let protocols = [
        ("udp", "Some(Protocol(17))"),
        ("UDP", "Some(Protocol(17))"),
        ("vrrp", "Some(Protocol(112))"),
        ("132", "Some(Protocol(132))"),
        ("all", "None"),
        ("0", "None"),
        ("256", "at 0..3"),
        ("upd", "at 0..3"),
    ];
    for (text, expected) in protocols {
        assert_eq!(shown(protocol(&word(text)), |found| format!("{found:?}")), expected);
    }
    let show = |found: Option<IfPattern>| {
        found.map_or("any".to_owned(), |found| format!("{:?} {}", found.name, found.prefix))
    };
    let interfaces = [
        ("lo", "\"lo\" false"),
        ("eth+", "\"eth\" true"),
        ("+", "any"),
        ("", "at 0..0"),
        ("a-name-of-16-byt", "at 0..16"),
        ("a-name-of-15-by", "\"a-name-of-15-by\" false"),
        ("l\u{fffd}", "at 0..4"),
    ];
    for (text, expected) in interfaces {
        assert_eq!(shown(interface(&word(text)), show), expected, "{text}");
    }
}
