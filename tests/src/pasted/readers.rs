//! Do our readers decide alike of the lines for iptables and for nft, and as the class means it?

use std::net::IpAddr;

use keeptrack::advise::change::{Change, Class, Role, Target};
use keeptrack::advise::paste::{Known, Tool, rules};
use keeptrack_core::raw::{Raw, RawVerdict};
use keeptrack_core::{IfName, LinkType, Packet, Path, Protocol, Seen, TcpFlags, Timeout};

use super::case::{Case, PORT, cases, shown};
use super::outline::read;
use super::tools::of_own_table;
use crate::frames::{CLIENT, CLIENT6, SERVER, SERVER6, chunk, icmp_of, ip, query, sctp, tcp, udp};
use crate::host::{Failure, keeptrack};

/// Where a packet is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Arrives,
    Leaves,
    OnLoopback,
}

/// A packet, and what classes ask of it.
struct Sample {
    protocol: Protocol,
    ends: [IpAddr; 2],
    /// Of protocols that have them.
    ports: [u16; 2],
    /// The type of a message of ICMP.
    kind: u8,
    place: Place,
    bytes: Vec<u8>,
}

/// In the networks of the cases.
const INSIDE: [&str; 2] = ["10.9.1.1", "2001:db8:9::1"];
/// Echo requests, echo replies and errors.
const KINDS: [u8; 6] = [8, 0, 3, 128, 129, 1];

fn samples() -> Vec<Sample> {
    let inside = INSIDE.map(|text| -> IpAddr { text.parse().unwrap() });
    let pairs = [(CLIENT, SERVER, inside[0]), (CLIENT6, SERVER6, inside[1])];
    let ends = pairs.map(|(client, server, inside)| {
        [[client, server], [inside, server], [server, inside], [inside, inside]]
    });
    let mut samples = Vec::new();
    for ends in ends.into_iter().flatten() {
        for place in [Place::Arrives, Place::Leaves, Place::OnLoopback] {
            let mut add = |protocol: Protocol, ports, kind, body: &[u8]| {
                let bytes = ip(protocol, ends[0], ends[1], body);
                samples.push(Sample { protocol, ends, ports, kind, place, bytes });
            };
            for ports in [[PORT, 4000], [4000, PORT], [4000, 4001], [PORT, PORT]] {
                let [from, to] = ports;
                add(Protocol::TCP, ports, 0, &tcp((from, to), TcpFlags::SYN, (1, 0)));
                add(Protocol::UDP, ports, 0, &udp(from, to));
                add(Protocol::UDPLITE, ports, 0, &udp(from, to));
                add(Protocol::SCTP, ports, 0, &sctp((from, to), 0, &[chunk(1, 0, &[0; 16])]));
            }
            for kind in KINDS {
                add(icmp_of(ends[0]), [0; 2], kind, &query(kind, 0, 7));
            }
        }
    }
    samples
}

/// Whether that change is to leave it untracked, on a system that it is for.
fn means(change: &Change, sample: &Sample) -> bool {
    let &Sample { protocol, ends, ports: [from, to], kind, place, .. } = sample;
    let within = |address: IpAddr, len: u8, end: IpAddr| match (address, end) {
        (IpAddr::V4(net), IpAddr::V4(end)) => (net.to_bits() ^ end.to_bits()) >> (32 - len) == 0,
        (IpAddr::V6(net), IpAddr::V6(end)) => (net.to_bits() ^ end.to_bits()) >> (128 - len) == 0,
        _ => false,
    };
    let halves = |asked: (Protocol, u16), role| {
        let (asks, answers) = match role {
            Role::Server => (Place::Arrives, Place::Leaves),
            Role::Client => (Place::Leaves, Place::Arrives),
            Role::Through => (Place::Arrives, Place::Arrives),
        };
        let is_of = |port, at| asked == (protocol, port) && place == at;
        [is_of(to, asks), is_of(from, answers)]
    };
    match change {
        Change::NoTrack(Class::Loopback) => place == Place::OnLoopback,
        Change::NoTrack(_) if place == Place::OnLoopback => false,
        Change::NoTrack(class) => match *class {
            Class::Service { protocol, port, role } => {
                halves((protocol, port), role).contains(&true)
            }
            Class::Prefix { address, len } => ends.iter().any(|&end| within(address, len, end)),
            Class::Within { address, len } => ends.iter().all(|&end| within(address, len, end)),
            Class::Echo { protocol: asked } => {
                let kinds = if asked == Protocol::ICMP { [8, 0] } else { [128, 129] };
                asked == protocol && kinds.contains(&kind)
            }
            Class::Loopback => true,
        },
        _ => false,
    }
}

