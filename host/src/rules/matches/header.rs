//! The options that test interfaces and the IP header: `-i`, `-o`, `-s`, `-d`, `-p`.

use keeptrack_core::raw::Hook;

use super::{Addresses, Given, Parser, Purpose};
use crate::diagnostic::Fault;
use crate::rules::InterfaceTest;
use crate::rules::names::Opt;
use crate::rules::values;

impl Parser<'_> {
    pub(super) fn addresses(
        &mut self,
        given: Given<'_>,
        field: impl Fn(&mut Self) -> &mut Option<Addresses>,
    ) -> Result<(), Fault> {
        let value = self.value(given)?;
        let networks = values::networks(value, self.standing.family)?;
        if networks.len() > 1 && given.bang.is_some() {
            return Err(Fault::new(value.span.clone(), "`!` with several addresses")
                .label("iptables refuses it: each would become a rule of its own")
                .help("jump to a chain that returns for each of the addresses"));
        }
        let tests = networks.into_iter().map(|network| given.test(network)).collect();
        match field(self).replace(tests) {
            None => Ok(()),
            Some(_) => Err(given.twice()),
        }
    }

    pub(super) fn interface(&mut self, given: Given<'_>, opt: Opt) -> Result<(), Fault> {
        let option = &given.word.text;
        let place = self.standing.hook.map_or("the raw table", Hook::name);
        let refused = match (opt, self.standing.hook, self.standing.purpose) {
            (Opt::Output, Some(Hook::Prerouting), _) | (Opt::Output, None, Purpose::BridgeRaw) => {
                Some("not routed yet: it has no output")
            }
            (Opt::Input, Some(Hook::Output), _) => Some("this host sends it: it has no input"),
            _ => None,
        };
        if let Some(label) = refused {
            let title = format!("`{option}` cannot be used in {place}");
            return Err(given.fault(title).label(label));
        }
        let value = self.value(given)?;
        let test = match (values::interface(value)?, given.bang) {
            (Some(pattern), _) => given.test(pattern),
            (None, None) => return Ok(()),
            (None, Some(bang)) => {
                return Err(Fault::new(bang.span.start..value.span.end, "a rule for no packet")
                    .label("every interface is a `+`"));
            }
        };
        self.check_port(given, value, &test)?;
        let bang = given.bang.map_or("", |_| "! ");
        let text = format!("{bang}{option} {}", value.text);
        self.interfaces.push(InterfaceTest { name: value.text.clone(), text });
        match opt {
            Opt::Input => given.set(&mut self.matches.input, test),
            _ => given.set(&mut self.matches.output, test),
        }
    }

    pub(super) fn protocol(&mut self, given: Given<'_>) -> Result<(), Fault> {
        let value = self.value(given)?;
        match (values::protocol(value)?, given.bang) {
            (Some(protocol), _) => given.set(&mut self.matches.protocol, given.test(protocol)),
            (None, None) => Ok(()),
            (None, Some(bang)) => {
                Err(Fault::new(bang.span.start..value.span.end, "a rule for no packet")
                    .label("every protocol is one of `all`"))
            }
        }
    }
}
