//! A full table of a stated content, and newcomers that come at a stated rate.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;

use tempfile::TempDir;

use super::lines::{self, text};

/// Whom all entries of the table, and the newcomers, speak to.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// How many ports of an address speak; they begin at [`FIRST_PORT`].
const PORTS: usize = 50_000;
const FIRST_PORT: u16 = 1024;
/// The second byte of the addresses of newcomers; those in the table have less.
const NEWCOMERS: u8 = 128;

/// What is in the table, in the order in which it came: a full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Unanswered, of UDP.
    pub unreplied: usize,
    /// ASSURED, of UDP.
    pub assured: usize,
    /// ASSURED, of TCP in TIME_WAIT.
    pub closing: usize,
}

/// How many newcomers come, and how many a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How many in all.
    pub count: usize,
    /// How many a second, one after the other.
    pub a_second: usize,
}

/// A kernel of 250 jiffies a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// How many buckets it has.
    pub buckets: usize,
    /// What stands for the key of its hash.
    pub seed: u64,
    /// When its collector comes first, in seconds after the first newcomer.
    pub first_run_s: u64,
}

/// A full table and its newcomers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// What is in it.
    pub content: Content,
    /// Who comes.
    pub offer: Offer,
    /// Whose table it is.
    pub setting: Setting,
}

/// What became of a crowd.
#[derive(Debug, Default)]
pub struct Fate {
    /// Of each newcomer, whether it got in.
    pub admitted: Vec<bool>,
    /// How many were dropped for newcomers.
    pub early_drop: usize,
    /// How many that lived the collector has taken.
    pub collected: usize,
    /// The numbers of those that are left, in the order in which they came.
    pub survivors: Vec<usize>,
}

impl Content {
    /// The entries, which are as many as there may be.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.unreplied + self.assured + self.closing
    }

    /// The table as conntrack lists it, and each entry with ten minutes left.
    fn listed(&self) -> String {
        let mut listed = String::new();
        for number in 0..self.count() {
            let (address, port) = speaker(number, 0);
            let there = |dport| format!("src={address} dst={SERVER} sport={port} dport={dport}");
            let back = |sport| format!("src={SERVER} dst={address} sport={sport} dport={port}");
            let (dport, head, unreplied, assured) = if number < self.unreplied {
                (53, "udp 17 600", "[UNREPLIED] ", "")
            } else if number < self.unreplied + self.assured {
                (53, "udp 17 600", "", " [ASSURED]")
            } else {
                (80, "tcp 6 600 TIME_WAIT", "", " [ASSURED]")
            };
            let (there, back) = (there(dport), back(dport));
            // A `String` takes everything.
            let _ = writeln!(listed, "{head} {there} {unreplied}{back}{assured} mark=0 use=1");
        }
        listed
    }
}

impl Offer {
    /// The newcomers: UDP, each from a port of its own.
    fn pcap(&self) -> Vec<u8> {
        const RAW: u32 = 101;
        let mut bytes =
            [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, RAW].map(u32::to_le_bytes).concat();
        for number in 0..self.count {
            let micros = number as u64 * 1_000_000 / self.a_second as u64;
            let (whole, fraction) = (1_700_000_000 + micros / 1_000_000, micros % 1_000_000);
            let packet = datagram(number);
            let len = packet.len() as u64;
            for word in [whole, fraction, len, len] {
                bytes.extend(u32::try_from(word).unwrap_or(u32::MAX).to_le_bytes());
            }
            bytes.extend(packet);
        }
        bytes
    }
}

impl Crowd {
    /// What is forecast to become of it after so many seconds, or when the last newcomer has come.
    ///
    /// # Errors
    /// When it cannot be replayed.
    pub fn forecast(&self, until_s: Option<u64>) -> Result<Fate, String> {
        let fault = |error: std::io::Error| error.to_string();
        let folder = TempDir::new().map_err(fault)?;
        let [table, capture] = ["table", "newcomers.pcap"].map(|name| folder.path().join(name));
        fs::write(&table, self.content.listed()).map_err(fault)?;
        fs::write(&capture, self.offer.pcap()).map_err(fault)?;
        let Setting { buckets, seed, first_run_s } = self.setting;
        let policy = format!("linux:buckets={buckets},hz=250,gc={first_run_s},seed={seed}");
        let max = self.content.count().to_string();
        let until = until_s.map(|until_s| format!("--until=+{until_s}s"));
        let [table, capture] = [&table, &capture].map(|file| file.to_string_lossy());
        let mut words =
            vec![&*capture, "--seed-table", &table, "--max", &max, "--on-full", &policy];
        words.extend(["--config=nf_conntrack_checksum=0", "--config=nf_conntrack_udp_timeout=600"]);
        words.extend(until.as_deref());
        let written = lines::replay(&words)?;
        let by = |rule: &str| {
            written.evicted.iter().filter(|line| text(line, "rule").starts_with(rule)).count()
        };
        Ok(Fate {
            admitted: written.packets.iter().map(|packet| text(packet, "v") == "new").collect(),
            early_drop: by("in the newcomer's"),
            collected: by("collector"),
            survivors: written.table.lines().filter_map(|line| self.number(line)).collect(),
        })
    }

    /// Which entry or newcomer a listed line is of.
    fn number(&self, line: &str) -> Option<usize> {
        let word = |name| line.split_whitespace().find_map(|word: &str| word.strip_prefix(name));
        let address: Ipv4Addr = word("src=")?.parse().ok()?;
        let port: u16 = word("sport=")?.parse().ok()?;
        let [_, second, third, _] = address.octets();
        let before = if second < NEWCOMERS { 0 } else { self.content.count() };
        let place = usize::from(second % NEWCOMERS) << 8 | usize::from(third);
        Some(before + place * PORTS + usize::from(port.checked_sub(FIRST_PORT)?))
    }
}

impl Fate {
    /// How many newcomers got in.
    #[must_use]
    pub fn admitted_count(&self) -> usize {
        self.admitted.iter().filter(|is_in| **is_in).count()
    }
}

/// A newcomer's packet: 20 bytes of IPv4, 8 of UDP.
pub(super) fn datagram(number: usize) -> Vec<u8> {
    let (address, port) = speaker(number, NEWCOMERS);
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(address.octets());
    packet.extend(SERVER.octets());
    packet.extend([port.to_be_bytes(), 53_u16.to_be_bytes(), [0, 8], [0, 0]].concat());
    packet
}

/// Who speaks: every entry has an address and a port of its own.
pub(super) fn speaker(number: usize, second: u8) -> (Ipv4Addr, u16) {
    let [.., high, low] = (number / PORTS).to_be_bytes();
    let port = u16::try_from(number % PORTS).unwrap_or(0) + FIRST_PORT;
    (Ipv4Addr::new(10, second + high, low, 1), port)
}
