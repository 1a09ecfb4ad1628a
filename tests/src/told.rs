//! What somebody who tracks connections tells of one packet, and when two such answers are equal.

mod line;

use keeptrack_core::{Direction, Status};

pub use line::{read_row, read_told, row_line, told_line};

/// What is told of one packet. Whoever tells less leaves the rest empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the packet is to a filter rule, or why no rule was asked.
    pub verdict: Verdict,
    /// Its direction.
    pub dir: Option<Direction>,
    /// The state of its connection after it, as conntrack prints it; `None` without states.
    pub state: Option<&'static str>,
    /// SEEN_REPLY, ASSURED and EXPECTED of its connection after it; see [`shown`].
    pub status: Option<Status>,
    /// What became of the time that its connection lives.
    pub timeout: Option<Lifetime>,
    /// It is an ICMP error; the rest is told of the connection that it speaks of.
    pub is_error: bool,
    /// Its connection is over with it.
    pub is_gone: bool,
    /// It completed a datagram, and the rest is told of that.
    pub is_reassembled: bool,
    /// Why it is INVALID, in the words of the kernel's log. Never compared.
    pub log: Option<String>,
}

/// What a packet is to a filter rule, or why no rule was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// `ct state new`.
    New,
    /// `ct state established`.
    Established,
    /// `ct state related`.
    Related,
    /// `ct state invalid`.
    Invalid,
    /// `ct state untracked`.
    Untracked,
    /// A fragment that waits for others, or that reassembly threw away.
    Held,
    /// No IP layer lets it come as far as tracking.
    Refused,
    /// Tracking dropped it: there was no room for its connection.
    Dropped,
}

/// What became of the time that a connection lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// It lives so many seconds from this packet on.
    Set(u32),
    /// It ends when it would have ended without the packet.
    Kept,
}

/// In what two answers about one packet differ, as the field of a line is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Differing {
    /// `v`
    Verdict,
    /// `d`
    Dir,
    /// `st`
    State,
    /// `fl`
    Status,
    /// `to`, `keep`
    Timeout,
    /// `err`
    Error,
    /// `gone`
    Gone,
    /// `reasm`
    Reassembled,
}

impl Verdict {
    /// The verdicts and their words.
    const WORDS: [(Self, &'static str); 8] = [
        (Self::New, "new"),
        (Self::Established, "established"),
        (Self::Related, "related"),
        (Self::Invalid, "invalid"),
        (Self::Untracked, "untracked"),
        (Self::Held, "held"),
        (Self::Refused, "refused"),
        (Self::Dropped, "dropped"),
    ];

    /// The verdict in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(verdict, _)| *verdict == self).map_or("", |(_, word)| word)
    }

    /// The verdict of that word; whatever was skipped had been refused.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == "skip" { "refused" } else { name };
        Self::WORDS.iter().find(|(_, word)| *word == name).map(|(verdict, _)| *verdict)
    }
}

impl Told {
    /// Nothing but the verdict.
    #[must_use]
    pub const fn only(verdict: Verdict) -> Self {
        Self {
            verdict,
            dir: None,
            state: None,
            status: None,
            timeout: None,
            is_error: false,
            is_gone: false,
            is_reassembled: false,
            log: None,
        }
    }

    /// In what `ours` differs from this answer, which is the kernel's.
    ///
    /// All is compared of a packet that the kernel tracked, and what only one of them tells is a
    /// difference. Of an INVALID one, verdict, end and a timeout that it set are; of one that the
    /// kernel did not track, the verdict is. A timeout that the kernel does not tell must not be
    /// [`Lifetime::Kept`].
    #[must_use]
    pub fn differs(&self, ours: &Self) -> Vec<Differing> {
        let checks = [
            (Differing::Verdict, self.verdict == ours.verdict),
            (Differing::Gone, self.is_gone == ours.is_gone),
            (Differing::Timeout, self.has_timeout_of(ours)),
            (Differing::Dir, self.dir == ours.dir),
            (Differing::State, self.state == ours.state),
            (Differing::Status, self.status.map(shown) == ours.status.map(shown)),
            (Differing::Error, self.is_error == ours.is_error),
            (Differing::Reassembled, self.is_reassembled == ours.is_reassembled),
        ];
        let compared_count = match self.verdict {
            Verdict::Untracked | Verdict::Held | Verdict::Refused | Verdict::Dropped => 1,
            Verdict::Invalid => 3,
            Verdict::New | Verdict::Established | Verdict::Related => checks.len(),
        };
        let compared = checks.into_iter().take(compared_count);
        compared.filter(|(_, is_equal)| !is_equal).map(|(differing, _)| differing).collect()
    }

