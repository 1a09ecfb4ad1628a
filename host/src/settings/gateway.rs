//! The settings that only the gateway has, and what Linux's are to it.

use keeptrack_core::Config;
use keeptrack_gateway::settings::{Fail, LogLevel};

use super::names::{Effect, Frag, Without};
use super::{Ignored, Origin, Settings};
use crate::diagnostic::nearest;
use crate::on_full::Spec;

/// How the names of all begin.
const BEGIN: &str = "keeptrack";
const FAIL: &str = "keeptrack.fail";
const LOG: &str = "keeptrack.log";
const ON_FULL: &str = "keeptrack.on_full";
const NAMES: [&str; 3] = [FAIL, LOG, ON_FULL];

const BY_LOG: &str = "`keeptrack.log` says what the gateway logs";
const NO_BUCKETS: &str = "the gateway's table has as many buckets as entries";
const NO_COUNTERS: &str = "the gateway's table has no counters of connections";
const NO_HELPERS: &str = "the gateway has no helpers";
const NO_QUEUES: &str = "the gateway holds no parts of datagrams: they follow the first of them";

/// What is set of them.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    /// What passes while there are no rules.
    pub(crate) fail: Option<Fail>,
    /// What is logged.
    pub(crate) log: Option<LogLevel>,
    /// What happens when the table is full, and where that is set.
    pub(crate) on_full: Option<(Spec, Origin)>,
}

/// What is wrong with a setting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// Which of its words.
    pub(super) word: BadWord,
    pub(super) title: String,
    pub(super) label: String,
    /// What it was perhaps to be.
    pub(super) meant: Option<String>,
}

/// One of the two words of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadWord {
    Name,
    Value,
}

impl Gateway {
    /// Whether a name is one of the gateway's, or is to be.
    pub(super) fn has(name: &str) -> bool {
        name.strip_prefix(BEGIN).is_some_and(|end| end.starts_with(['.', '/']))
    }

    /// Takes in a setting.
    pub(super) fn set(&mut self, name: &str, value: &str, origin: Origin) -> Result<(), Bad> {
        let name = name.replace('/', ".");
        let name = name.as_str();
        let value = plain(name, value)?;
        match name {
            FAIL => self.fail = Some(one_of(name, &Fail::ALL, Fail::name, value)?),
            LOG => self.log = Some(one_of(name, &LogLevel::ALL, LogLevel::name, value)?),
            ON_FULL => self.on_full = Some((policy(value)?, origin)),
            _ => {
                return Err(Bad {
                    word: BadWord::Name,
                    title: format!("unknown setting `{name}`"),
                    label: format!("the gateway has {}", NAMES.join(", ")),
                    meant: nearest(name, NAMES).map(str::to_owned),
                });
            }
        }
        Ok(())
    }
}

impl Settings {
    /// How a gateway tracks: sums are verified only if that is asked for, and on a wire an unfinished
    /// one is a wrong one.
    pub(crate) fn gateway_config(&self) -> Config {
        Config { unfinished_sums: false, ..self.apply(Config::LINUX) }
    }

    /// How many of its slots a gateway uses.
    pub(crate) fn gateway_max(&self) -> Option<u32> {
        let (max, _) = self.value("nf_conntrack_max")?;
        Some(u32::try_from(max).unwrap_or(u32::MAX))
    }

    /// The settings of conntrack that are not as usual and have no effect at a gateway, by name.
    pub(crate) fn ignored_by_gateway(&self) -> impl Iterator<Item = Ignored<'_>> {
        self.by_name.iter().filter_map(|(name, setting)| {
            let Without { why, usual } = at_gateway(name, setting.effect)?;
            let (value, origin) = (setting.value, &setting.origin);
            (!usual.contains(&value)).then_some(Ignored { name, value, origin, why })
        })
    }
}

/// What a setting is to the gateway, if it has no effect there.
fn at_gateway(name: &str, effect: Effect) -> Option<Without> {
    let without = |why, usual| Some(Without { why, usual });
    match effect {
        Effect::Timeout(_)
        | Effect::Max
        | Effect::Loose
        | Effect::BeLiberal
        | Effect::IgnoreInvalidRst
        | Effect::MaxRetrans
        | Effect::Checksum
        | Effect::Reading => None,
        Effect::Buckets | Effect::HashSize => without(NO_BUCKETS, &[]),
        Effect::Acct | Effect::Timestamp => without(NO_COUNTERS, &[0]),
        Effect::ExpectMax => without(NO_HELPERS, &[]),
        Effect::Frag(Frag::Time) => without(NO_QUEUES, &[30]),
        Effect::Frag(Frag::Time6) => without(NO_QUEUES, &[60]),
        Effect::Frag(Frag::MaxDist) => without(NO_QUEUES, &[64]),
        Effect::Frag(Frag::HighThresh | Frag::HighThresh6) => without(NO_QUEUES, &[4_194_304]),
        Effect::Without(Without { usual: [], .. }) => None,
        Effect::Without(Without { why, usual }) => match name {
            "nf_conntrack_events" | "nf_conntrack_log_invalid" => without(BY_LOG, usual),
            _ => without(why, usual),
        },
    }
}

