//! What tables are set up with: settings, rules and policies as typed, or the configuration of a
//! gateway.

use std::path::Path;

use keeptrack_core::Config;

use crate::error::Error;
use crate::firmware_config::{Filter, Image};
use crate::on_full::Spec;
use crate::options::{MAX_ENTRIES, World};
use crate::rules::{Known, RuleSet, Texts, Unknown};
use crate::settings::Settings;

/// What every table of a replay is set up with.
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    pub(crate) rules: RuleSet,
    /// What these were read from.
    pub(crate) texts: Texts,
    /// The policy of each table; none: the usual one.
    pub(crate) specs: Vec<Spec>,
    /// The entries of each; `None`: they grow.
    pub(crate) max: Option<usize>,
    /// The filter behind tracking: a gateway's.
    pub(crate) filter: Option<Filter>,
}

impl Setup {
    /// What was typed, with those policies.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(crate) fn of(world: &World, specs: &[Spec]) -> Result<Self, Error> {
        match &world.firmware_config {
            Some(image) => Self::of_image(world, image),
            None => Self::of_texts(world, specs.to_vec()),
        }
    }

    fn of_texts(world: &World, specs: Vec<Spec>) -> Result<Self, Error> {
        let settings = Settings::load(&world.config)?;
        let config = settings.apply(world.preset.config());
        let unknown = if world.allow_unknown { Unknown::MatchesNothing } else { Unknown::Refused };
        let known = Known::new(world.local.clone(), unknown);
        let policies = (world.timeout_policies.as_slice(), &config.timeouts);
        let (texts, rules) = Texts::load(&world.rules, policies, known)?;
        let max = match (world.max, settings.max()) {
            (None, Some((max, origin))) if max > MAX_ENTRIES => {
                return Err(Error::TooManyEntries(max, origin.to_string()));
            }
            (typed, set) => typed.or(set.map(|(max, _)| max)),
        };
        Ok(Self { settings, config, rules, texts, specs, max, filter: None })
    }

    /// A gateway uses as many slots as its configuration says, of those that its board has.
    fn of_image(world: &World, image: &Path) -> Result<Self, Error> {
        let image = Image::open(image)?;
        let settings = Settings::of_gateway_text(image.source())?;
        let config = settings.gateway_config();
        let (texts, rules) = Texts::of_gateway_text(image.source())?;
        let policy = settings.gateway().and_then(|own| own.on_full.as_ref());
        let set = settings.max().map(|(max, _)| max);
        let max = match (world.max, set) {
            (Some(slots), Some(max)) => Some(slots.min(max)),
            (slots, max) => slots.or(max.filter(|max| *max <= MAX_ENTRIES)),
        };
        // It has no effect on a table that grows.
        let specs = policy.filter(|_| max.is_some()).map(|(spec, _)| spec.clone());
        let specs = specs.into_iter().collect();
        let filter = Some(image.filter());
        Ok(Self { settings, config, rules, texts, specs, max, filter })
    }
}
