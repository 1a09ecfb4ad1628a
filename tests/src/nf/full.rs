//! A full table of the running kernel's: filled by ctnetlink, in a network namespace of its own.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;

use keeptrack_core::Tuple;
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};

use super::entry::{self, ASSURED, SEEN_REPLY, attribute};
use super::message::{Kind, Request};
use super::namespace::{number, run};
use super::socket::Socket;

/// ctnetlink: an entry is made.
const NEW: u16 = 1 << 8;
/// ctnetlink: what each processor has counted.
const STATS: u16 = 1 << 8 | 4;
/// `NLM_F_REQUEST`, with `NLM_F_CREATE` and `NLM_F_EXCL`; `NLM_F_ACK`; `NLM_F_DUMP`.
const REQUEST: u16 = 1;
const CREATE: u16 = REQUEST | 0x600;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;
/// The numbers of two counters among those of a processor.
const DROP: u16 = 10;
const EARLY_DROP: u16 = 11;
/// The bit of an entry that is in the table.
const CONFIRMED: u32 = 1 << 3;
/// The seconds that the entries have.
const LEFT_S: u32 = 600;
/// Packets that leave are tracked; none arrives, so that nobody answers.
const RULES: &str = "table ip full {
    chain leave { type filter hook output priority 0; ct state new accept; }
    chain arrive { type filter hook prerouting priority -350; drop; }
}";

/// An entry to be made.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// The tuple of its first packet, of UDP.
    pub tuple: Tuple,
    /// Whether it is ASSURED or nobody has answered.
    pub is_assured: bool,
}

/// How large the running kernel's table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Entries of each namespace, at the most.
    pub max: usize,
    /// Buckets of all together.
    pub buckets: usize,
}

/// What became of the newcomers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many got in.
    pub admitted: usize,
    /// As the kernel counts them.
    pub drop: usize,
    /// As the kernel counts them.
    pub early_drop: usize,
}

impl Size {
    /// The running kernel's.
    ///
    /// # Errors
    /// When it tells none.
    pub fn running() -> Result<Self, String> {
        Ok(Self { max: number("nf_conntrack_max")?, buckets: number("nf_conntrack_buckets")? })
    }
}

/// Fills a table, sends the newcomers, packets of IPv4, and tells what became of them. Nothing of
/// it stays.
///
/// # Errors
/// When this process may not, when something is missing, or when the table is not as full as that;
/// with what.
pub fn fill(
    entries: impl Iterator<Item = Made> + Send,
    newcomers: impl Iterator<Item = Vec<u8>> + Send,
) -> Result<Counted, String> {
    thread::scope(|scope| {
        let measured = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)
                .map_err(|error| format!("no network namespace can be made: {error}"))?;
            run("ip", &["link", "set", "lo", "up"], "")?;
            run("nft", &["-f", "-"], RULES)?;
            let fault = |error: io::Error| format!("netlink: {error}");
            let mut ctnetlink = Socket::open(0).map_err(fault)?;
            let made = make(&mut ctnetlink, entries)?;
            let count = number("nf_conntrack_count")?;
            if count != made {
                return Err(format!("{count} entries are in the table and not {made}"));
            }
            let admitted = send(newcomers)?;
            let mut counted = Counted { admitted, ..Counted::default() };
            stats(&mut ctnetlink, &mut counted).map_err(fault)?;
            Ok(counted)
        });
        measured.join().unwrap_or_else(|_| Err("the thread that fills a table died".into()))
    })
}

/// Makes entries in an empty table, and tells how many of them find their chains too long. Nothing of
/// it stays.
///
/// # Errors
/// When this process may not, or when an entry is refused for another reason; with what.
pub fn refused(entries: impl Iterator<Item = Made> + Send) -> Result<usize, String> {
    thread::scope(|scope| {
        let counted = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)
                .map_err(|error| format!("no network namespace can be made: {error}"))?;
            let mut ctnetlink = Socket::open(0).map_err(|error| format!("netlink: {error}"))?;
            let mut count = 0;
            for entry in entries {
                match ctnetlink.ask(request(&entry)) {
                    Err(error) if error.raw_os_error() == Some(Errno::ENOSPC as i32) => count += 1,
                    made => {
                        made.map_err(|error| format!("an entry cannot be made: {error}"))?;
                    }
                }
            }
            Ok(count)
        });
        counted.join().unwrap_or_else(|_| Err("the thread that fills a table died".into()))
    })
}

/// Makes the entries, and answers how many there are.
fn make(ctnetlink: &mut Socket, entries: impl Iterator<Item = Made>) -> Result<usize, String> {
    let mut count = 0;
    for entry in entries {
        // Each request is answered before the next one is sent, so that none is lost.
        let made = ctnetlink.ask(request(&entry));
        made.map_err(|error| format!("entry {count} cannot be made: {error}"))?;
        count += 1;
    }
    Ok(count)
}

fn request(entry: &Made) -> Request {
    let status = CONFIRMED | if entry.is_assured { SEEN_REPLY | ASSURED } else { 0 };
    let [there, back] = [entry.tuple, entry.tuple.invert()].map(|t| entry::tuple_attributes(&t));
    let kind = Kind { word: NEW, flags: CREATE | ACK };
    Request::new(kind, entry::family(&entry.tuple), 0)
        .with_nested(attribute::TUPLE, &there)
        .with_nested(attribute::TUPLE + 1, &back)
        .with(attribute::STATUS, &status.to_be_bytes())
        .with(attribute::TIMEOUT, &LEFT_S.to_be_bytes())
}

/// Sends packets, and answers how many were let through.
fn send(packets: impl Iterator<Item = Vec<u8>>) -> Result<usize, String> {
    let fault = |error: Errno| format!("a raw socket: {error}");
    let flags = SockFlag::SOCK_CLOEXEC;
    let raw: OwnedFd =
        socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Raw).map_err(fault)?;
    // The packets tell where they go; the way there is the loopback.
    let near = SockaddrIn::from(SocketAddrV4::new([127, 0, 0, 1].into(), 0));
    let mut admitted = 0;
    for packet in packets {
        match sendto(raw.as_raw_fd(), &packet, &near, MsgFlags::empty()) {
            Ok(_) => admitted += 1,
            // Tracking dropped it.
            Err(Errno::EPERM) => {}
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(admitted)
}

/// Adds up what the processors have counted.
fn stats(ctnetlink: &mut Socket, counted: &mut Counted) -> io::Result<()> {
    let kind = Kind { word: STATS, flags: REQUEST | DUMP };
    ctnetlink.dump(Request::new(kind, 0, 0), |message| {
        let of = |number| message.attributes.word(number).unwrap_or(0) as usize;
        counted.drop += of(DROP);
        counted.early_drop += of(EARLY_DROP);
    })
}
