//! Lines pasted into shells: what each tool makes of them.

use std::collections::BTreeMap;

use keeptrack::advise::change::{Change, Target};
use keeptrack::advise::paste::{Known, Tool};
use keeptrack_core::Timeout;

use super::case::{Case, shown};
use super::outline::{outline, read};
use super::shell::{OWN_ETC, part, run};

/// An admin's own rules, of both families.
const OWN_IPTABLES: &str = "
own='*raw
-A PREROUTING -i wan0 -p tcp -m tcp --dport 7 -j DROP
COMMIT
*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT'
echo \"$own\" | iptables-restore
echo \"$own\" | ip6tables-restore
v4() { iptables-save | grep -v '^#'; }
v6() { ip6tables-save | grep -v '^#'; }
";

/// The setting that a case changes, and to what.
const SETTING: &str = "net.netfilter.nf_conntrack_udp_timeout";
const SET: &str = " = 10";

/// The same for nft.
const OWN_NFT: &str = "
nft -f - <<'END'
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
    chain output {
        type filter hook output priority filter; policy drop;
        ct state established,related accept
    }
}
END
";

/// A firewall that includes what OpenWrt's does, as its uci says.
const FIREWALL4: &str = r#"
uci() {
    case "$1" in
    set) echo "$2" >>/etc/uci ;;
    delete) sed -i "/^$2[.=]/d" /etc/uci ;;
    commit) ;;
    esac
}
included() {
    section=firewall.keeptrack_$1
    if grep -qx "$section=include" /etc/uci; then
        grep -qx "$section.type=nftables" /etc/uci
        grep -qx "$section.position=chain-pre" /etc/uci
        grep -qx "$section.chain=$1" /etc/uci
        echo "include \"$(sed -n "s/^$section.path=//p" /etc/uci)\""
    fi
}
table() {
    echo 'table inet fw4'
    echo 'delete table inet fw4'
    echo 'table inet fw4 {'
    echo 'include "/etc/nftables.d/*.nft"'
    for chain in input forward output; do
        echo "chain $chain {"
        echo "type filter hook $chain priority filter; policy drop;"
        included $chain
        echo 'ct state established accept'
        echo '}'
    done
    echo '}'
}
fw4() { table | nft -c -f -; }
service() { table | nft -f -; }
files() { find /etc/nftables.d /etc/uci -type f | sort | xargs cat; }
: >/etc/uci
service firewall restart
"#;

/// Pastes a case for iptables, and takes it back.
///
/// # Errors
/// What is not as it should be.
pub fn iptables(case: &Case) -> Result<(), String> {
    let paste = case.paste(Target::Linux);
    let added = shown(&paste.scripts(), Tool::Iptables);
    let undo = shown(&paste.undo_scripts(), Tool::Iptables);
    let told = |when: &str| {
        format!("part '{when} v4' v4\npart '{when} v6' v6\npart '{when} set' sysctl {SETTING}\n")
    };
    let parts = run(&format!("{OWN_ETC}{OWN_IPTABLES}{}", script(told, &added, &undo)))?;
    set_and_unset(&parts, &added)?;
    for family in ["v4", "v6"] {
        let [before, end] = ["before", "end"].map(|when| part(&parts, &format!("{when} {family}")));
        same("what was there before, and when all was undone", before?, end?)?;
    }
    let [before4, before6] = [part(&parts, "before v4")?, part(&parts, "before v6")?];
    let [after4, after6] = [part(&parts, "after v4")?, part(&parts, "after v6")?];
    let rules = of_tools(&added, &["iptables ", "ip6tables "]);
    let pasted = read(&[("rules.v4", before4), ("rules.v6", before6), ("pasted", &rules)])?;
    let listed = read(&[("rules.v4", after4), ("rules.v6", after6)])?;
    same_lines(
        "the pasted rules, and those that iptables-save tells",
        &outline(&pasted),
        &outline(&listed),
    )?;
    let accepts =
        [after4, after6].into_iter().map(|text| text.matches("UNTRACKED -j ACCEPT").count());
    same_count("UNTRACKED", added.matches("UNTRACKED -j ACCEPT").count(), accepts.sum())
}

/// Pastes a case for nft, and takes it back.
///
/// # Errors
/// What is not as it should be.
pub fn nft(case: &Case) -> Result<(), String> {
    let paste = case.paste(Target::Linux);
    let added = shown(&paste.scripts(), Tool::Nft);
    let undo = shown(&paste.undo_scripts(), Tool::Nft);
    let told =
        |when: &str| format!("part {when} nft list ruleset\npart '{when} set' sysctl {SETTING}\n");
    let parts = run(&format!("{OWN_ETC}{OWN_NFT}{}", script(told, &added, &undo)))?;
    set_and_unset(&parts, &added)?;
    same(
        "what was there before, and when all was undone",
        part(&parts, "before")?,
        part(&parts, "end")?,
    )?;
    let after = part(&parts, "after")?;
    let own: String = of_own_table(&added);
    let [pasted, listed] = [own.as_str(), after].map(|text| read(&[("rules.nft", text)]));
    same_lines(
        "the pasted rules, and those that nft lists",
        &outline(&pasted?),
        &outline(&listed?),
    )?;
    let count = |text: &str| text.matches("ct state untracked").count();
    same_count("untracked", count(&added), count(after))
}

