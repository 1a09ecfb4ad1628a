//! How long an entry lives without traffic: one timeout for each of Linux's names, and presets.

macro_rules! timeouts {
    ($($(#[$doc:meta])* $name:ident $field:ident = $sysctl:literal, $seconds:literal;)*) => {
        /// A timeout, by what it is for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum Timeout {
            $($(#[$doc])* $name,)*
        }

        impl Timeout {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of its sysctl, without `net.netfilter.nf_conntrack_`;
            /// [`TcpSynSent2`](Self::TcpSynSent2) is named as if it had one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $sysctl,)* }
            }
        }

        /// Seconds for every [`Timeout`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct TimeoutPolicy {
            $($(#[$doc])* pub $field: u32,)*
        }

        impl TimeoutPolicy {
            /// Linux 6.18, measured in a fresh network namespace.
            pub const LINUX: Self = Self { $($field: $seconds,)* };

            /// The seconds of one timeout.
            #[must_use]
            pub const fn seconds(&self, timeout: Timeout) -> u32 {
                match timeout { $(Timeout::$name => self.$field,)* }
            }

            /// The same but for one timeout, which is `seconds`.
            #[must_use]
            pub const fn with(mut self, timeout: Timeout, seconds: u32) -> Self {
                match timeout { $(Timeout::$name => self.$field = seconds,)* }
                self
            }
        }
    };
}

timeouts! {
    /// TCP: a SYN was sent.
    TcpSynSent tcp_syn_sent = "tcp_timeout_syn_sent", 120;
    /// TCP: a SYN was sent each way. No sysctl sets it, a timeout policy does.
    TcpSynSent2 tcp_syn_sent2 = "tcp_timeout_syn_sent2", 120;
    /// TCP: the SYN was answered.
    TcpSynRecv tcp_syn_recv = "tcp_timeout_syn_recv", 60;
    /// TCP: open, nothing unacknowledged.
    TcpEstablished tcp_established = "tcp_timeout_established", 432_000;
    /// TCP: a FIN was seen.
    TcpFinWait tcp_fin_wait = "tcp_timeout_fin_wait", 120;
    /// TCP: that FIN was acknowledged.
    TcpCloseWait tcp_close_wait = "tcp_timeout_close_wait", 60;
    /// TCP: a second FIN was seen.
    TcpLastAck tcp_last_ack = "tcp_timeout_last_ack", 30;
    /// TCP: the second FIN was acknowledged.
    TcpTimeWait tcp_time_wait = "tcp_timeout_time_wait", 120;
    /// TCP: reset.
    TcpClose tcp_close = "tcp_timeout_close", 10;
    /// TCP: the same segment came again and again.
    TcpMaxRetrans tcp_max_retrans = "tcp_timeout_max_retrans", 300;
    /// TCP: data is unacknowledged, or the connection was picked up in its middle and nobody
    /// answered yet.
    TcpUnacknowledged tcp_unacknowledged = "tcp_timeout_unacknowledged", 300;
    /// UDP: unanswered, or answered and young.
    Udp udp = "udp_timeout", 30;
    /// UDP: both sides still speak two seconds after the first packet.
    UdpStream udp_stream = "udp_timeout_stream", 120;
    /// ICMP queries.
    Icmp icmp = "icmp_timeout", 30;
    /// ICMPv6 queries.
    Icmpv6 icmpv6 = "icmpv6_timeout", 30;
    /// GRE: unanswered.
    Gre gre = "gre_timeout", 30;
    /// GRE: answered.
    GreStream gre_stream = "gre_timeout_stream", 180;
    /// SCTP: closed, or an INIT was sent.
    SctpClosed sctp_closed = "sctp_timeout_closed", 10;
    /// SCTP: the INIT was answered.
    SctpCookieWait sctp_cookie_wait = "sctp_timeout_cookie_wait", 3;
    /// SCTP: the cookie came back.
    SctpCookieEchoed sctp_cookie_echoed = "sctp_timeout_cookie_echoed", 3;
    /// SCTP: open.
    SctpEstablished sctp_established = "sctp_timeout_established", 210;
    /// SCTP: the original side shuts down.
    SctpShutdownSent sctp_shutdown_sent = "sctp_timeout_shutdown_sent", 3;
    /// SCTP: the reply side shuts down.
    SctpShutdownRecd sctp_shutdown_recd = "sctp_timeout_shutdown_recd", 3;
    /// SCTP: the shutdown was acknowledged.
    SctpShutdownAckSent sctp_shutdown_ack_sent = "sctp_timeout_shutdown_ack_sent", 3;
    /// SCTP: a heartbeat where no association was seen.
    SctpHeartbeatSent sctp_heartbeat_sent = "sctp_timeout_heartbeat_sent", 30;
    /// Any protocol without a tracker of its own.
    Generic generic = "generic_timeout", 600;
}

/// The longest timeout that is taken, in seconds: the last level of the wheel is one turn of 12
/// days.
pub const MAX_SECONDS: u32 = 12 * 24 * 3600;

impl TimeoutPolicy {
    /// Linux 2.6.9, by the `ip_conntrack_proto_*.c` of its time: UDP streams live three minutes, and a
    /// connection that was picked up in its middle lives as long as any other. ICMPv6 was not
    /// tracked then; its queries have ICMP's 30 seconds.
    pub const LINUX_2_6_9: Self =
        Self { udp_stream: 180, tcp_unacknowledged: Self::LINUX.tcp_established, ..Self::LINUX };

    /// Linux 2.4.21, by those files of 2.4: the same values, but compiled in. Nothing could be set but
    /// `ip_conntrack_max`, and an established connection lived for its five days.
    pub const LINUX_2_4_21: Self = Self::LINUX_2_6_9;

    /// The first timeout that is longer than [`MAX_SECONDS`].
    pub(crate) fn too_long(&self) -> Option<Timeout> {
        Timeout::ALL.iter().copied().find(|&timeout| self.seconds(timeout) > MAX_SECONDS)
    }
}
