//! Rules in chains, walked as netfilter walks them, and what each of them matched and did.

use heapless::Vec;

use super::matches::Walking;
use super::said::{Heard, Said, Tracking};
use super::{Hook, Matches, NoSets, PolicyId, Raw, RawVerdict, Sets, Template, WhenFull};
use crate::packet::{Packet, Path};
use crate::timeout::{Timeout, TimeoutPolicy};

/// A chain, by the number that [`RawTable::add_chain`] gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ChainId(u16);

impl ChainId {
    /// The built-in chain of `hook`.
    #[must_use]
    pub const fn of(hook: Hook) -> Self {
        Self(hook as u16)
    }
}

/// What a rule does with a packet that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Target {
    /// No tracking; the walk goes on, as after `-j NOTRACK` and `-j CT --notrack`.
    NoTrack,
    /// Tracking as the template says; the walk goes on, as after `-j CT`.
    Ct(Template),
    /// What a full table does with the packet, whatever rule says how it is tracked; the walk goes
    /// on. Of each of the two things that it can say the first rule that does has its way.
    Full(WhenFull),
    /// Of the packet's mark these bits stay, and then those change; the walk goes on, as after
    /// `-j MARK --set-xmark`, whose mask is what does not stay.
    Mark {
        /// The bits that stay.
        keep: u32,
        /// The bits that change.
        change: u32,
    },
    /// The walk ends, the packet passes.
    Accept,
    /// The walk ends, the packet is dropped.
    Drop,
    /// Back to the chain that jumped here; the policy decides when none did.
    Return,
    /// Into a chain, and back behind this rule.
    Jump(ChainId),
    /// Into a chain, and back behind the last jump.
    Goto(ChainId),
    /// Into one of several base chains of a hook, as nftables has them, and back behind this rule:
    /// like [`Target::Jump`], but an ACCEPT inside ends that chain alone. It has this meaning in
    /// the built-in chains.
    Base(ChainId),
    /// Only counted, as by `LOG` or a rule without target.
    Continue,
}

/// What happens to a packet that reaches the end of a built-in chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Policy {
    /// It passes.
    Accept,
    /// It is dropped.
    Drop,
}

/// How often a rule did something at one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RuleCount {
    /// Packets that passed its tests.
    pub matched: u64,
    /// Of those, the ones that it changed: given a template or untracked, if no rule before had
    /// done either, or dropped. (A looping packet that is dropped at PREROUTING has its entry all
    /// the same.) Of a [`Target::Full`]: of which it said something that no rule before had said,
    /// and that were neither untracked nor dropped.
    pub effective: u64,
    /// Of those, the ones that a NOTRACK, CT or [`Target::Full`] met too late: they had been
    /// tracked at OUTPUT.
    pub too_late: u64,
}

impl RuleCount {
    const ZERO: Self = Self { matched: 0, effective: 0, too_late: 0 };
}

/// A rule, and what it did.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its tests.
    pub matches: Matches,
    /// Its target.
    pub target: Target,
    prerouting: RuleCount,
    output: RuleCount,
    next: Option<RuleId>,
}

impl Rule {
    /// What the rule matched and changed at `hook`.
    #[must_use]
    pub const fn count(&self, hook: Hook) -> RuleCount {
        match hook {
            Hook::Prerouting => self.prerouting,
            Hook::Output => self.output,
        }
    }

    const fn count_mut(&mut self, hook: Hook) -> &mut RuleCount {
        match hook {
            Hook::Prerouting => &mut self.prerouting,
            Hook::Output => &mut self.output,
        }
    }
}

/// A rule, by its number in [`RawTable::rules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RuleId(u16);

#[derive(Debug, Clone)]
struct Chain {
    first: Option<RuleId>,
    last: Option<RuleId>,
    policy: Policy,
}

