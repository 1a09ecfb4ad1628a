//! The matches that `-m` and `-p` load, and the port options that belong to them.

use keeptrack_core::Protocol;
use keeptrack_core::raw::{Ports, Test};

use super::filter::before_tracking;
use super::{Given, Parser, Purpose, needs, unsupported};
use crate::diagnostic::Fault;
use crate::rules::names::{
    BRIDGE_MATCHES, FILTER_MATCHES, HOST_MATCHES, MATCHES, OTHER_MATCHES, Opt, lists,
};
use crate::rules::values::{self, PortForm};

impl<'w> Parser<'w> {
    pub(super) fn module(&mut self, given: Given<'_>) -> Result<(), Fault> {
        let value = self.value(given)?;
        let name = value.text.as_str();
        let besides: [&[&str]; 2] = match self.standing.purpose {
            Purpose::Raw => [HOST_MATCHES, &[]],
            Purpose::BridgeRaw => [BRIDGE_MATCHES, &[]],
            Purpose::BridgeFilter => [BRIDGE_MATCHES, FILTER_MATCHES],
        };
        if MATCHES.contains(&name) || besides.concat().contains(&name) {
            self.modules.push(value);
            return Ok(());
        }
        if self.standing.purpose == Purpose::BridgeRaw && FILTER_MATCHES.contains(&name) {
            return Err(before_tracking(value, &format!("the match `{name}`")));
        }
        let place = value.span.clone();
        if lists(OTHER_MATCHES, name) {
            return Err(unsupported(place, &format!("the match `{name}`")));
        }
        let known = MATCHES.iter().copied().chain(OTHER_MATCHES.split_whitespace());
        Err(Fault::new(place, format!("unknown match `{name}`"))
            .label("not a match of iptables")
            .did_you_mean(name, known))
    }

    pub(super) fn has_module(&self, name: &str) -> bool {
        self.modules.iter().any(|module| module.text == name)
    }

    /// The protocol whose port options are loaded: named by `-m`, or by `-p` without `!`.
    pub(super) fn port_match(&self) -> Option<&str> {
        let named = self.modules.iter().map(|module| module.text.as_str());
        let given = match self.matches.protocol {
            Test::Is(protocol) => Some(protocol.name()),
            _ => None,
        };
        given.into_iter().chain(named).rfind(|name| port_protocol(name).is_some())
    }

    pub(super) fn ports(&mut self, given: Given<'w>, opt: Opt) -> Result<(), Fault> {
        let named_match = self.modules.iter().any(|module| port_protocol(&module.text).is_some());
        let form = match opt {
            // While no other match is named, getopt takes these for the beginnings of multiport's.
            Opt::SourcePort | Opt::DestinationPort
                if named_match || !self.has_module("multiport") =>
            {
                PortForm::One
            }
            _ => PortForm::List,
        };
        match form {
            PortForm::List if !self.has_module("multiport") => {
                return Err(needs(given, "-m multiport"));
            }
            PortForm::One if self.port_match().is_none() => {
                return Err(given
                    .fault(format!("`{}` without a protocol that has ports", given.word.text))
                    .label("iptables knows it only behind such a `-p`")
                    .help("put `-p tcp` or `-p udp` before it"));
            }
            _ => {}
        }
        let (ports, wrapped) = values::ports(self.value(given)?, form)?;
        self.wrapped.extend(wrapped);
        let test: Test<Ports> = given.test(ports);
        self.port_option.get_or_insert(given.word);
        let matches = &mut self.matches;
        match opt {
            Opt::SourcePort | Opt::SourcePorts => given.set(&mut matches.source_ports, test),
            Opt::EitherPorts => given.set(&mut matches.either_ports, test),
            _ => given.set(&mut matches.destination_ports, test),
        }
    }

    /// A match of ports holds for its own protocol only; the kernel refuses it for any other.
    pub(super) fn check_modules(&self) -> Result<(), Fault> {
        let is = |wanted: Protocol| self.matches.protocol == Test::Is(wanted);
        for module in &self.modules {
            let name = &module.text;
            if port_protocol(name).is_some_and(|protocol| !is(protocol)) {
                return Err(Fault::new(
                    module.span.clone(),
                    format!("`-m {name}` needs `-p {name}`"),
                )
                .label("this match holds for its own protocol only"));
            }
        }
        match self.port_option {
            Some(word) if !PORT_PROTOCOLS.into_iter().any(is) => {
                let title = format!("`{}` without a protocol that has ports", word.text);
                Err(Fault::new(word.span.clone(), title)
                    .label("needs `-p tcp`, `udp`, `udplite` or `sctp`, without `!`"))
            }
            _ => Ok(()),
        }
    }
}

const PORT_PROTOCOLS: [Protocol; 4] =
    [Protocol::TCP, Protocol::UDP, Protocol::UDPLITE, Protocol::SCTP];

fn port_protocol(name: &str) -> Option<Protocol> {
    PORT_PROTOCOLS.into_iter().find(|protocol| protocol.name() == name)
}
