//! What the rules that one packet has met so far say of its tracking, and which of them are heard.

use super::table::Target;
use super::{EarlyState, RawVerdict, Template, WhenFull};

/// How far the tracking of a packet is settled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// No rule has said a word.
    Open,
    /// A rule has said how it is tracked.
    ByRule,
    /// A rule has said that it is not.
    Never,
    /// It is tracked already, at OUTPUT.
    AtOutput,
}

/// What became of what a rule said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It has its way.
    Now,
    /// Whether it has its way is known at the end of the walk, from [`Said::full_rules`].
    Later,
    /// It says what a rule before has settled.
    Never,
    /// The packet is tracked already.
    TooLate,
}

/// What rules that are walked one by one say, by the order of [`RawTable`](super::RawTable): for
/// walks over rules of another form. `R` is how a rule is named whose effects are counted.
pub struct Said<R = ()> {
    tracking: Tracking,
    template: Template,
    full: WhenFull,
    /// The rules that have said the class, and what a refused packet gets.
    full_rules: [Option<R>; 2],
}

impl Said {
    /// Nothing yet, of a packet that arrives.
    #[must_use]
    pub const fn new() -> Self {
        Self::nothing(Tracking::Open)
    }

    /// The packet meets a rule of that target. Those that say nothing of its tracking change nothing.
    pub fn meet(&mut self, target: Target) {
        self.hear(target, ());
    }
}

impl Default for Said {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Copy + PartialEq> Said<R> {
    /// Nothing yet, of a packet whose tracking may be settled before.
    pub(super) const fn nothing(tracking: Tracking) -> Self {
        let full = WhenFull { class: None, refused: None };
        Self { tracking, template: Template::NONE, full, full_rules: [None; 2] }
    }

    /// Hears the target of a rule that the packet meets, one of those that say something of its
    /// tracking.
    pub(super) fn hear(&mut self, target: Target, rule: R) -> Heard {
        match (self.tracking, target) {
            (Tracking::AtOutput, _) => Heard::TooLate,
            (Tracking::Open, Target::NoTrack) => {
                self.tracking = Tracking::Never;
                Heard::Now
            }
            (Tracking::Open, Target::Ct(template)) => {
                self.tracking = Tracking::ByRule;
                self.template = template;
                Heard::Now
            }
            (Tracking::Open | Tracking::ByRule, Target::Full(full)) => self.hear_full(full, rule),
            _ => Heard::Never,
        }
    }

    /// What the packet is to connections so far.
    pub(super) const fn state(&self) -> Option<EarlyState> {
        match self.tracking {
            Tracking::Open => Some(EarlyState::Invalid),
            Tracking::Never => Some(EarlyState::Untracked),
            Tracking::ByRule | Tracking::AtOutput => None,
        }
    }

    fn hear_full(&mut self, full: WhenFull, rule: R) -> Heard {
        let [class_rule, refused_rule] = &mut self.full_rules;
        if self.full.class.is_none() && full.class.is_some() {
            self.full.class = full.class;
            *class_rule = Some(rule);
        }
        if self.full.refused.is_none() && full.refused.is_some() {
            self.full.refused = full.refused;
            *refused_rule = Some(rule);
        }
        Heard::Later
    }

    /// What becomes of the packet, if no rule drops it.
    #[must_use]
    pub fn verdict(&self) -> RawVerdict {
        if self.tracking == Tracking::Never {
            return RawVerdict::NoTrack;
        }
        RawVerdict::Track(Template {
            class: self.full.class.or(self.template.class),
            refused: self.full.refused.unwrap_or(self.template.refused),
            ..self.template
        })
    }

    /// The rules that say what a full table does with the packet, each once; none if it is
    /// untracked.
    pub(super) fn full_rules(&self) -> impl Iterator<Item = R> {
        let [class_rule, refused_rule] = self.full_rules;
        let refused_rule = refused_rule.filter(|rule| Some(*rule) != class_rule);
        let is_tracked = self.tracking != Tracking::Never;
        class_rule.into_iter().chain(refused_rule).filter(move |_| is_tracked)
    }
}
