//! What the kernel is told before it is asked: sysctls, and rules of the raw table.

/// How the kernel is to track. Whatever is not named is as a fresh network namespace has it, but
/// for check sums, which are not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Sysctls below `net.netfilter`, such as `nf_conntrack_tcp_loose`, and their values.
    pub sysctls: Vec<(String, u32)>,
    /// Rules, as `nft -f` reads them. Chains of the hook `prerouting` at priority -300 are asked
    /// before tracking.
    pub nft: String,
    /// Rules of the raw table, as `iptables-restore` reads them.
    pub iptables: String,
    /// Rules of the raw table for IPv6, as `ip6tables-restore` reads them.
    pub ip6tables: String,
    /// What policies that rules attach set.
    pub policies: Policies,
}

/// The timeouts that policies of rules set, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// Timeouts of any protocol.
    pub timeouts: Vec<u32>,
    /// For UDP that of the unanswered and that of streams; no two policies may share one.
    pub udp: Vec<(u32, u32)>,
}

impl Settings {
    /// What is set for all that is asked; [`Settings::sysctls`] may say otherwise.
    const ALWAYS: [(&'static str, u32); 3] =
        [("nf_conntrack_checksum", 0), ("nf_conntrack_acct", 1), ("nf_conntrack_events", 1)];

    /// With this sysctl.
    #[must_use]
    pub fn with(mut self, name: &str, value: u32) -> Self {
        self.sysctls.push((name.to_owned(), value));
        self
    }

    /// Every sysctl that is set, in the order in which they are.
    pub(super) fn all_sysctls(&self) -> impl Iterator<Item = (&str, u32)> {
        let named = self.sysctls.iter().map(|(name, value)| (name.as_str(), *value));
        Self::ALWAYS.into_iter().chain(named)
    }

    /// Whether rules may put connections into zones.
    pub(super) fn has_rules(&self) -> bool {
        ![&self.nft, &self.iptables, &self.ip6tables].iter().all(|rules| rules.is_empty())
    }
}
