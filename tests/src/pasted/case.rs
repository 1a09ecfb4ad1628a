//! Changes of every kind, and what is known beside them.

use std::net::IpAddr;

use keeptrack::advise::change::{Change, Class, Role, Target};
use keeptrack::advise::paste::{Known, Paste, Script, Servers, Tool, paste};
use keeptrack_core::{Protocol, Timeout};

const PORTED: [Protocol; 4] = [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::UDPLITE];
const ROLES: [Role; 3] = [Role::Server, Role::Client, Role::Through];
/// That of every service here.
pub(super) const PORT: u16 = 53;

/// Some changes that are made at once.
#[derive(Debug, Clone)]
pub struct Case {
    /// What they are.
    pub name: String,
    pub(super) changes: Vec<Change>,
    known: Known,
}

/// Each change of rules alone, one with a setting, and all of them together.
#[must_use]
pub fn cases() -> Vec<Case> {
    let [v4, v6]: [IpAddr; 2] = [[10, 8, 0, 0].into(), [0x2001, 0xdb8, 8, 0, 0, 0, 0, 0].into()];
    let networks = [(v4, 13), (v6, 46)].into_iter();
    let prefixes = networks.clone().map(|(address, len)| Class::Prefix { address, len });
    let withins = networks.map(|(address, len)| Class::Within { address, len });
    let echos = [Protocol::ICMP, Protocol::ICMPV6].map(|protocol| Class::Echo { protocol });
    let services = PORTED
        .into_iter()
        .flat_map(|protocol| ROLES.map(|role| Class::Service { protocol, port: PORT, role }));
    let classes = services.chain(prefixes).chain(withins).chain(echos).chain([Class::Loopback]);
    let changes: Vec<Change> = classes.map(Change::NoTrack).collect();
    let all = Case::new("all".to_owned(), changes.clone(), Known::default());
    let timeout = Change::Timeout { timeout: Timeout::Udp, from: 30, to: 10 };
    let both = vec![Change::NoTrack(Class::Loopback), timeout];
    let both = Case::new("loopback and a timeout".to_owned(), both, Known::default());
    let each = changes.into_iter().flat_map(|change| {
        let name = format!("{change:?}");
        // Of the others it makes no difference whom anybody asks.
        let is_service = matches!(change, Change::NoTrack(Class::Service { .. }));
        let unknown = Case::new(name.clone(), vec![change.clone()], Known::default());
        let known = Case::new(format!("{name}, servers known"), vec![change], asked());
        [Some(unknown).filter(|_| is_service), Some(known)].into_iter().flatten()
    });
    each.chain([both, all]).collect()
}

/// Whom the hosts ask.
fn asked() -> Known {
    let addresses = vec![[192, 0, 2, 53].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x53].into()];
    let servers = |protocol| Servers { protocol, port: PORT, addresses: addresses.clone() };
    Known { servers: PORTED.map(servers).into(), ..Known::default() }
}

impl Case {
    pub(super) const fn new(name: String, changes: Vec<Change>, known: Known) -> Self {
        Self { name, changes, known }
    }

    pub(super) fn paste(&self, target: Target) -> Paste {
        paste(&self.changes, target, &self.known)
    }
}

/// The script of those that is for that tool, as it is printed: nothing of the other ones is in it.
pub(super) fn shown(scripts: &[Script<'_>], tool: Tool) -> String {
    let of_tool = scripts.iter().find(|script| script.tool == Some(tool));
    // What is of no tool is for all of them.
    of_tool.or_else(|| scripts.first()).map(ToString::to_string).unwrap_or_default()
}
