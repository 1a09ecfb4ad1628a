//! `--iface`: which interfaces are looked at, and what they are called.

use std::fmt;
use std::str::FromStr;

use keeptrack_core::IfName;

/// Interfaces as typed: `lan0`, `2`, or `2=lan0,3`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Naming {
    /// Nothing was typed: all interfaces, with the capture's own names.
    #[default]
    Capture,
    /// The interface of this name; in a capture without names, the name of its one interface.
    One(IfName),
    /// These alone, by interface index (a cooked capture, version 2) or by the number of the
    /// interface in the file, from 0; names come before the capture's own.
    Numbered(Vec<(u32, Option<IfName>)>),
}

impl FromStr for Naming {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        if !typed.contains(['=', ',']) && typed.parse::<u32>().is_err() {
            return Ok(Self::One(if_name(typed)?));
        }
        let mut known: Vec<(u32, Option<IfName>)> = Vec::new();
        for part in typed.split(',') {
            let (number, name) = match part.split_once('=') {
                Some((number, name)) => (number, Some(if_name(name)?)),
                None => (part, None),
            };
            let number = number.parse().map_err(|_| {
                format!("`{number}` is not the number of an interface: write `2=lan0,3`")
            })?;
            if known.iter().any(|(other, _)| *other == number) {
                return Err(format!("interface {number} is there twice"));
            }
            known.push((number, name));
        }
        Ok(Self::Numbered(known))
    }
}

/// As it is typed.
impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture => Ok(()),
            Self::One(name) => write!(f, "{}", name.as_bytes().escape_ascii()),
            Self::Numbered(known) => {
                for (at, (number, name)) in known.iter().enumerate() {
                    write!(f, "{}{number}", if at == 0 { "" } else { "," })?;
                    if let Some(name) = name {
                        write!(f, "={}", name.as_bytes().escape_ascii())?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn if_name(name: &str) -> Result<IfName, String> {
    let max_len = IfName::MAX_LEN;
    IfName::new(name.as_bytes())
        .ok_or_else(|| format!("`{name}` is not an interface name (1 to {max_len} bytes)"))
}

#[cfg(test)]
mod tests {
    use super::{IfName, Naming};

    fn name(name: &str) -> IfName {
        IfName::new(name.as_bytes()).unwrap()
    }

    #[test]
    fn names_that_cannot_be_are_refused_by_the_word() {
        for (typed, word) in [
            ("", "``"),
            ("a-name-too-long", ""),
            ("a-name-too-long0", "`a-name-too-long0`"),
            ("lan0,wan0", "`lan0`"),
            ("2=lan0,x=wan0", "`x`"),
            ("2=lan0,wan0", "`wan0`"),
            ("2=", "``"),
            ("2,", "``"),
            ("2=a,2=b", "interface 2"),
            ("2,2", "interface 2"),
        ] {
            match typed.parse::<Naming>() {
                Ok(naming) => assert_eq!((word, naming), ("", Naming::One(name(typed)))),
                Err(error) => assert!(!word.is_empty() && error.contains(word), "{error}"),
            }
        }
    }

    #[test]
    fn numbers_may_have_names_and_are_shown_as_typed() {
        let two = Naming::Numbered(vec![(2, Some(name("lan0"))), (3, None)]);
        assert_eq!("2=lan0,3".parse(), Ok(two));
        for typed in ["lan0", "2", "2,3", "2=lan0,3", "0=a,7=b"] {
            assert_eq!(typed.parse::<Naming>().unwrap().to_string(), typed);
        }
    }
}
