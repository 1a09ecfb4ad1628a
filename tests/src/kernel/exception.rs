//! Which differences are known to be the oracle's: each by a rule, and with its reason.

use serde_json::Value;

use super::record::{Record, text};

/// As many packets may be excepted, in all traces together.
pub const MOST: u64 = 20;

/// Why the kernel's answer is not what the kernel would do with the packet on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exception {
    /// What would be a fragment by its bits never comes as far as a table: its lengths cannot be.
    RefusedFragment,
    /// A timeout that no setting names.
    ShownTimeout,
    /// The entry was reset in the last second that it had to live.
    LastSecond,
    /// The entry was not looked at.
    NotFound,
}

impl Exception {
    /// What excuses that `kernel` and `ours` differ in `fields`, where the kernel's settings have
    /// these timeouts.
    pub(super) fn of(
        (kernel, ours): (&Record, &Record),
        fields: &[&str],
        timeouts: &[u64],
    ) -> Option<Self> {
        let only = |of: &[&str]| fields.iter().all(|field| of.contains(field));
        let is_lost = !kernel.contains_key("f") && text(kernel, "v") != "invalid";
        let seconds = kernel.get("to").and_then(Value::as_u64);
        let is_refused = matches!(
            text(ours, "why"),
            "ip_short" | "ip_total_len" | "ip_header_len" | "mpls_labels"
        );
        if text(kernel, "v") == "held" && text(ours, "v") == "skip" && is_refused {
            Some(Self::RefusedFragment)
        } else if only(&["to", "keep"]) && seconds.is_some_and(|to| !timeouts.contains(&to)) {
            Some(Self::ShownTimeout)
        } else if only(&["gone"]) && ours.contains_key("gone") && is_lost {
            Some(Self::LastSecond)
        } else if only(&["st", "fl", "keep"]) && is_lost {
            Some(Self::NotFound)
        } else {
            None
        }
    }

    /// The reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::RefusedFragment => {
                "a fragment that IP refuses: every fragment that nobody sees again counts as held"
            }
            Self::ShownTimeout => {
                "the time that is left, as it was shown to the kernel, taken for a timeout"
            }
            Self::LastSecond => "reset in its last second, taken for run out",
            Self::NotFound => "its entry was not found by the bytes of the packet",
        }
    }
}