/// Why a raw table cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RawError {
    /// It holds no more rules.
    TooManyRules,
    /// It holds no more chains.
    TooManyChains,
    /// It holds no more timeout policies.
    TooManyTimeouts,
    /// A timeout of more than [`MAX_SECONDS`](crate::MAX_SECONDS).
    TimeoutTooLong(Timeout),
    /// A timeout policy that this table does not have.
    UnknownTimeouts,
    /// A chain that this table does not have.
    UnknownChain,
    /// Chains jump in a circle.
    Loop,
    /// A packet could meet more than [`MAX_WALK`] rules.
    TooLong,
}

/// The most rules that one packet may meet at one hook.
pub const MAX_WALK: u32 = 8192;

/// Rules, chains and timeout policies, at most so many of each.
///
/// The two built-in chains are always there. A walk meets at most [`MAX_WALK`] rules:
/// [`RawTable::check`] refuses the tables in which one could meet more. In a table that nobody
/// checked the walk of a packet that meets too many is cut off, and the policy decides.
#[derive(Debug, Clone)]
pub struct RawTable<const RULES: usize, const CHAINS: usize, const POLICIES: usize = 0, S = NoSets>
{
    rules: Vec<Rule, RULES>,
    chains: Vec<Chain, CHAINS>,
    timeouts: Vec<TimeoutPolicy, POLICIES>,
    /// What rules ask for by [`Matches::sets`].
    pub sets: S,
}

impl<const RULES: usize, const CHAINS: usize, const POLICIES: usize, S: Sets + Default> Default
    for RawTable<RULES, CHAINS, POLICIES, S>
{
    /// A table of two empty chains whose policy is ACCEPT.
    fn default() -> Self {
        const {
            assert!(CHAINS >= 2 && CHAINS <= 1 << 16, "two chains are built in, ids have 16 bits");
            assert!(RULES <= 1 << 16, "ids have 16 bits");
            assert!(POLICIES <= PolicyId::MAX_COUNT, "more timeout policies than there are ids");
        }
        // Made in its place: a table may be large for a stack.
        let mut table = Self {
            rules: Vec::new(),
            chains: Vec::new(),
            timeouts: Vec::new(),
            sets: S::default(),
        };
        for _ in Hook::ALL {
            // There is room: asserted above.
            let _ = table.add_chain();
        }
        table
    }
}