/// Pastes a case for OpenWrt's firewall, and takes it back.
///
/// # Errors
/// What is not as it should be.
pub fn firewall4(case: &Case) -> Result<(), String> {
    let paste = case.paste(Target::Openwrt);
    let added = shown(&paste.scripts(), Tool::Firewall4);
    let undo = shown(&paste.undo_scripts(), Tool::Firewall4);
    let told = |when: &str| format!("part {when} nft list ruleset\npart 'files {when}' files\n");
    let parts = run(&format!("{OWN_ETC}{FIREWALL4}{}", script(told, &added, &undo)))?;
    for what in ["", "files "] {
        let [before, end] = ["before", "end"].map(|when| part(&parts, &format!("{what}{when}")));
        same("what was there before, and when all was undone", before?, end?)?;
    }
    let commands = of_own_table(&shown(&case.paste(Target::Linux).scripts(), Tool::Nft));
    let [pasted, listed] =
        [commands.as_str(), part(&parts, "after")?].map(|text| read(&[("rules.nft", text)]));
    same_lines("the rules for Linux, and those of OpenWrt", &outline(&pasted?), &outline(&listed?))
}

/// Writes settings, and takes them back. How large the table is, only the first namespace may say: of
/// that the names are to be known.
///
/// # Errors
/// What is not as it should be.
pub fn settings() -> Result<(), String> {
    let timeouts = [(Timeout::Udp, 30, 10), (Timeout::TcpEstablished, 432_000, 86_400)];
    let timeouts = timeouts.map(|(timeout, from, to)| Change::Timeout { timeout, from, to });
    let case = Case::new("timeouts".to_owned(), timeouts.into(), Known::default());
    for target in [Target::Linux, Target::Openwrt] {
        let paste = case.paste(target);
        let scripts = [paste.scripts(), paste.undo_scripts()];
        let [added, undo] = scripts.map(|scripts| shown(&scripts, Tool::Sysctl));
        let told =
            |when: &str| format!("part {when} sysctl -a --pattern 'nf_conntrack_.*timeout'\n");
        let parts = run(&(OWN_ETC.to_owned() + &script(told, &added, &undo)))?;
        let [before, after, end] = ["before", "after", "end"].map(|when| part(&parts, when));
        same("the settings before, and when all was undone", before?, end?)?;
        let lines = paste.paste.iter().flat_map(|block| &block.lines);
        let set: Vec<&String> = lines.filter(|line| line.starts_with("net.")).collect();
        let after = after?;
        let lost = set.iter().find(|line| !after.lines().any(|told| told == line.as_str()));
        if set.len() != 2 || lost.is_some() {
            return Err(format!("{set:?} were set, and these are there:\n{after}"));
        }
    }
    let size = vec![Change::Size { max: 1, buckets: 1 }];
    let sized = Case::new("size".to_owned(), size, Known::default()).paste(Target::Linux);
    let lines = sized.paste.iter().flat_map(|block| &block.lines);
    let names = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    run(&names.map(|name| format!("sysctl {name}\n")).collect::<String>()).map(drop)
}

/// Tells how things are before lines are pasted, after that, and when they are undone. What the lines
/// print themselves is told apart.
fn script(told: impl Fn(&str) -> String, added: &str, undo: &str) -> String {
    let [before, after, end] = ["before", "after", "end"].map(told);
    format!("{before}part pasting true\n{added}{after}part undoing true\n{undo}{end}")
}

/// The setting is made by lines that hold it and by no others, and is what it was when they are undone.
fn set_and_unset(parts: &BTreeMap<String, String>, added: &str) -> Result<(), String> {
    let [before, after, end] =
        ["before", "after", "end"].map(|when| part(parts, &format!("{when} set")));
    same("a setting before, and when all was undone", before?, end?)?;
    let after = after?;
    match (after.trim_end().ends_with(SET), added.contains(&format!("{SETTING}{SET}\n"))) {
        (is, should) if is == should => Ok(()),
        _ => Err(format!("{after} behind\n{added}")),
    }
}

/// The commands that make the table of what is left untracked, without those for an admin's own.
pub(super) fn of_own_table(script: &str) -> String {
    let commands = of_tools(script, &["iptables ", "ip6tables ", "nft "]);
    let lines = commands.lines().filter(|line| !line.contains("insert rule"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The lines of a script that begin so.
fn of_tools(script: &str, tools: &[&str]) -> String {
    let is_of = |line: &&str| tools.iter().any(|tool| line.starts_with(tool));
    script.lines().filter(is_of).map(|line| format!("{line}\n")).collect()
}

fn same(what: &str, one: &str, other: &str) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}:\n{one}\n{other}")) }
}

fn same_lines(what: &str, one: &[String], other: &[String]) -> Result<(), String> {
    same(what, &one.join("\n"), &other.join("\n"))
}

fn same_count(what: &str, one: usize, other: usize) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{one} rules for {what} became {other}")) }
}
