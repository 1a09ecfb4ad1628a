//! An entry that was read as the tracker takes it over.

use keeptrack_core::raw::Helper;
use keeptrack_core::{
    Config, Instant, Protocol, Restored, SctpState, State, Status, TcpState, Zone,
};

use crate::conntrack::Entry;

/// All states of TCP and SCTP.
const STATES: [State; 19] = [
    State::Tcp(TcpState::None),
    State::Tcp(TcpState::SynSent),
    State::Tcp(TcpState::SynRecv),
    State::Tcp(TcpState::Established),
    State::Tcp(TcpState::FinWait),
    State::Tcp(TcpState::CloseWait),
    State::Tcp(TcpState::LastAck),
    State::Tcp(TcpState::TimeWait),
    State::Tcp(TcpState::Close),
    State::Tcp(TcpState::SynSent2),
    State::Sctp(SctpState::None),
    State::Sctp(SctpState::Closed),
    State::Sctp(SctpState::CookieWait),
    State::Sctp(SctpState::CookieEchoed),
    State::Sctp(SctpState::Established),
    State::Sctp(SctpState::ShutdownSent),
    State::Sctp(SctpState::ShutdownRecd),
    State::Sctp(SctpState::ShutdownAckSent),
    State::Sctp(SctpState::HeartbeatSent),
];

impl Entry {
    /// What the tracker takes over at the moment `now`: what it holds of a connection.
    ///
    /// An entry that a fast path has taken over has neither state nor timeout in any table; its
    /// connection is open, and lives as long as an established one does by `config`.
    pub(crate) fn restored(&self, now: Instant, config: &Config) -> Restored {
        let protocol = self.protocol();
        let is_offloaded = self.offload.is_some();
        let open_s = match protocol {
            Protocol::TCP => config.timeouts.tcp_established,
            _ => config.timeouts.udp_stream,
        };
        let timeout_s = match self.timeout {
            Some(seconds) => u32::try_from(seconds).unwrap_or(u32::MAX),
            None if is_offloaded => open_s,
            None => 0,
        };
        let mut open = Restored::new(self.original.tuple, timeout_s);
        open.zone = self.zone.map_or(Zone::DEFAULT, Zone);
        open.status = self.status;
        if self.helper.as_deref() == Some(Helper::Ftp.name()) {
            open.status |= Status::HELPER;
        }
        open.state = self.state.and_then(|name| state(protocol, name));
        if is_offloaded {
            open.status = open.status | Status::SEEN_REPLY | Status::ASSURED;
            open.state = state(protocol, "ESTABLISHED");
        }
        open.counters = [self.original, self.reply].map(|side| side.counters.unwrap_or_default());
        let age_ms = self.delta_time.map(|seconds| seconds.saturating_mul(1000));
        open.start = age_ms.map(|age| Instant::from_millis(now.as_millis().saturating_sub(age)));
        open
    }

    /// Whether it tells what a connection of the tracker's does not hold.
    pub(crate) fn tells_more(&self) -> bool {
        self.nat().is_some()
            || self.mark.is_some_and(|mark| mark != 0)
            || self.secmark.is_some_and(|mark| mark != 0)
            || self.secctx.is_some()
            || self.helper.is_some()
            || self.labels.is_some()
            || self.vtags.is_some()
            || self.original.zone.is_some()
            || self.reply.zone.is_some()
    }
}

fn state(protocol: Protocol, name: &str) -> Option<State> {
    STATES.into_iter().find(|state| {
        let is_of = match state {
            State::Tcp(_) => protocol == Protocol::TCP,
            State::Sctp(_) => protocol == Protocol::SCTP,
            _ => false,
        };
        is_of && state.name() == name
    })
}