/// Which of the samples some rules leave untracked.
fn untracked(name: &str, text: &str, samples: &[Sample]) -> Vec<bool> {
    let mut set = read(&[(name, text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let [lo, other] = ["lo", "eth0"].map(|name| IfName::new(name.as_bytes()).unwrap());
    let verdicts = samples.iter().map(|sample| {
        let packet = Packet::parse(LinkType::Raw, &sample.bytes).unwrap();
        let sent = |name| Seen { path: Path::Local, input: None, output: Some(name) };
        let seen = match sample.place {
            Place::Arrives => Seen { path: Path::Arrives, input: Some(&other), output: None },
            Place::Leaves => sent(&other),
            Place::OnLoopback => sent(&lo),
        };
        set.classify(&packet.seen(seen)) == RawVerdict::NoTrack
    });
    verdicts.collect()
}

#[test]
fn the_lines_of_both_tools_leave_untracked_what_the_class_means() {
    let samples = samples();
    for case in cases() {
        let meant: Vec<bool> = samples
            .iter()
            .map(|sample| case.changes.iter().any(|change| means(change, sample)))
            .collect();
        let paste = case.paste(Target::Linux);
        let scripts = paste.scripts();
        for (tool, name) in [(Tool::Iptables, "pasted.sh"), (Tool::Nft, "pasted.nft")] {
            let left = untracked(name, &of_own_table(&shown(&scripts, tool)), &samples);
            assert_eq!(left, meant, "{tool:?} {}", case.name);
        }
        let commands = case.changes.iter().map(|change| rules(change, Target::Linux));
        let forecast = untracked("forecast.sh", &commands.collect::<String>(), &samples);
        assert_eq!(forecast, meant, "the forecast of {}", case.name);
        assert!(meant.contains(&true) && meant.contains(&false), "{}", case.name);
    }
}

#[test]
fn the_gateways_lines_compile() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("rules.v4"), "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n").unwrap();
    std::fs::write(path("sysctl.conf"), "keeptrack.fail = closed\n").unwrap();
    let settings = [
        Change::Timeout { timeout: Timeout::Udp, from: 30, to: 10 },
        Change::Size { max: 512, buckets: 512 },
        Change::OnFull("ranked:source=25%".parse().unwrap()),
    ];
    let settings = Case::new("settings".to_owned(), settings.into(), Known::default());
    let mut compiled_count = 0;
    for case in cases().into_iter().chain([settings]) {
        let paste = case.paste(Target::Keeptrack).paste;
        for block in &paste {
            if let Some(file) = block.file {
                std::fs::write(path(file), block.lines.join("\n")).unwrap();
            }
        }
        let Some(command) = paste.last().map(|block| block.lines.concat()) else { continue };
        let words = command.split(' ').skip(1);
        let words = words.map(|word| if word.contains('.') { path(word) } else { word.to_owned() });
        let words: Vec<String> = words.collect();
        let ran = keeptrack(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(ran.end.as_ref().err().map(Failure::shown), None, "{paste:?}");
        compiled_count += 1;
    }
    assert_eq!(compiled_count, cases().len(), "all but loopback, and the settings");
}
