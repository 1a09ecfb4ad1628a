//! The options of `-j CT`: where connections are looked up, and what those have that begin.

use keeptrack_core::raw::{Helper, PolicyId, Target, Template, Test};
use keeptrack_core::{Protocol, Zone};

use super::{Given, Parser, Purpose, flag, needs, once, unsupported};
use crate::diagnostic::Fault;
use crate::rules::names::{EVENTS, EXPECTATION_EVENTS, OTHER_HELPERS, Opt, lists};
use crate::rules::policies;
use crate::rules::words::Word;

/// What stands behind `-j CT`.
#[derive(Debug, Default)]
pub(super) struct Ct<'w> {
    has_notrack: bool,
    zone: Option<Zone>,
    timeouts: Option<(&'w Word, &'w Word)>,
    helper: Option<(&'w Word, &'w Word)>,
    ct_events: bool,
    expectation_events: bool,
}

impl Ct<'_> {
    /// Whether it says which events are told.
    pub(super) const fn chooses_events(&self) -> bool {
        self.ct_events || self.expectation_events
    }
}

impl<'w> Parser<'w> {
    pub(super) fn ct(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        if self.target.is_none_or(|(word, _)| word.text != "CT") {
            return Err(needs(given, "-j CT"));
        }
        match opt {
            Opt::NoTrack => flag(&mut self.ct.has_notrack, given),
            Opt::Zone => {
                let zone = zone(self.value(given)?)?;
                once(&mut self.ct.zone, zone, given)
            }
            Opt::OneWayZone => Err(one_way(given)),
            Opt::Timeout | Opt::Helper if self.standing.purpose != Purpose::Raw => {
                Err(not_at_a_bridge(given, opt))
            }
            Opt::Timeout => {
                let name = self.value(given)?;
                once(&mut self.ct.timeouts, (given.word, name), given)
            }
            Opt::Helper => {
                let name = self.value(given)?;
                once(&mut self.ct.helper, (given.word, name), given)
            }
            Opt::CtEvents => {
                events(self.value(given)?, EVENTS)?;
                flag(&mut self.ct.ct_events, given)
            }
            _ => {
                events(self.value(given)?, EXPECTATION_EVENTS)?;
                flag(&mut self.ct.expectation_events, given)
            }
        }
    }

    /// What `-j CT` does. `--notrack` makes all else void, as in the kernel.
    pub(super) fn ct_target(&self) -> Result<Target, Fault> {
        if self.ct.has_notrack {
            return Ok(Target::NoTrack);
        }
        let zone = self.ct.zone.unwrap_or_default();
        let timeouts = match self.ct.timeouts {
            Some((option, name)) => Some(self.timeouts(option, name)?),
            None => None,
        };
        let helper = match self.ct.helper {
            Some((option, name)) => Some(self.helper(option, name)?),
            None => None,
        };
        Ok(Target::Ct(Template { zone, timeouts, helper, ..Template::NONE }))
    }

    /// The policy called `name`, which must be for the packets of this rule.
    fn timeouts(&self, option: &Word, name: &Word) -> Result<PolicyId, Fault> {
        let fault = |title: String| Fault::new(name.span.clone(), title);
        let text = &name.text;
        let policies = self.standing.policies;
        let Some(policy) = policies.find(text) else {
            let fault = fault(format!("no timeout policy is called `{text}`"));
            let known: Vec<&str> = policies.names().take(10).collect();
            if known.is_empty() {
                return Err(fault.label("none was given").help(format!(
                    "give what `nfct list timeout` prints with `{}`",
                    policies::OPTION
                )));
            }
            return Err(fault
                .label("not in the files of policies")
                .did_you_mean(text, policies.names())
                .note(format!("there are: {}", known.join(", "))));
        };
        let protocol = self.one_protocol(option)?;
        let family = crate::rules::family::name;
        if policy.family != self.standing.family {
            let title = format!("the timeout policy `{text}` is for {}", family(policy.family));
            let label = format!("this rule is for {}", family(self.standing.family));
            return Err(fault(title).label(label));
        }
        if !policy.is_for(protocol) {
            let of = policy.protocol_name();
            let title = format!("the timeout policy `{text}` is for {of}");
            return Err(fault(title).label(format!("the `-p` of this rule is not {of}")));
        }
        Ok(policy.id)
    }

