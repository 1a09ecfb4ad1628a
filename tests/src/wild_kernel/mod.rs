//! Rules as people have written them, and what the running kernel does with them.

mod cases;
mod packets;
mod refused;
#[cfg(target_os = "linux")]
mod world;

pub use self::cases::{CASES, Case, IPSETS};
pub use self::packets::{HOST, Packet, packets};
pub use self::refused::REFUSED;

/// What the kernel said.
#[cfg(target_os = "linux")]
#[derive(Debug, Default)]
pub struct Asked {
    /// How many rules it was given, those of iptables and of nft.
    pub rule_counts: [usize; 2],
    /// Those of which it said something else than is expected: which, and what it said.
    pub differences: Vec<String>,
}

/// Lets the real programs install all rules, one after the other, and asks the kernel what it does
/// with the packets. Needs root.
///
/// # Errors
/// When this process may not, or something is missing; with what.
#[cfg(target_os = "linux")]
pub fn ask() -> Result<Asked, String> {
    use self::world::{Rules, World};

    let asking = || {
        let mut world = World::new()?;
        let packets = packets();
        let mut asked = Asked::default();
        for case in CASES {
            let (script, ruleset) = (script(case.iptables), case.ruleset());
            let forms =
                [(script.as_str(), Rules::Commands(&script)), (&ruleset, Rules::Nft(&ruleset))];
            for ((text, rules), count) in forms.into_iter().zip(&mut asked.rule_counts) {
                if text.is_empty() {
                    continue;
                }
                *count += 1;
                let told = world.asked(rules, &packets).map(|numbers| {
                    let named = packets.iter().zip(1..);
                    let named = named.filter(|(_, number)| numbers.contains(number));
                    named.map(|(packet, _)| packet.name).collect::<Vec<_>>().join(" ")
                });
                if told.as_deref() != Ok(case.untracked) {
                    let number = case.number;
                    asked.differences.push(format!("{number}: {rules:?}: {told:?}"));
                }
            }
        }
        Ok(asked)
    };
    // The namespace is that of a thread, and ends with it.
    let asked = std::thread::spawn(asking).join();
    asked.unwrap_or_else(|_| Err("the thread that asks the kernel died".to_owned()))
}

/// The commands as a shell runs them; empty for those of other programs.
#[cfg(target_os = "linux")]
fn script(rules: &str) -> String {
    if rules.contains("firewall-cmd") {
        return String::new();
    }
    let is_unit = rules.starts_with('[');
    let lines = rules.lines().filter_map(|line| match line.strip_prefix("ExecStartPost=") {
        Some(command) => Some(command.to_owned()),
        None if is_unit => None,
        None if line.starts_with('-') => Some(format!("iptables -t raw {line}")),
        None => Some(line.strip_prefix("sudo ").unwrap_or(line).to_owned()),
    });
    lines.collect::<Vec<_>>().join("\n")
}
