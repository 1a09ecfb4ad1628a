//! How other systems behave at a full table, each a [`Peer`] round core's protocol steps.
//!
//! A peer decides who enters and who leaves. Verdicts, states and timeouts stay those of core, so
//! that replays of one capture differ by nothing but what a full table does.

mod cilium;
mod entries;
mod esp_nat;
mod keys;
mod linux;
mod lru;
mod opte;
mod ovs;
mod pf;
mod vpp;

use keeptrack_core::{Conn, Ended, Instant, Invalid, Packet, Unconfirmed};

use crate::replay::Tracker;

pub(crate) use keys::Keys;

/// Another system's behaviour at a full table.
///
/// Its hooks are called in the order in which they stand here, for each packet.
pub(crate) trait Peer: Fork + Send {
    /// How many slots core's table needs for it: as many as it ever holds at once.
    fn slots(&self) -> usize;

    /// It is to hold so many entries from here on, of which there are no more: for a peer whose
    /// table was larger and that does the same to each packet as long as there is room.
    fn limit(&mut self, _max: usize) {}

    /// Lets its own collectors run up to `now`; they may take connections out.
    fn pass_time(&mut self, _now: Instant, _ct: &mut Tracker) {}

    /// When [`pass_time`](Self::pass_time) has something to do, if that is known: no packet is
    /// needed for it.
    fn next_event(&self) -> Option<Instant> {
        None
    }

    /// A packet is about to be tracked.
    fn packet(&mut self, _now: Instant, _packet: &Packet<'_>, _ct: &mut Tracker) {}

    /// Decides over a connection that is not in the table yet, and may take others out for it.
    fn admit(&mut self, now: Instant, first: &mut Unconfirmed<'_>) -> Admission;

    /// A packet of no connection that is let in is INVALID: decides whether it passes so. Some ask
    /// for an entry before they look at a packet, and may take others out for it.
    fn invalid(
        &mut self,
        _now: Instant,
        (_packet, _why): (&Packet<'_>, Invalid),
        _ct: &mut Tracker,
    ) -> Admission {
        Admission::Take
    }

    /// A connection is in the table now.
    fn entered(&mut self, now: Instant, conn: &Conn);

    /// A packet has renewed a connection.
    fn known(&mut self, _now: Instant, _conn: &Conn) {}

    /// A connection has left the table, whoever took it out.
    fn ended(&mut self, now: Instant, ended: &Ended);

    /// Why it took that one out, in a few words.
    fn rule(&self, ended: &Ended) -> &'static str;

    /// The entries as that system counts them; `None`: as core does.
    fn count(&self) -> Option<usize> {
        None
    }
}

/// A peer that can be had a second time, as it is.
pub(crate) trait Fork {
    /// The same, to go its own way from here on.
    fn fork(&self) -> Box<dyn Peer>;
}

impl<P: Peer + Clone + 'static> Fork for P {
    fn fork(&self) -> Box<dyn Peer> {
        Box::new(self.clone())
    }
}

/// What becomes of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It gets an entry.
    Take,
    /// It gets none and its packet is dropped, for the reason in these few words.
    Refuse(&'static str),
    /// It gets none and its packet is dropped, for its bucket holds too many.
    TooLong,
    /// It gets none and its packet passes, for the reason in these few words.
    Bypass(&'static str),
}

/// What a peer's behaviour was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The running system was measured.
    Measured,
    /// Its source was read, at that version.
    Source(&'static str),
}

/// A peer that can be asked for by name.
pub(crate) struct Known {
    /// The name.
    pub(crate) name: &'static str,
    /// What it does when full, in one line.
    pub(crate) does: &'static str,
    /// Its parameters and what they mean.
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// What that was checked against.
    pub(crate) checked: Checked,
    /// Makes one for a table of so many entries.
    pub(crate) build: Build,
}

/// How a peer is made of what was typed, for a table of so many entries.
pub(crate) type Build = fn(&Keys, usize) -> Result<Box<dyn Peer>, String>;

/// Every peer there is; `linux` first.
pub(crate) const PEERS: &[Known] =
    &[linux::PEER, pf::PEER, ovs::PEER, cilium::PEER, opte::PEER, vpp::PEER, esp_nat::PEER];

/// The peer of that name; `None` when there is none.
///
/// # Errors
/// What is wrong with a parameter, and what it may be.
pub(crate) fn build(name: &str, keys: &Keys, max: usize) -> Option<Result<Box<dyn Peer>, String>> {
    let peer = PEERS.iter().find(|peer| peer.name == name)?;
    let known = peer.keys.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    Some(keys.only(&known).and_then(|()| (peer.build)(keys, max)))
}

#[cfg(test)]
mod tests;
