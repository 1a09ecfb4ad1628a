//! From text to an image.

use std::path::PathBuf;

use keeptrack_core::raw::Policy;
use keeptrack_gateway::image::{self, ImageError, Plan, WriteError};
use keeptrack_gateway::rules::{Program, ProgramError, ProgramFault};
use keeptrack_gateway::settings::Amount;

use crate::capture::printable;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::on_full::Spec;
use crate::rules::{Compiled, GatewayRules};
use crate::settings::Settings;
use crate::units::Count;

/// An image, and what should be said of what it was made of.
pub(super) struct Made {
    pub(super) image: Vec<u8>,
    pub(super) notes: Vec<String>,
}

/// Compiles the rules of some files, and settings: files, or `NAME=VALUE`.
///
/// # Errors
/// All that is wrong with them.
pub(super) fn compile(rules: &[PathBuf], config: &[String]) -> Result<Made, Error> {
    let settings = Settings::load_gateway(config)?;
    let rules = GatewayRules::load(rules)?;
    let mut notes = notes(&settings, &rules);
    notes.extend(lost_settings(&rules, config));
    let without_rules = without_rules(&settings, &rules.classes)?;
    let (raw, filter) = (rules.raw.program.clone(), rules.filter.program.clone());
    let plan = Plan { raw, filter, ..without_rules };
    let image = image::write(&plan).map_err(|wrong| unwritable(wrong, &rules))?;
    Ok(Made { image, notes })
}

/// What the settings make of an image whose rules name these classes.
fn without_rules(settings: &Settings, classes: &[String]) -> Result<Plan, Error> {
    let own = settings.gateway();
    let (policy, origin) = match own.and_then(|own| own.on_full.as_ref()) {
        Some((policy, origin)) => (policy.clone(), Some(origin)),
        None => (Spec::ranked(), settings.max().map(|(_, origin)| origin)),
    };
    let place = origin.map_or(String::new(), |origin| format!("{origin}: "));
    let wrong = |wrong| refused(&format!("{place}keeptrack.on_full: {wrong}"));
    let plan = Plan {
        fail: own.and_then(|own| own.fail).unwrap_or_default(),
        log: own.and_then(|own| own.log).unwrap_or_default(),
        max: settings.gateway_max(),
        config: settings.gateway_config(),
        full: policy.at_gateway().map_err(wrong)?,
        reserves: policy.reserves_at_gateway(classes).map_err(wrong)?,
        raw: Program::empty(Policy::Accept),
        filter: Program::empty(Policy::Accept),
    };
    let with = plan.max.map(|max| format!(" with nf_conntrack_max = {}", Count(max.into())));
    let with = with.unwrap_or_default();
    fit(plan).map_err(|wrong| refused(&format!("{place}keeptrack.on_full{with}: {wrong}")))
}

/// The same, if a board can do it: one that has all slots that are asked for, or without a limit one
/// of any size.
fn fit(plan: Plan) -> Result<Plan, ImageError> {
    let most = usize::try_from(Amount::MAX).unwrap_or(usize::MAX);
    // What is too much for a large board may suit a small one: 60% is less than 500 there.
    let smaller = std::iter::successors(Some(1_usize), |slots| Some(slots + slots / 16 + 1));
    let mut smaller = smaller.take_while(|slots| plan.max.is_none() && *slots < most);
    match smaller.any(|slots| plan.clone().fit(slots).is_ok()) {
        true => Ok(plan),
        false => plan.fit(most),
    }
}

/// What should be said of what could be read.
fn notes(settings: &Settings, rules: &GatewayRules) -> Vec<String> {
    let mut notes = rules.notes();
    notes.extend(settings.ignored_by_gateway().map(|ignored| ignored.to_string()));
    let others = settings.other_count();
    if others > 0 {
        notes.push(format!(
            "settings that are neither conntrack's nor the gateway's, left out: {}",
            Count(others as u64)
        ));
    }
    notes
}

/// That files of rules hold settings which nobody reads.
fn lost_settings(rules: &GatewayRules, config: &[String]) -> impl Iterator<Item = String> {
    let lost = rules.files_with_settings().iter().filter(|file| !config.contains(file));
    lost.map(|file| format!("settings in {} have no effect: give it to -c too", printable(file)))
}

/// An error of something that has no place in a file.
fn refused(title: &str) -> Error {
    Error::Text(Diagnostic::without_place(title, None).into())
}

/// What no image holds, with the place of the rule that asks for it.
fn unwritable(wrong: WriteError, rules: &GatewayRules) -> Error {
    let place = match wrong {
        WriteError::Raw(error) => place(&rules.raw, error),
        WriteError::Filter(error) => place(&rules.filter, error),
        _ => None,
    };
    // The gateway counts what a walk meets, and that is the end of a chain as well.
    let counted = match wrong {
        WriteError::Raw(error) | WriteError::Filter(error) if error.why == ProgramFault::Walk => {
            ", and each end of a chain is one"
        }
        _ => "",
    };
    refused(&format!("{}{wrong}{counted}", place.unwrap_or_default()))
}

fn place(of: &Compiled, ProgramError { chain, rule, .. }: ProgramError) -> Option<String> {
    let source = of.sources.get(chain)?.get(rule.unwrap_or(0))?;
    Some(format!("{}:{}: ", source.file, source.line))
}