    /// The helper called `name`, which must be for the packets of this rule.
    fn helper(&self, option: &Word, name: &Word) -> Result<Helper, Fault> {
        let text = name.text.as_str();
        let Some(helper) = Helper::ALL.iter().find(|helper| helper.name() == text) else {
            let known: Vec<&str> = Helper::ALL.iter().map(|helper| helper.name()).collect();
            let there_are = format!("there is: {}", known.join(", "));
            if lists(OTHER_HELPERS, text) {
                let fault = unsupported(name.span.clone(), &format!("the helper `{text}`"));
                return Err(fault.note(there_are));
            }
            return Err(Fault::new(name.span.clone(), format!("no helper is called `{text}`"))
                .label("not a helper of Linux")
                .did_you_mean(text, known)
                .note(there_are));
        };
        let protocol = self.one_protocol(option)?;
        match helper {
            Helper::Ftp if protocol != Protocol::TCP => {
                let title = format!("the helper `{text}` is for tcp");
                Err(Fault::new(name.span.clone(), title).label("the `-p` of this rule is not tcp"))
            }
            Helper::Ftp => Ok(*helper),
        }
    }

    /// The protocol of the rule's packets, which `option` needs.
    fn one_protocol(&self, option: &Word) -> Result<Protocol, Fault> {
        match self.matches.protocol {
            Test::Is(protocol) => Ok(protocol),
            _ => {
                let title = format!("`{}` without `-p`", option.text);
                Err(Fault::new(option.span.clone(), title)
                    .label("needs the one protocol that it is for, without `!`"))
            }
        }
    }
}

/// What the gateway's image has no place for.
fn not_at_a_bridge(given: Given<'_>, opt: Opt) -> Fault {
    let fault = given.fault(format!("`{}` has no place at the gateway", given.word.text));
    match opt {
        Opt::Helper => fault
            .label("it listens to no connection, to foretell others")
            .help("let in what the helper would expect by a rule of FORWARD"),
        _ => fault
            .label("its image holds one policy of timeouts, for all connections")
            .help("set that by `--config nf_conntrack_NAME=SECONDS`"),
    }
}

fn zone(value: &Word) -> Result<Zone, Fault> {
    let text = value.text.as_str();
    let fault = |title: String| Fault::new(value.span.clone(), title);
    if text == "mark" {
        return Err(fault("a zone from the mark is not supported by this version".to_owned())
            .label("packets have no mark here")
            .help("make a rule for each zone, with its number"));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(fault(format!("zone `{text}` begins with 0"))
            .label("iptables would read it as octal or hexadecimal"));
    }
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Zone).ok_or_else(|| fault(format!("`{text}` is not a zone")).label("0-65535"))
}

/// `--zone-orig` and `--zone-reply`
fn one_way(given: Given<'_>) -> Fault {
    let what = format!("`{}`", given.word.text);
    Fault::new(given.word.span.clone(), format!("{what} is not supported by this version"))
        .label("a zone is of both directions here")
        .help("without NAT, `--zone` with one number in the rules of both directions does as well")
}

