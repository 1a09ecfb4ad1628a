//! An image in words: text that compiles to the same image again.

use std::fmt::{self, Write};

use keeptrack_core::raw::{Family, Policy};
use keeptrack_core::{Class, Timeout};
use keeptrack_gateway::image::{self, ImageError, Plan};
use keeptrack_gateway::rules::{Ask, Program, Rule, Start, Then};

mod rule;

use crate::on_full;
use crate::rules::family_mark;

/// What an image says, as sysctl and iptables-save have it.
///
/// # Errors
/// When it is no image that can be used.
pub(super) fn text(image: &[u8]) -> Result<String, ImageError> {
    let plan = image::plan(image)?;
    let mut text = String::new();
    // A text takes whatever is written to it.
    let _ = write(&mut text, image, &plan);
    Ok(text)
}

fn write(out: &mut String, image: &[u8], plan: &Plan) -> fmt::Result {
    header(out, image)?;
    settings(out, plan)?;
    for family in [Family::V4, Family::V6] {
        writeln!(out, "{}", family_mark(family))?;
        let raw = Table::of(&plan.raw, family);
        if !raw.is_empty() {
            raw.write(out, "raw", "PREROUTING")?;
        }
        Table::of(&plan.filter, family).write(out, "filter", "FORWARD")?;
    }
    Ok(())
}

/// What an image says of itself.
fn header(out: &mut String, image: &[u8]) -> fmt::Result {
    let number = |at: usize| {
        let bytes = image.get(at..).and_then(<[u8]>::first_chunk::<4>);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    let (version, body_len, crc) = (number(4) & 0xffff, number(8), number(12));
    let len = u64::from(body_len) + 16;
    writeln!(
        out,
        "# keeptrack gateway configuration, version {version}, {len} bytes, CRC-32 {crc:08x}"
    )
}

fn settings(out: &mut String, plan: &Plan) -> fmt::Result {
    let class_count = class_count(&plan.raw);
    let classes: Vec<String> = (0..class_count).map(rule::class_name).collect();
    writeln!(out, "keeptrack.fail = {}", plan.fail.name())?;
    writeln!(out, "keeptrack.log = {}", plan.log.name())?;
    let on_full = on_full::typed(&plan.full, &plan.reserves, &classes);
    writeln!(out, "keeptrack.on_full = {on_full}")?;
    let set = |out: &mut String, name: &str, value: u32| {
        writeln!(out, "net.netfilter.nf_conntrack_{name} = {value}")
    };
    if let Some(max) = plan.max {
        set(out, "max", max)?;
    }
    let tcp = &plan.config.tcp;
    set(out, "checksum", plan.config.checksum.into())?;
    set(out, "tcp_loose", tcp.loose.into())?;
    set(out, "tcp_be_liberal", tcp.be_liberal.into())?;
    set(out, "tcp_ignore_invalid_rst", tcp.ignore_invalid_rst.into())?;
    set(out, "tcp_max_retrans", tcp.max_retrans.into())?;
    // No sysctl sets that one.
    let timeouts = Timeout::ALL.iter().filter(|timeout| **timeout != Timeout::TcpSynSent2);
    for &timeout in timeouts {
        set(out, timeout.name(), plan.config.timeouts.seconds(timeout))?;
    }
    Ok(())
}

/// How many classes the rules name.
fn class_count(raw: &Program) -> usize {
    let rules = raw.chains.iter().flat_map(|chain| &chain.rules);
    let classes = rules.filter_map(|rule| match rule.target {
        Then::Full(full) => full.class,
        _ => None,
    });
    classes.map(Class::index).max().map_or(0, |last| last + 1)
}

/// The rules of one family.
struct Table<'p> {
    family: Family,
    program: &'p Program,
    /// The hook's own chain.
    first: Option<u16>,
    policy: Policy,
    /// The chains that this leads into.
    chains: Vec<u16>,
}

impl<'p> Table<'p> {
    fn of(program: &'p Program, family: Family) -> Self {
        let [v4, v6] = program.starts;
        let Start { chain: first, policy } = match family {
            Family::V4 => v4,
            Family::V6 => v6,
        };
        let mut table = Self { family, program, first, policy, chains: Vec::new() };
        if let Some(first) = first {
            table.follow(first);
        }
        table.chains.sort_unstable();
        table
    }

    /// Takes in the chains that a chain leads into.
    fn follow(&mut self, chain: u16) {
        for rule in self.rules(chain) {
            let (Then::Jump(into) | Then::Goto(into)) = rule.target else { continue };
            if !self.chains.contains(&into) {
                self.chains.push(into);
                self.follow(into);
            }
        }
    }

    /// The rules of a chain that packets of the family may meet.
    fn rules(&self, chain: u16) -> Vec<&'p Rule> {
        let chain = self.program.chains.get(usize::from(chain));
        let rules = chain.into_iter().flat_map(|chain| &chain.rules);
        let is_other = |ask: &Ask| matches!(ask, Ask::Family(other) if *other != self.family);
        rules.filter(|rule| !rule.tests.iter().any(is_other)).collect()
    }

    const fn is_empty(&self) -> bool {
        self.first.is_none() && matches!(self.policy, Policy::Accept)
    }

    fn write(&self, out: &mut String, name: &str, built_in: &str) -> fmt::Result {
        let policy = match self.policy {
            Policy::Accept => "ACCEPT",
            Policy::Drop => "DROP",
        };
        writeln!(out, "*{name}")?;
        writeln!(out, ":{built_in} {policy} [0:0]")?;
        for &chain in &self.chains {
            writeln!(out, ":{} - [0:0]", rule::chain_name(chain))?;
        }
        for rule in self.first.into_iter().flat_map(|first| self.rules(first)) {
            rule::write(out, built_in, rule, self.family)?;
        }
        for &chain in &self.chains {
            for rule in self.rules(chain) {
                rule::write(out, &rule::chain_name(chain), rule, self.family)?;
            }
        }
        writeln!(out, "COMMIT")
    }
}
