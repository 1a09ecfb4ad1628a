//! Several policies in one word: `--compare refuse,early-drop,linux:buckets=1024,seed=3,ranked`.

use std::str::FromStr;

use super::{Spec, names};

/// Policies to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specs(pub Vec<Spec>);

impl Specs {
    /// What stands for every policy there is.
    pub(crate) const ALL: &str = "all";
    /// The most at once.
    const MAX: usize = 100;
}

impl FromStr for Specs {
    type Err = String;

    /// A part that has `=` before any `:` belongs to the policy before it.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words: Vec<String> = Vec::new();
        for part in text.split(',') {
            let is_key = part.split_once('=').is_some_and(|(key, _)| !key.contains(':'));
            match (words.last_mut(), is_key) {
                (Some(word), true) => {
                    word.push(if word.contains(':') { ',' } else { ':' });
                    word.push_str(part);
                }
                (None, true) => {
                    return Err(format!(
                        "`{part}` is of no policy: write its name first, `linux:{part}`"
                    ));
                }
                (_, false) => words.push(part.to_owned()),
            }
        }
        let mut specs: Vec<Spec> = Vec::new();
        for word in words {
            let some = match word.as_str() {
                Self::ALL => names().map(str::parse).collect::<Result<Vec<Spec>, _>>()?,
                word if word.contains(['.', '/']) && !word.contains(':') => {
                    return Err(format!(
                        "`{word}` looks like a capture: write `--compare all {word}`"
                    ));
                }
                word => vec![word.parse()?],
            };
            for spec in some {
                if specs.contains(&spec) {
                    return Err(format!("`{spec}` comes twice"));
                }
                specs.push(spec);
            }
        }
        if specs.iter().map(|spec| spec.seeds().unwrap_or(1)).sum::<u64>() > Self::MAX as u64 {
            return Err(format!("more than {} runs at once", Self::MAX));
        }
        Ok(Self(specs))
    }
}

#[cfg(test)]
mod tests {
    use super::Specs;

    fn parsed(text: &str) -> Result<Vec<String>, String> {
        let Specs(specs) = text.parse()?;
        Ok(specs.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_parameter_belongs_to_the_policy_before_it() {
        let text = "refuse,ranked:source=none,reserve=ssh/9+bgp/2%,adaptive:start=50%,with=ranked";
        let expected =
            ["refuse", "ranked:source=none,reserve=ssh/9+bgp/2%", "adaptive:start=50%,with=ranked"];
        assert_eq!(parsed(text).unwrap(), expected);
        assert_eq!(parsed("ranked,source=none").unwrap(), ["ranked:source=none"]);
        for wrong in
            ["", "source=5", "refuse,", "refuse,refuse", "refuse,all", "early-drop:seeds=101"]
        {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let cases = [
            ("rankd", "did you mean `ranked`?"),
            ("relay.pcap", "write `--compare all relay.pcap`"),
            ("ranked:surce=5%", "did you mean `source`?"),
            ("ranked:source=0", "write a number of entries, a share (`75%`) or `none`"),
            ("ranked:v4=33", "1 to 32"),
            ("ranked:v6=128", "1 to 64"),
            ("ranked:reserve=ssh", "`ssh` is not CLASS/SLOTS"),
            ("ranked:reserve=a/1+a/2", "`a` comes twice"),
            ("refuse:v4=24", "write a cap"),
            ("refuse:seed=1", "`seed` is no parameter"),
            ("ranked:", "no parameter behind"),
            ("ranked:source", "write `key=value`"),
            ("adaptive:with=rankd", "did you mean `ranked`?"),
            ("adaptive:seed=1", "`seed` is for `with=early-drop` and `with=ranked`"),
            ("early-drop:seeds=0", "1 to 100"),
            ("early-drop:seed=x", "`x` is no number"),
        ];
        for (text, said) in cases {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
