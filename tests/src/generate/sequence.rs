//! Sequences of packets, and the moments at which they come.

use keeptrack_core::Timeout;

use super::packet::Ip;
use super::random::Random;
use super::session::Topic;
use super::settings::Settings;

/// A packet, and how long after the one before it it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds.
    pub gap_ms: u64,
    /// The packet.
    pub packet: Ip,
}

/// Packets in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The packets.
    pub steps: Vec<Step>,
}

impl Sequence {
    /// A sequence about one of `topics` or more, as it follows from the draws: between 30 and 150
    /// packets.
    #[must_use]
    pub fn drawn(settings: &Settings, topics: &[Topic], random: &mut Random) -> Self {
        let mixed: Vec<_> = (0..1 + random.below(3)).map(|_| random.of(topics)).collect();
        let session_count = 1 + random.below(6);
        let mut sessions: Vec<_> =
            (0..session_count).map(|_| random.of(&mixed).session(random)).collect();
        let waits = Waits::of(settings, random);
        let mut packets = Vec::new();
        let mut steps = Vec::new();
        let mut place = 0;
        for _ in 0..30 + random.below(120) {
            if random.one_in(3) {
                place = random.index(sessions.len());
            }
            let packet = sessions[place].next(random, &packets);
            packets.push(packet.clone());
            steps.push(Step { gap_ms: waits.gap_ms(random), packet });
        }
        Self { steps }
    }
}

/// For how long sessions are silent now and then.
struct Waits {
    /// Timeouts, in seconds.
    seconds: Vec<u32>,
    /// In one of so many cases somebody waits for one of them.
    rarity: u32,
}

impl Waits {
    fn of(settings: &Settings, random: &mut Random) -> Self {
        let mut seconds: Vec<_> =
            Timeout::ALL.iter().map(|timeout| settings.seconds(*timeout)).collect();
        // UDP becomes a stream, and the time that a forged reset must leave.
        seconds.extend([2, 2, 2, 120]);
        Self { seconds, rarity: random.of(&[6, 20, 60, 1000]) }
    }

    fn gap_ms(&self, random: &mut Random) -> u64 {
        if !random.one_in(self.rarity) {
            return random.below(40).into();
        }
        let seconds = match random.of(&self.seconds) {
            // Days in which all others run out are seldom of use.
            long if long > 1000 && !random.one_in(4) => 10,
            seconds => seconds,
        };
        let wait_ms = u64::from(seconds) * 1000;
        match random.below(6) {
            0 => wait_ms.saturating_sub(1),
            1 => wait_ms,
            2 => wait_ms + 1,
            3 => wait_ms / 2,
            4 => wait_ms.saturating_sub(u64::from(random.below(3000))),
            _ => u64::from(random.below(seconds.saturating_add(2))) * 1000,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Sequence;
    use crate::generate::{Random, Settings, Topic};
    use crate::judge::Judge;
    use crate::ours::Ours;
    use crate::told::Lifetime;

    #[test]
    fn what_is_drawn_leads_to_every_state_and_verdict() {
        let (mut states, mut verdicts, mut timeouts) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let topics = Topic::ALL.map(|(_, topic)| topic);
        let mut random = Random::new(0);
        let settings = Settings::default();
        let mut ours = Ours::new(settings.config().unwrap(), 256).unwrap();
        for _ in 0..1000 {
            ours.clear().unwrap();
            let mut now_ms = 0;
            for step in Sequence::drawn(&settings, &topics, &mut random).steps {
                now_ms += step.gap_ms;
                let told = ours.pass(now_ms * 1_000_000, &step.packet.bytes()).unwrap();
                states.extend(told.state);
                verdicts.insert(told.verdict.name());
                if let Some(Lifetime::Set(seconds)) = told.timeout {
                    timeouts.insert(seconds);
                }
            }
        }
        // Ten of TCP and eight of SCTP, of which two have the same name; nothing is ever NONE.
        assert_eq!(states.len(), 16, "{states:?}");
        assert!(verdicts.is_superset(&BTreeSet::from([
            "new",
            "established",
            "related",
            "invalid",
            "untracked",
            "refused",
        ])));
        // No timeout of this kernel's is any other, and each of them is met.
        let all = [3, 10, 30, 60, 120, 180, 210, 300, 600, 432_000];
        assert_eq!(timeouts, BTreeSet::from(all));
    }
}