impl<const RULES: usize, const CHAINS: usize, const POLICIES: usize>
    RawTable<RULES, CHAINS, POLICIES>
{
    /// A table of two empty chains whose policy is ACCEPT, for rules that ask for no sets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<const RULES: usize, const CHAINS: usize, const POLICIES: usize, S: Sets>
    RawTable<RULES, CHAINS, POLICIES, S>
{
    /// Makes a chain that rules can jump to.
    ///
    /// # Errors
    /// [`RawError::TooManyChains`] when there is no room.
    pub fn add_chain(&mut self) -> Result<ChainId, RawError> {
        let id = u16::try_from(self.chains.len()).map_err(|_| RawError::TooManyChains)?;
        let chain = Chain { first: None, last: None, policy: Policy::Accept };
        self.chains.push(chain).map_err(|_| RawError::TooManyChains)?;
        Ok(ChainId(id))
    }

    /// Takes in a timeout policy that templates can name.
    ///
    /// # Errors
    /// [`RawError::TooManyTimeouts`] when there is no room, [`RawError::TimeoutTooLong`].
    pub fn add_timeouts(&mut self, timeouts: TimeoutPolicy) -> Result<PolicyId, RawError> {
        if let Some(timeout) = timeouts.too_long() {
            return Err(RawError::TimeoutTooLong(timeout));
        }
        let id = PolicyId::at(self.timeouts.len()).ok_or(RawError::TooManyTimeouts)?;
        self.timeouts.push(timeouts).map_err(|_| RawError::TooManyTimeouts)?;
        Ok(id)
    }

    /// Puts a rule at the end of a chain.
    ///
    /// # Errors
    /// [`RawError::TooManyRules`] when there is no room; [`RawError::UnknownChain`] and
    /// [`RawError::UnknownTimeouts`] when the chain, or what the rule names, is of another table.
    pub fn append(
        &mut self,
        chain: ChainId,
        matches: Matches,
        target: Target,
    ) -> Result<(), RawError> {
        let into = match target {
            Target::Jump(into) | Target::Goto(into) | Target::Base(into) => into,
            _ => chain,
        };
        if self.chain(chain).is_none() || self.chain(into).is_none() {
            return Err(RawError::UnknownChain);
        }
        if let Target::Ct(Template { timeouts: Some(id), .. }) = target
            && self.timeouts(id).is_none()
        {
            return Err(RawError::UnknownTimeouts);
        }
        let id = u16::try_from(self.rules.len()).map_err(|_| RawError::TooManyRules)?;
        let rule = Rule {
            matches,
            target,
            prerouting: RuleCount::ZERO,
            output: RuleCount::ZERO,
            next: None,
        };
        self.rules.push(rule).map_err(|_| RawError::TooManyRules)?;
        if let Some(chain) = self.chains.get_mut(usize::from(chain.0)) {
            let last = chain.last.replace(RuleId(id));
            match last.and_then(|last| self.rules.get_mut(usize::from(last.0))) {
                Some(last) => last.next = Some(RuleId(id)),
                None => chain.first = Some(RuleId(id)),
            }
        }
        Ok(())
    }

    /// Sets what happens at the end of a built-in chain.
    pub fn set_policy(&mut self, hook: Hook, policy: Policy) {
        if let Some(chain) = self.chains.get_mut(hook as usize) {
            chain.policy = policy;
        }
    }

    /// Whether a packet's walk ends soon enough; to be asked once, when the table is complete.
    ///
    /// # Errors
    /// [`RawError::Loop`] or [`RawError::TooLong`].
    pub fn check(&self) -> Result<(), RawError> {
        // First only how deep jumps lead: that grows by one a round at the most, so that a circle
        // is told from a walk that is too long.
        self.settle(|deepest, depth| deepest.max(depth.saturating_add(1))).ok_or(RawError::Loop)?;
        let longest = self.settle(|met, inside| met.saturating_add(1).saturating_add(inside));
        match longest.ok_or(RawError::Loop)? {
            longest if longest > MAX_WALK => Err(RawError::TooLong),
            _ => Ok(()),
        }
    }

    /// The largest of what `add` makes of a chain, rule by rule, from what it made of the chain so
    /// far and of the chain that the rule leads into; `None` when chains lead in a circle.
    ///
    /// It is made anew until nothing changes, which takes as many rounds as there are chains.
    fn settle(&self, add: impl Fn(u32, u32) -> u32) -> Option<u32> {
        let mut made: Vec<u32, CHAINS> = self.chains.iter().map(|_| 0).collect();
        for _ in 0..=self.chains.len() {
            let mut settled = true;
            for (at, chain) in self.chains.iter().enumerate() {
                let mut sum = 0;
                let mut next = chain.first;
                while let Some(rule) = self.rule(next) {
                    let inside = match rule.target {
                        Target::Jump(into) | Target::Goto(into) | Target::Base(into) => {
                            made.get(usize::from(into.0))
                        }
                        _ => None,
                    };
                    sum = add(sum, inside.copied().unwrap_or(0));
                    next = rule.next;
                }
                if let Some(known) = made.get_mut(at).filter(|known| **known != sum) {
                    *known = sum;
                    settled = false;
                }
            }
            if settled {
                return made.iter().max().copied();
            }
        }
        None
    }

    /// The rules, in the order in which they were appended.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn rule(&self, id: Option<RuleId>) -> Option<&Rule> {
        self.rules.get(usize::from(id?.0))
    }

    fn chain(&self, id: ChainId) -> Option<&Chain> {
        self.chains.get(usize::from(id.0))
    }

    /// Walks the chain of a hook with a packet whose tracking is still open, or settled before.
    /// Answers with its mark as well.
    fn walk(&mut self, mut walking: Walking<'_>, tracking: Tracking) -> (RawVerdict, u32) {
        let hook = walking.hook;
        let mut behind: Vec<Option<RuleId>, CHAINS> = Vec::new();
        let mut said = Said::nothing(tracking);
        // Where an ACCEPT leads inside of a base chain.
        let mut base: Option<Option<RuleId>> = None;
        let mut next = self.chain(ChainId::of(hook)).and_then(|chain| chain.first);
        // A rule, or the way back behind a jump, which was a rule: more only a circle would take.
        for _ in 0..=2 * MAX_WALK {
            let met = next.and_then(|id| Some((id, self.rules.get_mut(usize::from(id.0))?)));
            let Some((id, rule)) = met else {
                match behind.pop() {
                    Some(back) => next = back,
                    None => break,
                }
                base = base.filter(|_| !behind.is_empty());
                continue;
            };
            next = rule.next;
            walking.state = said.state();
            if !rule.matches.apply(walking, &self.sets) {
                continue;
            }
            let target = rule.target;
            let count = rule.count_mut(hook);
            count.matched = count.matched.wrapping_add(1);
            match target {
                Target::Continue => {}
                Target::Mark { keep, change } => walking.mark = walking.mark & keep ^ change,
                Target::NoTrack | Target::Ct(_) | Target::Full(_) => match said.hear(target, id) {
                    Heard::Now => count.effective = count.effective.wrapping_add(1),
                    Heard::TooLate => count.too_late = count.too_late.wrapping_add(1),
                    Heard::Later | Heard::Never => {}
                },
                Target::Accept => match base.take() {
                    Some(back) => {
                        behind.clear();
                        next = back;
                    }
                    None => return (self.settled(hook, &said), walking.mark),
                },
                Target::Drop => {
                    count.effective = count.effective.wrapping_add(1);
                    return (RawVerdict::Drop, walking.mark);
                }
                Target::Return => next = None,
                Target::Goto(into) => next = self.chain(into).and_then(|chain| chain.first),
                Target::Jump(into) | Target::Base(into) => {
                    if matches!(target, Target::Base(_)) && behind.is_empty() {
                        base = Some(next);
                    }
                    // Chains do not jump in a circle, so there is a place for each on the way.
                    let _ = behind.push(next);
                    next = self.chain(into).and_then(|chain| chain.first);
                }
            }
        }
        let verdict = match self.chain(ChainId::of(hook)).map(|chain| chain.policy) {
            Some(Policy::Drop) => RawVerdict::Drop,
            _ => self.settled(hook, &said),
        };
        (verdict, walking.mark)
    }

    /// What becomes of a packet at the end of its walk, of which that was said; counts what only
    /// now is known to have had its way.
    fn settled(&mut self, hook: Hook, said: &Said<RuleId>) -> RawVerdict {
        for id in said.full_rules() {
            if let Some(rule) = self.rules.get_mut(usize::from(id.0)) {
                let count = rule.count_mut(hook);
                count.effective = count.effective.wrapping_add(1);
            }
        }
        said.verdict()
    }
}

impl<const RULES: usize, const CHAINS: usize, const POLICIES: usize, S: Sets> Raw
    for RawTable<RULES, CHAINS, POLICIES, S>
{
    fn classify(&mut self, packet: &Packet<'_>) -> RawVerdict {
        let at = |hook, mark| Walking { hook, packet, mark, state: None };
        match packet.seen.path {
            Path::Arrives => self.walk(at(Hook::Prerouting, 0), Tracking::Open).0,
            Path::Local => self.walk(at(Hook::Output, 0), Tracking::Open).0,
            Path::Loops => {
                let (verdict, mark) = self.walk(at(Hook::Output, 0), Tracking::Open);
                // PREROUTING changes nothing any more: even a DROP there comes after the entry was
                // confirmed.
                match verdict {
                    RawVerdict::Track(_) => {
                        self.walk(at(Hook::Prerouting, mark), Tracking::AtOutput);
                    }
                    RawVerdict::NoTrack => {
                        self.walk(at(Hook::Prerouting, mark), Tracking::Never);
                    }
                    RawVerdict::Drop => {}
                }
                verdict
            }
        }
    }

    fn timeouts(&self, id: PolicyId) -> Option<&TimeoutPolicy> {
        self.timeouts.get(id.index())
    }
}
