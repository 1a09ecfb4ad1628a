//! Two network namespaces and a cable between them: the relay's, and that of all the others.
//!
//! They belong to whoever holds them open, and go with this process, whatever becomes of it.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::process;

use nix::sched::{CloneFlags, setns, unshare};

use super::flow::{Answer, Flow, Kind};
use super::plan::PACE;
use crate::nf::namespace::{SYSCTLS, run, set, sysctls};

/// The relay's addresses in the capture.
const RELAY_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 25);
const RELAY_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x25);
/// All other addresses are the world's, behind a router that is there, too.
const RELAY: [&str; 6] = [
    "link set lo up",
    "address add 192.0.2.25/24 dev eth0",
    "address add 2001:db8::25/64 dev eth0 nodad",
    "link set eth0 up",
    "route add default via 192.0.2.1",
    "route add default via 2001:db8::1",
];
const WORLD: [&str; 4] = [
    "link set lo up",
    "address add 192.0.2.1/24 dev eth0",
    "address add 2001:db8::1/64 dev eth0 nodad",
    "link set eth0 up",
];
/// A firewall, as distributions have it. A chain that asks for states makes the kernel track.
const FIREWALL: &str = "table inet filter {
    chain input { type filter hook input priority filter; ct state invalid counter
    }
    chain output { type filter hook output priority filter
    }
}";

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Relay,
    World,
}

/// The two namespaces.
pub(super) struct Pair {
    relay: File,
    world: File,
}

impl Place {
    /// Whose address it is.
    pub(super) fn of(address: IpAddr) -> Self {
        let is_relay = address == RELAY_V4 || address == RELAY_V6 || address.is_loopback();
        if is_relay { Self::Relay } else { Self::World }
    }
}

impl Pair {
    /// Makes them, with all addresses of the flows; nothing is tracked yet. This thread is in the
    /// relay's.
    ///
    /// # Errors
    /// When this process may not, or something is missing; with what.
    pub(super) fn new(flows: &[Flow]) -> Result<Self, String> {
        let world = namespace()?;
        let relay = namespace()?;
        let pair = Self { relay, world };
        let peer = format!("/proc/{}/fd/{}", process::id(), pair.world.as_raw_fd());
        ip(&format!("link add eth0 type veth peer name eth0 netns {peer}"))?;
        pair.enter(Place::World)?;
        WORLD.iter().try_for_each(|words| ip(words))?;
        pair.be_the_world(flows)?;
        pair.enter(Place::Relay)?;
        RELAY.iter().try_for_each(|words| ip(words))?;
        Ok(pair)
    }

    /// Brings this thread there: the sockets that it opens and the programs that it starts are there.
    pub(super) fn enter(&self, place: Place) -> Result<(), String> {
        let namespace = match place {
            Place::Relay => &self.relay,
            Place::World => &self.world,
        };
        setns(namespace, CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("no way into a network namespace: {error}"))
    }

    /// Has the relay's kernel track, with timeouts that are shorter by the pace; answers all settings
    /// as sysctl prints them.
    pub(super) fn track(&self) -> Result<String, String> {
        self.enter(Place::Relay)?;
        run("nft", &["-f", "-"], FIREWALL)?;
        let settings = || sysctls().map_err(|error| format!("{SYSCTLS}: {error}"));
        for (name, value) in settings()? {
            if name.contains("_timeout") {
                let value = (value / PACE).max(1);
                set(&format!("{SYSCTLS}/{name}"), &value.to_string())?;
            }
        }
        let is_wanted = |name: &str| !matches!(name, "nf_conntrack_max" | "nf_conntrack_buckets");
        let settings = settings()?.into_iter().filter(|(name, _)| is_wanted(name));
        Ok(settings.map(|(name, value)| format!("net.netfilter.{name} = {value}\n")).collect())
    }

    /// Gives the world the addresses of all that are not the relay, and has those ignore who comes
    /// that did.
    fn be_the_world(&self, flows: &[Flow]) -> Result<(), String> {
        let ends = flows.iter().flat_map(|flow| [flow.client.ip(), flow.server.ip()]);
        let mut addresses: Vec<_> = ends.filter(|end| Place::of(*end) == Place::World).collect();
        addresses.sort();
        addresses.dedup();
        let added = addresses.iter().map(|address| {
            let len = if address.is_ipv4() { 32 } else { 128 };
            format!("address add {address}/{len} dev eth0 nodad\n")
        });
        run("ip", &["-batch", "-"], &added.collect::<String>())?;
        set("/proc/sys/net/ipv4/ping_group_range", "0 0")?;
        run("nft", &["-f", "-"], &ignoring(flows))
    }
}

/// A firewall by which the servers of the world that ignore who comes do so.
fn ignoring(flows: &[Flow]) -> String {
    let ignores = |flow: &&Flow| flow.kind == Kind::Tcp && flow.answer == Answer::Ignores;
    let servers = flows.iter().filter(ignores).map(|flow| flow.server);
    let servers = servers.filter(|server| Place::of(server.ip()) == Place::World);
    let rule = |server: SocketAddr| {
        let family = if server.is_ipv4() { "ip" } else { "ip6" };
        format!("{family} daddr {} tcp dport {} drop\n", server.ip(), server.port())
    };
    let rules: String = servers.map(rule).collect();
    format!(
        "table inet faults {{ chain input {{ type filter hook input priority 0;\n{rules} }}\n}}"
    )
}

/// Makes one, and brings this thread there.
fn namespace() -> Result<File, String> {
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|error| format!("no network namespace can be made: {error}"))?;
    let name = "/proc/thread-self/ns/net";
    File::open(name).map_err(|error| format!("{name}: {error}"))
}

fn ip(words: &str) -> Result<(), String> {
    run("ip", &words.split(' ').collect::<Vec<_>>(), "")
}
