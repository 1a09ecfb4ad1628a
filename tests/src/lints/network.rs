//! Three hosts, each a network namespace: one inside, the host whose rules are tried, one outside.
//!
//! They belong to whoever holds them open, and go with this process, whatever becomes of it.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::process;

use nix::sched::{CloneFlags, setns, unshare};

use crate::nf::listing::Listing;
use crate::nf::namespace::{run, set};

/// The host's own address inside.
pub(super) const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// The same of IPv6.
pub(super) const HOST_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1));
/// The host's own address outside.
pub(super) const HOST_OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
/// Who is outside, and knows of nobody inside.
pub(super) const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2));
/// The same, who does by IPv6.
pub(super) const OUTSIDE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd01, 0, 0, 0, 0, 0, 0, 2));
/// The host to itself.
pub(super) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The addresses on each cable: the host's, and that of whoever is at its other end.
const NEAR: &str = "02:00:00:00:00:01";
const FAR: &str = "02:00:00:00:00:02";

/// A chain that asks for states makes the kernel track, as any firewall does.
const TRACKS: &str = "table inet tracks { chain input {
    type filter hook input priority 300; ct state invalid counter;
    }
}";

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Inside,
    Host,
    Outside,
}

/// The three namespaces.
pub(super) struct Network {
    inside: File,
    host: File,
    outside: File,
}

impl Network {
    /// Makes them. This thread is at the host.
    pub(super) fn new() -> Result<Self, String> {
        let (inside, outside, host) = (namespace()?, namespace()?, namespace()?);
        let network = Self { inside, host, outside };
        let of = |file: &File| format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd());
        let (inside, outside) = (of(&network.inside), of(&network.outside));
        ip(&format!(
            "link add lan0 address {NEAR} type veth peer name eth0 address {FAR} netns {inside}"
        ))?;
        ip(&format!(
            "link add wan0 address {NEAR} type veth peer name eth0 address {FAR} netns {outside}"
        ))?;
        let addresses: [(Place, &[&str]); 3] = [
            (Place::Inside, &["10.0.0.2/24 dev eth0", "fd00::2/64 dev eth0 nodad"]),
            (Place::Outside, &["198.51.100.2/24 dev eth0", "fd01::2/64 dev eth0 nodad"]),
            (
                Place::Host,
                &[
                    "10.0.0.1/24 dev lan0",
                    "fd00::1/64 dev lan0 nodad",
                    "198.51.100.1/24 dev wan0",
                    "fd01::1/64 dev wan0 nodad",
                ],
            ),
        ];
        for (place, addresses) in addresses {
            network.enter(place)?;
            for words in addresses {
                ip(&format!("address add {words}"))?;
            }
            let links: &[&str] =
                if place == Place::Host { &["lo", "lan0", "wan0"] } else { &["lo", "eth0"] };
            links.iter().try_for_each(|link| ip(&format!("link set {link} up")))?;
        }
        network.enter(Place::Outside)?;
        ip("route add default via fd01::1")?;
        neighbour("fd01::1", NEAR, "eth0")?;
        network.enter(Place::Inside)?;
        ip("route add default via 10.0.0.1")?;
        ip("route add default via fd00::1")?;
        neighbour("fd00::1", NEAR, "eth0")?;
        network.enter(Place::Host)?;
        neighbour("fd00::2", FAR, "lan0")?;
        neighbour("fd01::2", FAR, "wan0")?;
        set("/proc/sys/net/ipv4/ip_forward", "1")?;
        set("/proc/sys/net/ipv6/conf/all/forwarding", "1")?;
        run("nft", &["-f", "-"], TRACKS)?;
        Ok(network)
    }

    /// Brings this thread there: the sockets that it opens and the programs that it starts are there.
    pub(super) fn enter(&self, place: Place) -> Result<(), String> {
        let namespace = match place {
            Place::Inside => &self.inside,
            Place::Host => &self.host,
            Place::Outside => &self.outside,
        };
        setns(namespace, CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("no way into a network namespace: {error}"))
    }

    /// Gives the host rules, by the program that the name of their file asks for.
    pub(super) fn load(&self, file: &str, text: &str) -> Result<(), String> {
        self.enter(Place::Host)?;
        match file.rsplit('.').next() {
            Some("v4") => run("iptables-restore", &[], text),
            Some("v6") => run("ip6tables-restore", &[], text),
            Some("nft") => run("nft", &["-f", "-"], text),
            _ => run("sh", &["-e"], text),
        }
    }

    /// How many entries the host's table has.
    pub(super) fn entry_count(&self) -> Result<usize, String> {
        self.enter(Place::Host)?;
        Ok(Listing::open()?.tuples()?.len())
    }
}

/// Makes one, and brings this thread there.
fn namespace() -> Result<File, String> {
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|error| format!("no network namespace can be made: {error}"))?;
    let name = "/proc/thread-self/ns/net";
    File::open(name).map_err(|error| format!("{name}: {error}"))
}

/// Tells of a neighbour by IPv6: who is looked for right after a link is up is found a second later.
fn neighbour(address: &str, link_address: &str, link: &str) -> Result<(), String> {
    ip(&format!("neigh replace {address} lladdr {link_address} dev {link}"))
}

fn ip(words: &str) -> Result<(), String> {
    run("ip", &words.split(' ').collect::<Vec<_>>(), "")
}
