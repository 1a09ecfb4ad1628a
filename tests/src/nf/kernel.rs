//! The running kernel as a [`Judge`]: one packet in, what it logged and holds out.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::conntrack::Conntrack;
use super::log::Logged;
use super::namespace::Namespace;
use super::packet;
use super::settings::Settings;
use crate::judge::{Judge, Row};
use crate::told::{Told, Verdict};

/// The head of a frame from one tap to the other, before the number of what it carries.
const FRAME_HEAD: [u8; 12] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
/// How often a new namespace is probed before it is given up, and how long is waited in between.
const PROBES: (u32, Duration) = (200, Duration::from_millis(10));
/// A datagram to the discard port of an address that is nobody's.
const PROBE: [u8; 28] = [
    0x45, 0, 0, 28, 0, 0, 0, 0, 1, 17, 0x35, 0xce, 192, 0, 2, 1, 192, 0, 2, 2, 0, 9, 0, 9, 0, 8, 0,
    0,
];

/// The kernel's tracking in a network namespace of its own.
pub struct Kernel {
    settings: Settings,
    namespace: Namespace,
    conntrack: Conntrack,
    /// Whether fragments may wait in the namespace.
    has_held: bool,
    frame: Vec<u8>,
    logged: Logged,
}

impl Kernel {
    /// The kernel under those settings.
    ///
    /// # Errors
    /// When it cannot be asked, with what is missing.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let (namespace, sockets) = Namespace::new(&settings)?;
        let conntrack = Conntrack::new(sockets, &namespace.sysctls, &settings.policies);
        let mut kernel = Self {
            settings,
            namespace,
            conntrack,
            has_held: false,
            frame: Vec::new(),
            logged: Logged::default(),
        };
        kernel.probe()?;
        Ok(kernel)
    }

    /// The sysctls of tracking, by name, and their values.
    #[must_use]
    pub const fn sysctls(&self) -> &BTreeMap<String, u32> {
        &self.namespace.sysctls
    }

    /// Waits until frames pass the bridge.
    fn probe(&mut self) -> Result<(), String> {
        let (count, pause) = PROBES;
        for _ in 0..count {
            self.write(&PROBE)?;
            if self.logged.verdict().is_some() {
                return self.clear();
            }
            thread::sleep(pause);
        }
        Err("frames do not pass the bridge, or nothing is logged of them".into())
    }

    /// Passes a packet, and takes note of what is logged of it.
    fn write(&mut self, ip: &[u8]) -> Result<(), String> {
        let carried: u16 = if packet::is_ipv6(ip) { 0x86dd } else { 0x0800 };
        self.frame.clear();
        self.frame.extend(FRAME_HEAD);
        self.frame.extend(carried.to_be_bytes());
        self.frame.extend(ip);
        // The tap has passed the frame on, through all hooks, when this returns.
        let written = self.namespace.near.send(&self.frame);
        written.map_err(|error| format!("{} bytes cannot be written: {error}", ip.len()))?;
        self.namespace.log.heard(&mut self.logged).map_err(|error| format!("NFLOG: {error}"))
    }

    /// What is told of a packet that did not get behind tracking.
    fn untold(&mut self, ip: &[u8]) -> Told {
        let verdict = match (self.logged.is_before, packet::is_fragment(ip)) {
            (true, _) => Verdict::Dropped,
            (false, true) => Verdict::Held,
            (false, false) => Verdict::Refused,
        };
        self.has_held |= verdict == Verdict::Held;
        Told { log: self.logged.words.take(), ..Told::only(verdict) }
    }
}

impl Judge for Kernel {
    fn pass(&mut self, time_ns: u64, ip: &[u8]) -> Result<Told, String> {
        self.conntrack.advance(time_ns)?;
        let parked = self.conntrack.show(ip)?;
        self.write(ip)?;
        let died = self.conntrack.hear()?;
        let Some((verdict, dir)) = self.logged.verdict() else {
            self.conntrack.park(&parked)?;
            return Ok(self.untold(ip));
        };
        let told = Told { log: self.logged.words.take(), ..Told::only(verdict) };
        let seen = &self.logged.packet;
        let told = Told {
            is_error: packet::is_error(seen),
            is_reassembled: packet::is_fragment(ip),
            ..told
        };
        if matches!(verdict, Verdict::Invalid | Verdict::Untracked) {
            return Ok(Told { timeout: self.conntrack.park(&parked)?, ..told });
        }
        let told = Told { dir: Some(dir), ..told };
        let Some(subject) = packet::subject(seen) else { return Ok(told) };
        let known = self.conntrack.settle(&subject, self.logged.zone, &parked)?;
        Ok(match known {
            Some(known) => Told {
                state: known.state,
                status: Some(known.status),
                timeout: Some(known.lifetime),
                ..told
            },
            None => Told { is_gone: died && verdict != Verdict::Related, ..told },
        })
    }

    fn table(&mut self) -> Result<Vec<Row>, String> {
        self.conntrack.table()
    }

    fn clear(&mut self) -> Result<(), String> {
        if self.has_held {
            // Nothing but its timeout takes a fragment out of a queue.
            *self = Self::new(self.settings.clone())?;
        }
        self.conntrack.clear()
    }
}
