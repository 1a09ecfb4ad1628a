//! What states entries are in, by the timeout that each state has, and how fast those grow in
//! number that a capture is too short for.

use keeptrack_core::{Conn, Direction, Protocol, SctpState, State, Status, TcpState, Timeout};

/// Growth within so many deviations of a random number of entries is none.
const NOISE: u64 = 3;

/// The timeout that an entry lives by: that of its state. `None` where a rule has given it a policy
/// of its own.
pub(super) fn timeout_of(conn: &Conn) -> Option<Timeout> {
    if conn.timeouts().is_some() {
        return None;
    }
    let status = conn.status();
    let by_bit = |bit, without, with| if status.has(bit) { with } else { without };
    Some(match (conn.state(), conn.tuple(Direction::Original).protocol) {
        (Some(State::Tcp(state)), _) => of_tcp(state),
        (Some(State::Sctp(state)), _) => of_sctp(state),
        (_, Protocol::UDP | Protocol::UDPLITE) => {
            by_bit(Status::ASSURED, Timeout::Udp, Timeout::UdpStream)
        }
        (_, Protocol::GRE) => by_bit(Status::ASSURED, Timeout::Gre, Timeout::GreStream),
        (_, Protocol::ICMP) => Timeout::Icmp,
        (_, Protocol::ICMPV6) => Timeout::Icmpv6,
        _ => Timeout::Generic,
    })
}

const fn of_tcp(state: TcpState) -> Timeout {
    match state {
        TcpState::None | TcpState::SynSent => Timeout::TcpSynSent,
        TcpState::SynSent2 => Timeout::TcpSynSent2,
        TcpState::SynRecv => Timeout::TcpSynRecv,
        TcpState::Established => Timeout::TcpEstablished,
        TcpState::FinWait => Timeout::TcpFinWait,
        TcpState::CloseWait => Timeout::TcpCloseWait,
        TcpState::LastAck => Timeout::TcpLastAck,
        TcpState::TimeWait => Timeout::TcpTimeWait,
        TcpState::Close => Timeout::TcpClose,
    }
}

const fn of_sctp(state: SctpState) -> Timeout {
    match state {
        SctpState::None | SctpState::Closed => Timeout::SctpClosed,
        SctpState::CookieWait => Timeout::SctpCookieWait,
        SctpState::CookieEchoed => Timeout::SctpCookieEchoed,
        SctpState::Established => Timeout::SctpEstablished,
        SctpState::ShutdownSent => Timeout::SctpShutdownSent,
        SctpState::ShutdownRecd => Timeout::SctpShutdownRecd,
        SctpState::ShutdownAckSent => Timeout::SctpShutdownAckSent,
        SctpState::HeartbeatSent => Timeout::SctpHeartbeatSent,
    }
}

/// How many entries live by each timeout. There are few of those at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct States(Vec<(Timeout, Level)>);

/// A number of entries: now, at the most, and at the last two moments that are a power of two of
/// milliseconds behind the first packet.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    now: u32,
    peak: u32,
    /// The exponent of the later of those moments that it knows of.
    mark: u32,
    at_mark: u32,
    before_mark: u32,
}

/// How fast a number of entries grew in the later part of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) entry_count: i64,
    pub(super) within_ms: u64,
    /// Entries that there were, at the most, at both ends of that part.
    level: u32,
}

impl States {
    /// An entry lives by that timeout from now on.
    pub(super) fn enter(&mut self, timeout: Timeout, since_first_ms: u64) {
        let level = self.level(timeout);
        level.pass(since_first_ms);
        level.now += 1;
        level.peak = level.peak.max(level.now);
    }

    /// An entry does no longer.
    pub(super) fn leave(&mut self, timeout: Timeout, since_first_ms: u64) {
        let level = self.level(timeout);
        level.pass(since_first_ms);
        level.now = level.now.saturating_sub(1);
    }

    /// The most entries at once that lived by that timeout.
    pub(super) fn peak(&self, timeout: Timeout) -> u32 {
        self.find(timeout).map_or(0, |level| level.peak)
    }

    /// How the entries grew that live by that timeout, in the later part of a capture that lasted
    /// so long.
    pub(super) fn growth(&self, timeout: Timeout, lasted_ms: u64) -> Growth {
        let since = lasted_ms.checked_ilog2().unwrap_or(0).saturating_sub(1);
        let within_ms = lasted_ms.saturating_sub(1 << since);
        let (from, to) = self.find(timeout).map_or((0, 0), |level| (level.at(since), level.now));
        Growth { entry_count: i64::from(to) - i64::from(from), within_ms, level: from.max(to) }
    }

    fn find(&self, timeout: Timeout) -> Option<&Level> {
        self.0.iter().find(|(known, _)| *known == timeout).map(|(_, level)| level)
    }

    fn level(&mut self, timeout: Timeout) -> &mut Level {
        let known = self.0.iter().position(|(known, _)| *known == timeout);
        let at = known.unwrap_or_else(|| {
            self.0.push((timeout, Level::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl Level {
    /// Time has passed until then, in which nothing changed.
    const fn pass(&mut self, since_first_ms: u64) {
        let mark = match since_first_ms.checked_ilog2() {
            Some(mark) => mark,
            None => 0,
        };
        if mark > self.mark {
            self.before_mark = if mark == self.mark + 1 { self.at_mark } else { self.now };
            self.at_mark = self.now;
            self.mark = mark;
        }
    }

    /// The number at the moment of that exponent; of the last two that have passed, no others.
    const fn at(&self, mark: u32) -> u32 {
        if mark > self.mark {
            self.now
        } else if mark == self.mark {
            self.at_mark
        } else {
            self.before_mark
        }
    }
}

impl Growth {
    /// Without what others of the same part grew.
    pub(super) const fn without(self, others: Self) -> Self {
        Self {
            entry_count: self.entry_count - others.entry_count,
            level: self.level.saturating_sub(others.level),
            ..self
        }
    }

    /// Whether it is more than numbers of entries go up and down by chance.
    pub(super) fn is_telling(self) -> bool {
        let grown = u64::try_from(self.entry_count).unwrap_or(0);
        grown > 0 && grown * grown > NOISE * NOISE * u64::from(self.level)
    }

    /// What comes to it within so many milliseconds if it goes on.
    pub(super) fn within(self, millis: u64) -> u64 {
        let grown = u128::try_from(self.entry_count).unwrap_or(0);
        let more = grown * u128::from(millis) / u128::from(self.within_ms.max(1));
        u64::try_from(more).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{States, Timeout};

    #[test]
    fn growth_is_that_of_the_later_part() {
        let mut states = States::default();
        for second in 1..=100 {
            states.enter(Timeout::TcpEstablished, second * 1000);
        }
        // The last power of two with a later one before the end: 32.8 s of 100.
        let growth = states.growth(Timeout::TcpEstablished, 100_000);
        assert_eq!((growth.entry_count, growth.within_ms), (68, 100_000 - 32_768));
        assert!(growth.is_telling());
        assert_eq!(growth.within(3_600_000), 68 * 3_600_000 / 67_232);
        assert_eq!(states.growth(Timeout::Udp, 100_000).entry_count, 0);
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow() {
        let mut states = States::default();
        for second in 1..=40 {
            states.enter(Timeout::Udp, second * 100);
        }
        for second in 5..100 {
            states.leave(Timeout::Udp, second * 1000);
            states.enter(Timeout::Udp, second * 1000 + 1);
        }
        assert!(!states.growth(Timeout::Udp, 100_000).is_telling());
        assert_eq!(states.peak(Timeout::Udp), 40);
    }
}
