//! A network namespace of its own: a bridge between two taps, whose frames netfilter sees.
//!
//! It belongs to one thread, which ends when all is made; the taps keep it until they are closed.
//! Whatever becomes of this process, nothing of it stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use nix::sched::{CloneFlags, unshare};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use super::conntrack::Sockets;
use super::log::Log;
use super::settings::Settings;
use super::socket::Socket;

/// Where the sysctls of netfilter are.
pub(crate) const SYSCTLS: &str = "/proc/sys/net/netfilter";
/// The largest packet that a tap takes.
const MTU: u16 = 65521;
/// Events of ctnetlink that are heard of: births and deaths.
const NEW_OR_DESTROY: u32 = 1 | 1 << 2;

/// What is open in the namespace.
pub(super) struct Namespace {
    /// The tap that frames are written to.
    pub(super) near: SyncDevice,
    /// The tap that they are bridged to. Nobody reads it: what it has no room for is dropped, long
    /// after tracking.
    _far: SyncDevice,
    /// Hears of every packet at the hooks.
    pub(super) log: Log,
    /// The sysctls of tracking: name and value.
    pub(super) sysctls: BTreeMap<String, u32>,
}

impl Namespace {
    /// Makes one, and sockets to its ctnetlink.
    ///
    /// # Errors
    /// When this process may not, or something is missing; with what.
    pub(super) fn new(settings: &Settings) -> Result<(Self, Sockets), String> {
        thread::scope(|scope| {
            let made = scope.spawn(|| {
                unshare(CloneFlags::CLONE_NEWNET)
                    .map_err(|error| format!("no network namespace can be made: {error}"))?;
                inside(settings)
            });
            made.join().unwrap_or_else(|_| Err("the thread that makes a namespace died".into()))
        })
    }
}

fn inside(settings: &Settings) -> Result<(Namespace, Sockets), String> {
    // Nobody here is to send neighbour discovery of his own.
    for which in ["all", "default"] {
        let file = format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6");
        // A kernel without IPv6 has nothing to switch off.
        let _ = fs::write(file, "1");
    }
    let [near, far] = ["near", "far"].map(tap);
    let (near, far) = (near?, far?);
    run("ip", &["link", "add", "bridge", "type", "bridge", "mcast_snooping", "0"], "")?;
    for tap in ["near", "far"] {
        run("ip", &["link", "set", tap, "master", "bridge"], "")?;
        run("ip", &["link", "set", tap, "up"], "")?;
    }
    run("ip", &["link", "set", "bridge", "up"], "")?;
    for family in ["iptables", "ip6tables"] {
        let name = format!("/proc/sys/net/bridge/bridge-nf-call-{family}");
        set(&name, "1").map_err(|error| format!("{error}; load it: modprobe br_netfilter"))?;
    }
    if !settings.iptables.is_empty() {
        run("iptables-restore", &[], &settings.iptables)?;
    }
    if !settings.ip6tables.is_empty() {
        run("ip6tables-restore", &[], &settings.ip6tables)?;
    }
    if !settings.nft.is_empty() {
        run("nft", &["-f", "-"], &settings.nft)?;
    }
    run("nft", &["-f", "-"], &Log::rules(settings))?;
    for (name, value) in settings.all_sysctls() {
        set(&format!("{SYSCTLS}/{name}"), &value.to_string())?;
    }
    Log::turn_on(|name, value| set(&format!("{SYSCTLS}/{name}"), value))?;
    let opened = |socket: io::Result<_>| socket.map_err(|error| format!("netlink: {error}"));
    let sockets =
        Sockets { asking: opened(Socket::open(0))?, events: opened(Socket::open(NEW_OR_DESTROY))? };
    let log = Log::open().map_err(|error| format!("NFLOG: {error}"))?;
    let sysctls = sysctls().map_err(|error| format!("{SYSCTLS}: {error}"))?;
    Ok((Namespace { near, _far: far, log, sysctls }, sockets))
}

fn tap(name: &str) -> Result<SyncDevice, String> {
    let built = DeviceBuilder::new().name(name).layer(Layer::L2).mtu(MTU).build_sync();
    let fault = |error| format!("/dev/net/tun: {error}");
    let tap = built.map_err(fault)?;
    tap.set_nonblocking(true).map_err(fault)?;
    Ok(tap)
}

pub(crate) fn set(file: &str, value: &str) -> Result<(), String> {
    fs::write(file, value).map_err(|error| format!("{file} cannot be set to {value}: {error}"))
}

/// The number that a sysctl of tracking has in this thread's namespace.
pub(crate) fn number(name: &str) -> Result<usize, String> {
    let file = format!("{SYSCTLS}/{name}");
    let read = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    read.trim().parse().map_err(|_| format!("{file} holds no number"))
}

/// Runs a program with that at its stdin, in this thread's namespace.
pub(crate) fn run(program: &str, words: &[&str], stdin: &str) -> Result<(), String> {
    let fault = |what: &dyn ToString| format!("{program}: {}", what.to_string());
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| fault(&error))?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that ends before it has read all tells why by its exit code.
        let _ = pipe.write_all(stdin.as_bytes());
    }
    let ended = child.wait_with_output().map_err(|error| fault(&error))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(fault(&String::from_utf8_lossy(&ended.stderr).trim()))
}

/// The sysctls that tracking heeds; how many entries there are is none.
pub(crate) fn sysctls() -> io::Result<BTreeMap<String, u32>> {
    let mut sysctls = BTreeMap::new();
    for file in fs::read_dir(SYSCTLS)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.starts_with("nf_conntrack_") || name == "nf_conntrack_count" {
            continue;
        }
        if let Ok(value) = fs::read_to_string(file.path())?.trim().parse() {
            sysctls.insert(name, value);
        }
    }
    Ok(sysctls)
}