/// The one word of a value; a comment may stand behind it.
fn plain<'v>(name: &str, value: &'v str) -> Result<&'v str, Bad> {
    let mut words = value.split_whitespace();
    match (words.next(), words.next()) {
        (Some(word), rest) if rest.is_none_or(|rest| rest.starts_with(['#', ';'])) => Ok(word),
        (None, _) => Err(Bad {
            word: BadWord::Name,
            title: format!("`{name}` has no value"),
            label: "`= VALUE` is missing".to_owned(),
            meant: None,
        }),
        (Some(_), _) => {
            Err(Bad::of_value(format!("`{value}` is more than one word"), String::new()))
        }
    }
}

impl Bad {
    const fn of_value(title: String, label: String) -> Self {
        Self { word: BadWord::Value, title, label, meant: None }
    }
}

/// The one of all values that has this word.
fn one_of<T: Copy>(
    setting: &str,
    all: &[T],
    word: fn(T) -> &'static str,
    value: &str,
) -> Result<T, Bad> {
    let found = all.iter().copied().find(|one| word(*one) == value);
    found.ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
        let title = format!("`{value}` is no value of {setting}");
        let meant = nearest(value, words.iter().copied()).map(str::to_owned);
        Bad { meant, ..Bad::of_value(title, format!("one of: {}", words.join(", "))) }
    })
}

fn policy(value: &str) -> Result<Spec, Bad> {
    let bad = |wrong| Bad::of_value(wrong, "written as `--on-full` of `replay` has it".to_owned());
    let spec = Spec::alone(value).map_err(bad)?;
    spec.at_gateway().map_err(bad)?;
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn read(text: &str) -> Result<Settings, String> {
        let text = Source::new("gw.conf".to_owned(), text.to_owned());
        Settings::of_gateway_text(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_gateways_own_stand_among_those_of_linux() {
        let text = "keeptrack.fail = closed # as the owner wants\nkeeptrack/log=drops\n\
            sysctl -w keeptrack.on_full=refuse:source=5%\nkeeptrack.log=packets\n\
            net.netfilter.nf_conntrack_max = 512\nnet.netfilter.nf_conntrack_checksum=1\n";
        let settings = read(text).unwrap();
        let own = settings.gateway().unwrap();
        assert_eq!((own.fail, own.log), (Some(Fail::Closed), Some(LogLevel::Packets)));
        let (policy, origin) = own.on_full.as_ref().unwrap();
        assert_eq!(
            (policy.to_string(), origin.to_string()),
            ("refuse:source=5%".into(), "gw.conf:3".into())
        );
        assert_eq!(settings.gateway_max(), Some(512));
        let config = settings.gateway_config();
        assert!(config.checksum && !config.unfinished_sums);
    }

    #[test]
    fn what_is_wrong_is_marked_at_its_word() {
        let cases = [
            ("keeptrack.fial = open", "unknown setting `keeptrack.fial`", "1:1"),
            ("keeptrack.fail = opne", "`opne` is no value of keeptrack.fail", "1:18"),
            ("keeptrack.log = drops packets", "`drops packets` is more than one word", "1:17"),
            ("keeptrack.log =", "`keeptrack.log` has no value", "1:1"),
            ("keeptrack.on_full = linux", "`linux` is what another system does", "1:21"),
            ("keeptrack.on_full = rankd", "did you mean `ranked`?", "1:21"),
        ];
        for (text, said, place) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(said) && error.contains(&format!("gw.conf:{place}")), "{error}");
        }
    }

    #[test]
    fn what_means_nothing_to_a_gateway_is_named_unless_it_is_as_usual() {
        let text = "net.netfilter.nf_conntrack_acct=1\nnet.netfilter.nf_conntrack_timestamp=0\n\
            net.netfilter.nf_conntrack_buckets=512\nnet.netfilter.nf_conntrack_expect_max=4096\n\
            net.ipv4.ipfrag_time=30\nnet.netfilter.nf_conntrack_frag6_timeout=9\n\
            net.netfilter.nf_conntrack_log_invalid=255\nnet.netfilter.nf_conntrack_helper=1\n\
            net.netfilter.nf_conntrack_udp_timeout=9\nnet.netfilter.nf_conntrack_count=5\n";
        let settings = read(text).unwrap();
        let names: Vec<&str> = settings.ignored_by_gateway().map(|it| it.name).collect();
        let expected = ["acct", "buckets", "expect_max", "frag6_timeout", "helper", "log_invalid"];
        assert_eq!(names, expected.map(|end| format!("nf_conntrack_{end}")));
    }
}