/// The events that an option names.
fn events(value: &Word, known: &[&str]) -> Result<(), Fault> {
    let mut start = 0;
    for name in value.text.split(',') {
        let part = value.part(start..start + name.len());
        if !known.contains(&name) {
            return Err(Fault::new(part, format!("unknown event `{name}`"))
                .label(format!("one of: {}", known.join(", "))));
        }
        start += name.len() + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use keeptrack_core::TimeoutPolicy;
    use keeptrack_core::raw::Family;

    use super::super::{Purpose, RuleTarget, Standing, parse};
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::rules::Known;
    use crate::rules::classes::Classes;
    use crate::rules::policies::Policies;
    use crate::rules::sets::HostSets;
    use crate::rules::words::{Syntax, split};
    use crate::source::Source;

    const POLICIES: &str = "nfct add timeout web inet tcp close 10\n\
        nfct add timeout any inet generic timeout 9\nnfct add timeout six inet6 tcp close 8\n";

    /// The target, or the words that are marked and what is said of them.
    fn parsed(line: &str, policies: &str) -> Result<Target, (String, String)> {
        let source = Source::new("p".to_owned(), policies.to_owned());
        let policies = Policies::gathered([Ok(source)].into_iter(), &TimeoutPolicy::LINUX).unwrap();
        let words = split(line, 0..line.len(), Syntax::Save).unwrap();
        let (classes, sets) = (&mut Classes::default(), &mut HostSets::default());
        let (purpose, family, known) = (Purpose::Raw, Family::V4, &Known::default());
        let policies = &policies;
        let standing = Standing { purpose, family, hook: None, policies, classes, known, sets };
        match parse(&words, standing) {
            Ok(rule) => match rule.target {
                RuleTarget::BuiltIn(target) => Ok(target),
                other => panic!("{other:?}"),
            },
            Err(fault) => {
                let marked = line[fault.span.clone()].to_owned();
                let file = Source::new("f".to_owned(), line.to_owned());
                Err((marked, Diagnostic::new(fault, &file).to_string()))
            }
        }
    }

    #[test]
    fn a_template_is_all_that_its_options_say() {
        let id = PolicyId::at;
        let none = Template::NONE;
        let ftp = Some(Helper::Ftp);
        let cases = [
            ("-j CT", none),
            ("-j CT --zone 65535", Template { zone: Zone(65535), ..none }),
            ("-p tcp -j CT --timeout web", Template { timeouts: id(0), ..none }),
            ("-j CT --timeout any -p esp", Template { timeouts: id(1), ..none }),
            (
                "-p tcp -j CT --helper ftp --timeout web --zone 7",
                Template { zone: Zone(7), timeouts: id(0), helper: ftp, ..none },
            ),
            ("-j CT --ctevents new,destroy --expevents new", none),
        ];
        for (line, template) in cases {
            assert_eq!(parsed(line, POLICIES), Ok(Target::Ct(template)), "{line}");
        }
        let untracked = parsed("-j CT --zone 5 --helper ftp --notrack", "");
        assert_eq!(untracked, Ok(Target::NoTrack), "as in the kernel, it wins, and needs no -p");
    }

    #[test]
    fn what_iptables_or_the_kernel_refuses_is_marked_at_its_word() {
        let cases = [
            ("-j CT --zone 65536", "65536", "0-65535"),
            ("-j CT --zone 010", "010", "octal"),
            ("-j CT --zone mark", "mark", "help: make a rule for each zone"),
            ("-j CT --zone-orig 5", "--zone-orig", "help: without NAT, `--zone` with one number"),
            ("-j CT --zone-reply 5", "--zone-reply", "not supported"),
            ("-j CT --zone 5 --zone 6", "--zone", "comes twice"),
            ("-j CT --notrack --notrack", "--notrack", "comes twice"),
            ("-j CT ! --zone 5", "!", "cannot be inverted"),
            ("--zone 5 -j CT", "--zone", "without `-j CT`"),
            ("-j NOTRACK --zone 5", "--zone", "without `-j CT`"),
            ("-j CT --timeout web", "--timeout", "without `-p`"),
            ("! -p tcp -j CT --timeout web", "--timeout", "without `!`"),
            ("-p udp -j CT --timeout web", "web", "is for tcp"),
            ("-p udplite -j CT --timeout any", "any", "is for generic"),
            ("-p tcp -j CT --timeout six", "six", "is for IPv6"),
            ("-p tcp -j CT --timeout wbe", "wbe", "note: there are: any, six, web"),
            ("-j CT --helper ftp", "--helper", "without `-p`"),
            ("-p udp -j CT --helper ftp", "ftp", "is for tcp"),
            ("-p udp -j CT --helper sip", "sip", "note: there is: ftp"),
            ("-p tcp -j CT --helper FTP", "FTP", "help: did you mean `ftp`?"),
            ("-j CT --ctevents new,nwe", "nwe", "one of: new, related"),
            ("-j CT --expevents destroy", "destroy", "one of: new"),
        ];
        for (line, marked, said) in cases {
            let (word, message) = parsed(line, POLICIES).unwrap_err();
            assert_eq!(word, marked, "{line}");
            assert!(message.contains(said), "{line}: {message}");
        }
        let (_, message) = parsed("-p tcp -j CT --timeout web", "").unwrap_err();
        assert!(message.contains("prints with `--timeout-policies`"), "{message}");
    }
}
