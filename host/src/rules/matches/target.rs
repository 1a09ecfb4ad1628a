//! The options that name a rule's target, and what that does.

use keeptrack_core::raw::Target;

use super::{Given, Parser, Purpose, RuleTarget, unsupported};
use crate::diagnostic::Fault;
use crate::rules::names::{FULL, MARK, OTHER_TARGETS, Opt, REFUSED_TARGETS, lists};
use crate::rules::words::Word;

impl Parser<'_> {
    pub(super) fn jump(&mut self, given: Given<'_>, opt: Opt) -> Result<(), Fault> {
        let value = self.value(given)?;
        self.check_target(value)?;
        let is_mark = value.text == MARK && self.standing.purpose == Purpose::Raw;
        if lists(OTHER_TARGETS, &value.text) && !is_mark {
            let what = format!("the target `{}`", value.text);
            return Err(unsupported(value.span.clone(), &what));
        }
        self.target = Some((value, opt));
        Ok(())
    }

    /// That a bridge can do that, if the rule is one of a bridge, and that this table may.
    fn check_target(&self, target: &Word) -> Result<(), Fault> {
        let name = target.text.as_str();
        let is_of_raw = matches!(name, "NOTRACK" | "CT" | "TRACE");
        match self.standing.purpose {
            Purpose::Raw => return Ok(()),
            Purpose::BridgeFilter if is_of_raw => return Err(behind_tracking(target)),
            Purpose::BridgeRaw | Purpose::BridgeFilter => {}
        }
        match REFUSED_TARGETS.iter().find(|(refused, ..)| *refused == name) {
            None => Ok(()),
            Some((_, why, help)) => {
                let title = format!("`{name}` has no place at a bridge");
                Err(Fault::new(target.span.clone(), title).label(*why).help(*help))
            }
        }
    }

    pub(super) fn checked_target(&mut self) -> Result<RuleTarget, Fault> {
        let Some((word, opt)) = self.target else {
            return Ok(RuleTarget::BuiltIn(Target::Continue));
        };
        if opt == Opt::Goto {
            return Ok(RuleTarget::Goto(word.clone()));
        }
        Ok(RuleTarget::BuiltIn(match word.text.as_str() {
            "NOTRACK" => Target::NoTrack,
            "CT" => self.ct_target()?,
            MARK => self.mark_target(word)?,
            FULL if self.full.is_asked() => self.full_target()?,
            "ACCEPT" => Target::Accept,
            "DROP" => Target::Drop,
            "RETURN" => Target::Return,
            "LOG" | "NFLOG" | "TRACE" => Target::Continue,
            _ => return Ok(RuleTarget::Jump(word.clone())),
        }))
    }
}

/// What the filter table comes too late for.
pub(super) fn behind_tracking(target: &Word) -> Fault {
    let title = format!("`{}` has no place in the filter table", target.text);
    Fault::new(target.span.clone(), title)
        .label("the packet has been tracked before")
        .help("put the rule into PREROUTING of the raw table")
}
