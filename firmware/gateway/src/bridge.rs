//! What is decided of a frame: whether it goes out at the other port, by whatever rules there are.

use keeptrack_core::{IfName, Instant, LinkType, OnRefusal, Packet, Path, Seen, Step, Tracked};

use crate::action::{Action, Dropped, Passed, Standing};
use crate::counts::Reason;
use crate::gateway::Round;
use crate::judge::{is_no_ip, judge};
use crate::log::Log;
use crate::loops::Loops;
use crate::port::{LinkState, Side};
use crate::rules::Rules;
use crate::settings::Fail;
use crate::table::Table;

/// The most steps of the table's wheel that one round takes; what is left over is found by the
/// next, and matches no packet until then.
pub const STEPS: usize = 32;

/// A bridge of two ports that asks its rules.
#[derive(Debug)]
pub(crate) struct Bridge<'m> {
    pub(crate) rules: Have<'m>,
    pub(crate) links: [LinkState; 2],
    loops: Loops,
}

/// The rules that there are.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of these, and no heap")]
pub(crate) enum Have<'m> {
    /// None yet, or damaged ones, and everything passes.
    NoneOpen,
    /// None yet, or damaged ones, and nothing passes.
    NoneClosed,
    /// Those of the configuration.
    Rules(Tracking<'m>),
}

/// A table, and the filter in front of it.
#[derive(Debug)]
pub(crate) struct Tracking<'m> {
    table: Table<'m>,
    filter: Rules<'m>,
    names: [Option<IfName>; 2],
}

impl<'m> Bridge<'m> {
    /// One without rules.
    ///
    /// It does not begin with the built-in ones: they may let in what the owner's do not.
    pub(crate) const fn failing(fail: Fail) -> Self {
        let rules = match fail {
            Fail::Open => Have::NoneOpen,
            Fail::Closed | Fail::Default => Have::NoneClosed,
        };
        Self { rules, links: [LinkState::Down; 2], loops: Loops::new() }
    }

    pub(crate) const fn table(&self) -> Option<&Table<'m>> {
        match &self.rules {
            Have::Rules(tracking) => Some(&tracking.table),
            Have::NoneOpen | Have::NoneClosed => None,
        }
    }

    /// Ends what has run out.
    pub(crate) fn expire(&mut self, now: Instant, log: &Log) -> Round {
        let Have::Rules(tracking) = &mut self.rules else { return Round::Done };
        for _ in 0..STEPS {
            match tracking.table.expire(now) {
                Step::Ended(ended) => log.ended(now, &ended),
                Step::Working => {}
                Step::Idle => return Round::Done,
            }
        }
        Round::Cut
    }

    /// What becomes of a frame that came in at `side`.
    pub(crate) fn decide(&mut self, now: Instant, side: Side, frame: &[u8]) -> Action<'_> {
        if *side.other().of(&mut self.links) == LinkState::Down {
            return dropped(Standing::Unasked, Reason::NoLink);
        }
        if self.loops.brought(side, now, frame) {
            return dropped(Standing::Unasked, Reason::Looped);
        }
        match &mut self.rules {
            Have::Rules(tracking) => tracking.decide(now, side, frame),
            Have::NoneOpen => Action::Forward(Passed::Plain(Standing::Unasked)),
            Have::NoneClosed => dropped(Standing::Unasked, Reason::Closed),
        }
    }
}

impl<'m> Tracking<'m> {
    pub(crate) fn new(table: Table<'m>, filter: Rules<'m>) -> Self {
        Self { table, filter, names: Side::BOTH.map(Side::if_name) }
    }

    /// What becomes of a frame: the lines of `keeptrack replay`, with an action where that has a
    /// report.
    fn decide(&mut self, now: Instant, side: Side, frame: &[u8]) -> Action<'_> {
        // Changed in its place: to move a packet costs as much as to read it.
        let mut parsed = Packet::parse(LinkType::Ethernet, frame);
        let packet = match &mut parsed {
            Ok(packet) => packet,
            Err(why) if is_no_ip(*why) => {
                return Action::Forward(Passed::Plain(Standing::Unasked));
            }
            Err(_) => return dropped(Standing::Unasked, Reason::Unreadable),
        };
        let input = side.of(&mut self.names).as_ref();
        packet.seen = Seen { path: Path::Arrives, input, output: None };
        let tracked = self.table.track(now, packet);
        let standing = match judge(&self.filter, side, packet, &tracked) {
            Ok(standing) => standing,
            Err((standing, why)) => return dropped(standing, why),
        };
        let Tracked::First(first) = tracked else {
            return Action::Forward(Passed::Plain(standing));
        };
        match first.confirm() {
            Ok(made) => Action::Forward(Passed::New(standing, made)),
            Err(refused) => match refused.then {
                OnRefusal::Bypass => Action::Forward(Passed::Bypassed(standing, refused)),
                OnRefusal::Drop => Action::Drop(standing, Dropped::Refused(refused)),
            },
        }
    }
}

const fn dropped(standing: Standing, why: Reason) -> Action<'static> {
    Action::Drop(standing, Dropped::For(why))
}
