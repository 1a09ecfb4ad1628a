//! A shell in namespaces of its own: what it does to the network and to mounts goes with it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

/// How a part of the output begins whose name comes behind.
const PART: &str = "=== ";

/// What parts are told with.
const PROLOGUE: &str = "
set -e
part() { echo; echo \"=== $1\"; shift; \"$@\"; }
";

/// Makes `/etc` a copy. The kernel of a namespace has its modules already.
pub(super) const OWN_ETC: &str = "
copy=$(mktemp -d)
mount -t tmpfs none $copy
cp -a /etc/. $copy/
mount --bind $copy /etc
umount $copy
rmdir $copy
mkdir -p /etc/sysctl.d /etc/modules-load.d /etc/nftables.d
modprobe() { :; }
";

/// Runs a script, and gives what it printed, by the names of the parts that it has told with
/// `part NAME COMMAND`.
///
/// # Errors
/// When a line of it fails; with what that said.
pub(super) fn run(script: &str) -> Result<BTreeMap<String, String>, String> {
    let fault = |error: std::io::Error| format!("unshare: {error}");
    let mut child = Command::new("unshare")
        .args(["--net", "--mount", "sh"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fault)?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that ends before it has read all tells why by its exit code.
        let _ = pipe.write_all(format!("{PROLOGUE}{script}").as_bytes());
    }
    let ended = child.wait_with_output().map_err(fault)?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{}\nof the script\n{script}", said.trim()));
    }
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut name = String::new();
    for line in String::from_utf8_lossy(&ended.stdout).lines() {
        match line.strip_prefix(PART) {
            Some(begun) => {
                begun.clone_into(&mut name);
                parts.entry(name.clone()).or_default();
            }
            // What comes before a part's name.
            None if line.is_empty() => {}
            None => {
                let text = parts.entry(name.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Ok(parts)
}

/// A part of what a script printed.
///
/// # Errors
/// That it has printed no such part.
pub(super) fn part<'p>(parts: &'p BTreeMap<String, String>, name: &str) -> Result<&'p str, String> {
    parts.get(name).map(String::as_str).ok_or_else(|| format!("nothing was told of `{name}`"))
}
