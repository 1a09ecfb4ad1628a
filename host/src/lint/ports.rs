//! Ports that are none, of which iptables makes others.

use crate::diagnostic::Fault;
use crate::rules::{Rule, Wrapped};

use super::finding::Finding;
use super::scene::Scene;

pub(super) fn out_of_range(scene: &Scene<'_>) -> Vec<Finding> {
    let rules = scene.outline.chains.iter().flat_map(|chain| &chain.rules);
    let ports = rules.flat_map(|rule| rule.wrapped.iter().map(move |port| (rule, port)));
    let finding = |(rule, port): (&Rule, &Wrapped)| {
        let Wrapped { span, written, installed } = port;
        let title = format!("port {written} is out of range");
        let note = format!(
            "iptables 1.8.9 accepts it and installs port {installed} ({written} mod 65536)"
        );
        let fault = Fault::new(span.clone(), title).label("0-65535").note(note);
        Finding::of_rule("port-out-of-range", scene.outline, rule, fault)
    };
    ports.filter_map(finding).collect()
}
