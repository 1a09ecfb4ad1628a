//! What netfilter logs of a packet: that it got as far as the raw table, what it is to a filter
//! rule behind tracking, and why it is INVALID.

use std::io;

use keeptrack_core::Direction;

use super::message::{Attributes, Kind, Request};
use super::settings::Settings;
use super::socket::Socket;
use crate::told::Verdict;

/// Requests to NFLOG.
const CONFIG: u16 = 4 << 8 | 1;
/// A packet that is logged.
const PACKET: u16 = 4 << 8;
/// `NLM_F_REQUEST | NLM_F_ACK`.
const ACKNOWLEDGED: u16 = 1 | 4;

/// The kernel's own words.
const WORDS: u16 = 0;
/// Before the raw table.
const BEFORE: u16 = 1;
/// Behind tracking, marked with state and direction.
const BEHIND: u16 = 2;
/// Behind tracking, marked with the zone.
const ZONE: u16 = 3;

/// The bit of the mark that says that the packet goes against the first one.
const REPLY: u32 = 0x100;
/// How much of a packet is copied: all that an attribute can hold, for its extension headers may be
/// as long.
const COPIED_LEN: u32 = 0xffff - 4;

/// `rules` of the chains that log.
const CHAINS: &str = "
table inet keeptrack_asks {
  chain before {
    type filter hook prerouting priority -301; policy accept
    log group 1
  }
  chain behind {
    type filter hook prerouting priority -150; policy accept
    meta mark set ct state map {
      invalid : 1, established : 2, related : 4, new : 8, untracked : 64
    }
    ct direction reply meta mark set mark or 0x100
    log group 2
    ZONE
  }
}
";

/// Hears what is logged.
pub(super) struct Log {
    socket: Socket,
}

/// What was logged of one packet.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// It got as far as the raw table.
    pub(super) is_before: bool,
    /// Its mark behind tracking.
    mark: Option<u32>,
    /// The zone of its connection, where rules make any.
    pub(super) zone: u16,
    /// The packet as tracking saw it: what was reassembled, where it completed that.
    pub(super) packet: Vec<u8>,
    /// Why it is INVALID.
    pub(super) words: Option<String>,
}

impl Log {
    /// The rules that log; the zone takes one of its own, which only zones are worth.
    pub(super) fn rules(settings: &Settings) -> String {
        let zone = if settings.has_rules() { "meta mark set ct zone log group 3" } else { "" };
        CHAINS.replace("ZONE", zone)
    }

    /// Has the reasons of INVALID logged, by `set`, which sets a sysctl of netfilter.
    pub(super) fn turn_on(set: impl Fn(&str, &str) -> Result<(), String>) -> Result<(), String> {
        set("nf_conntrack_log_invalid", "255")?;
        for family in ["2", "10"] {
            set(&format!("nf_log/{family}"), "nfnetlink_log")?;
        }
        Ok(())
    }

    /// Begins to hear.
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = Socket::open(0)?;
        for group in [WORDS, BEFORE, BEHIND, ZONE] {
            let copied_len = if group == BEHIND { COPIED_LEN } else { 0 };
            let [a, b, c, d] = copied_len.to_be_bytes();
            let config = || Request::new(Kind { word: CONFIG, flags: ACKNOWLEDGED }, 0, group);
            // Bind, how much to copy of each packet, and to wait for no second one.
            socket.ask(config().with(1, &[1]))?;
            let copies = 1 + u8::from(copied_len > 0);
            socket.ask(config().with(2, &[a, b, c, d, copies, 0]))?;
            socket.ask(config().with(5, &1_u32.to_be_bytes()))?;
        }
        Ok(Self { socket })
    }

    /// What was logged since it was last asked.
    pub(super) fn heard(&mut self, logged: &mut Logged) -> io::Result<()> {
        logged.reset();
        self.socket.heard(|message| {
            if message.word == PACKET {
                logged.hear(message.resource, message.attributes);
            }
        })
    }
}

impl Logged {
    /// What the packet is to a filter rule, and its direction; `None` when it did not get behind
    /// tracking.
    pub(super) fn verdict(&self) -> Option<(Verdict, Direction)> {
        let mark = self.mark?;
        let verdict = match mark & 0xff {
            1 => Verdict::Invalid,
            2 => Verdict::Established,
            4 => Verdict::Related,
            8 => Verdict::New,
            _ => Verdict::Untracked,
        };
        let dir = if mark & REPLY == 0 { Direction::Original } else { Direction::Reply };
        Some((verdict, dir))
    }

    fn hear(&mut self, group: u16, attributes: Attributes<'_>) {
        match group {
            BEFORE => self.is_before = true,
            BEHIND => {
                self.mark = Some(attributes.word(2).unwrap_or(0));
                self.packet.extend(attributes.find(9).unwrap_or(&[]));
            }
            ZONE => {
                let zone = attributes.word(2).unwrap_or(0);
                self.zone = u16::try_from(zone).unwrap_or(0);
            }
            _ => {
                let words = attributes.find(10).unwrap_or(&[]);
                let words = String::from_utf8_lossy(words);
                self.words = Some(words.trim_matches(['\0', ' ', '\n']).to_owned());
            }
        }
    }

    fn reset(&mut self) {
        self.is_before = false;
        self.mark = None;
        self.zone = 0;
        self.packet.clear();
        self.words = None;
    }
}