    fn has_timeout_of(&self, ours: &Self) -> bool {
        let set = |told: &Self| match told.timeout {
            Some(Lifetime::Set(seconds)) => Some(seconds),
            Some(Lifetime::Kept) | None => None,
        };
        match self.timeout {
            // Who calls a packet INVALID may or may not look at what it leaves alone.
            _ if self.verdict == Verdict::Invalid => set(self) == set(ours),
            None => ours.timeout != Some(Lifetime::Kept),
            told => told == ours.timeout,
        }
    }
}

/// The bits of a status that are told of a packet.
#[must_use]
pub fn shown(status: Status) -> Status {
    status.without(Status::CONFIRMED)
}

#[cfg(test)]
mod tests {
    use keeptrack_core::{Direction, Status};

    use super::{Differing, Lifetime, Told, Verdict};

    fn established() -> Told {
        Told {
            dir: Some(Direction::Reply),
            state: Some("SYN_RECV"),
            status: Some(Status::SEEN_REPLY),
            timeout: Some(Lifetime::Set(60)),
            ..Told::only(Verdict::Established)
        }
    }

    #[test]
    fn all_that_the_kernel_tells_is_compared() {
        let confirmed = Some(Status::SEEN_REPLY | Status::CONFIRMED);
        let kernel = established();
        assert_eq!(kernel.differs(&Told { status: confirmed, ..kernel.clone() }), []);
        for (ours, differing) in [
            (Told { verdict: Verdict::New, ..kernel.clone() }, Differing::Verdict),
            (Told { dir: Some(Direction::Original), ..kernel.clone() }, Differing::Dir),
            (Told { state: None, ..kernel.clone() }, Differing::State),
            (Told { status: Some(Status::NONE), ..kernel.clone() }, Differing::Status),
            (Told { timeout: Some(Lifetime::Set(61)), ..kernel.clone() }, Differing::Timeout),
            (Told { timeout: Some(Lifetime::Kept), ..kernel.clone() }, Differing::Timeout),
            (Told { is_error: true, ..kernel.clone() }, Differing::Error),
            (Told { is_gone: true, ..kernel.clone() }, Differing::Gone),
            (Told { is_reassembled: true, ..kernel.clone() }, Differing::Reassembled),
        ] {
            assert_eq!(kernel.differs(&ours), [differing]);
        }
    }

    #[test]
    fn of_what_is_not_tracked_only_the_verdict_counts() {
        let ours = |verdict| Told { verdict, is_gone: true, ..established() };
        let kernel = Told::only(Verdict::Invalid);
        let differing = [Differing::Gone, Differing::Timeout];
        assert_eq!(kernel.differs(&ours(Verdict::Invalid)), differing);
        let kept = Told { timeout: Some(Lifetime::Kept), ..kernel.clone() };
        assert_eq!(kept.differs(&kernel), []);
        for verdict in [Verdict::Untracked, Verdict::Held, Verdict::Refused, Verdict::Dropped] {
            assert_eq!(Told::only(verdict).differs(&ours(verdict)), []);
            assert_eq!(Told::only(verdict).differs(&ours(Verdict::New)), [Differing::Verdict]);
        }
    }

    #[test]
    fn a_timeout_that_is_not_told_is_not_kept() {
        let kernel = Told { timeout: None, ..established() };
        assert_eq!(kernel.differs(&established()), []);
        let kept = Told { timeout: Some(Lifetime::Kept), ..established() };
        assert_eq!(kernel.differs(&kept), [Differing::Timeout]);
    }
}
