//! A network namespace with two ports, in which the real programs install rules and the kernel says
//! what it does not track.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use super::cases::IPSETS;
use super::packets::Packet;

/// Notes, behind tracking, the packets that are not tracked and those of a zone.
const ASKED: &str = "table ip asked {
    set found { typeof ip id; flags dynamic; size 1024; }
    set passed { typeof ip id; flags dynamic; size 1024; }
    chain note {
        add @passed { ip id }
        ct state untracked add @found { ip id }
        ct zone != 0 add @found { ip id }
    }
    chain arrives { type filter hook prerouting priority -150; jump note; }
    chain leaves { type filter hook output priority -150; jump note; }
}
";

/// The namespace of this thread.
pub(super) struct World {
    ports: [SyncDevice; 2],
    raw: OwnedFd,
}

impl World {
    /// Moves this thread into a new namespace.
    pub(super) fn new() -> Result<Self, String> {
        unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("no network namespace can be made: {error}"))?;
        fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap_or_default();
        let ports = [port("eth0")?, port("eth1")?];
        shell(
            "ip link set lo up; ip address add 192.0.2.1/24 dev eth0; ip route add default dev eth0",
        )?;
        let fault = |error| format!("no raw socket: {error}");
        let protocol = SockProtocol::Raw;
        let raw = socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), protocol);
        piped("ipset", &["restore"], IPSETS)?;
        Ok(Self { ports, raw: raw.map_err(fault)? })
    }

    /// The packets that the kernel does not track, or puts into a zone, by their numbers, when it
    /// has those rules: a script of iptables' commands, or a ruleset.
    pub(super) fn asked(
        &mut self,
        rules: Rules<'_>,
        packets: &[Packet],
    ) -> Result<Vec<usize>, String> {
        piped("nft", &["-f", "-"], "flush ruleset")?;
        match rules {
            // A script may go on behind what fails in it.
            Rules::Commands(script) => drop(shell(script)),
            Rules::Nft(ruleset) => drop(piped("nft", &["-f", "-"], ruleset)?),
        }
        piped("nft", &["-f", "-"], ASKED)?;
        for packet in packets {
            self.send(packet).map_err(|error| format!("{}: {error}", packet.name))?;
        }
        let passed = numbers(&piped("nft", &["list", "set", "ip", "asked", "passed"], "")?);
        if passed.len() < packets.len() {
            return Err(format!("only the packets {passed:?} came to tracking"));
        }
        Ok(numbers(&piped("nft", &["list", "set", "ip", "asked", "found"], "")?))
    }

    fn send(&self, packet: &Packet) -> Result<(), String> {
        let to: [u8; 4] =
            packet.ip.get(16..20).and_then(|to| to.try_into().ok()).unwrap_or_default();
        if !packet.arrives {
            let to = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::from(to), 0));
            let sent = sendto(self.raw.as_raw_fd(), &packet.ip, &to, MsgFlags::empty());
            return sent.map(drop).map_err(|error| error.to_string());
        }
        let [first, second] = &self.ports;
        let (port, last) = if packet.interface == 2 { (first, 0) } else { (second, 1) };
        let link: [u8; 6] = match to {
            [224..=239, _, c, d] => [1, 0, 0x5e, 0, c, d],
            [255, ..] => [0xff; 6],
            _ => [2, 0, 0, 0, 0, last],
        };
        let frame = [&link[..], &[2, 0, 0, 0, 1, last, 8, 0], &packet.ip].concat();
        port.send(&frame).map(drop).map_err(|error| error.to_string())
    }
}

/// Rules as one of the programs takes them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rules<'r> {
    /// Commands of iptables, as a shell reads them.
    Commands(&'r str),
    /// A ruleset.
    Nft(&'r str),
}

fn port(name: &str) -> Result<SyncDevice, String> {
    let built = DeviceBuilder::new().name(name).layer(Layer::L2).build_sync();
    let port = built.map_err(|error| format!("/dev/net/tun: {error}"))?;
    let last = if name == "eth0" { 0 } else { 1 };
    shell(&format!("ip link set {name} address 02:00:00:00:00:0{last} up"))?;
    Ok(port)
}

fn shell(script: &str) -> Result<String, String> {
    ran(Command::new("sh").args(["-c", script]), "sh")
}

fn piped(program: &str, words: &[&str], stdin: &str) -> Result<String, String> {
    let file = tempfile::tempfile().and_then(|mut file| {
        use std::io::{Seek, Write};
        file.write_all(stdin.as_bytes())?;
        file.rewind()?;
        Ok(file)
    });
    ran(Command::new(program).args(words).stdin(file.map_err(|error| error.to_string())?), program)
}

fn ran(command: &mut Command, program: &str) -> Result<String, String> {
    let ended = command.output().map_err(|error| format!("{program}: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !ended.status.success() {
        return Err(format!("{program}: {}", said(&ended.stderr)));
    }
    Ok(said(&ended.stdout))
}

/// The elements of a set as nft lists it.
fn numbers(listed: &str) -> Vec<usize> {
    let elements = listed.split_once("elements = {").map_or("", |(_, elements)| elements);
    let words = elements.split(|c: char| !c.is_ascii_digit());
    let mut numbers: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}
