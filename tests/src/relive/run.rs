//! One run: the flows re-opened behind lines that were pasted, captured and counted.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;

use super::advice::{Advice, Tool};
use super::doors::Doors;
use super::flow::Flow;
use super::pair::{Pair, Place};
use super::plan::Due;
use super::player::Player;
use super::recorder::Recorder;
use super::sampler::{Sample, sample};
use crate::nf::listing::Listing;
use crate::nf::namespace::run;

/// What is re-opened, and the advice whose lines may be pasted before.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) flows: &'s [Flow],
    pub(super) plan: &'s [Due],
    pub(super) advice: &'s Advice,
}

/// What is left of a run. Its files go with it.
pub(super) struct Ran {
    _folder: TempDir,
    /// What tcpdump captured at the relay.
    pub(super) capture: PathBuf,
    /// The relay's settings of tracking, as sysctl prints them.
    pub(super) settings: PathBuf,
    /// Its rules, as whoever pasted them would print them; `None`: there was nothing to be pasted.
    pub(super) rules: Option<PathBuf>,
    /// What its kernel held.
    pub(super) samples: Vec<Sample>,
    /// How many steps did not do what they did in the capture.
    pub(super) missed: usize,
    /// Whether a packet of the loopback makes an entry when the lines are undone.
    pub(super) is_undone: bool,
}

/// Re-opens the flows, behind the lines for that tool.
///
/// # Errors
/// When this process may not, or something is missing; with what.
pub(super) fn relive(scene: Scene<'_>, tool: Option<Tool>) -> Result<Ran, String> {
    let fault = |error: io::Error| error.to_string();
    let folder = TempDir::new().map_err(fault)?;
    let [capture, settings, rules] =
        ["relay.pcap", "sysctl.conf", "rules"].map(|name| folder.path().join(name));
    let pair = Pair::new(scene.flows)?;
    let doors = Doors::open(&pair, scene.flows)?;
    fs::write(&settings, pair.track()?).map_err(fault)?;
    if let Some(tool) = tool {
        run("sh", &["-e"], &scene.advice.paste(tool))?;
        run("sh", &["-c", &format!("{} >{}", listing(tool), rules.display())], "")?;
    }
    let player = Player::new(&pair, &doors, scene.flows)?;
    pair.enter(Place::Relay)?;
    let recorder = Recorder::start(&capture)?;
    let (missed, samples) = play(&pair, player, scene.plan)?;
    recorder.stop()?;
    pair.enter(Place::Relay)?;
    if let Some(tool) = tool {
        run("sh", &["-e"], &scene.advice.undo(tool))?;
    }
    let is_undone = is_loopback_tracked()?;
    let rules = tool.map(|_| rules);
    Ok(Ran { _folder: folder, capture, settings, rules, samples, missed, is_undone })
}

/// What prints the rules.
const fn listing(tool: Tool) -> &'static str {
    match tool {
        Tool::Iptables => "iptables-save -t raw",
        Tool::Nft => "nft list ruleset",
    }
}

/// Does what is planned while the kernel's table is counted.
fn play(pair: &Pair, player: Player<'_>, plan: &[Due]) -> Result<(usize, Vec<Sample>), String> {
    thread::scope(|scope| {
        let (going, ended) = mpsc::channel();
        let samples = scope.spawn(move || {
            pair.enter(Place::Relay)?;
            sample(&ended)
        });
        let missed = player.play(plan);
        drop(going);
        let samples = samples.join().unwrap_or_else(|_| Err("the thread that counts died".into()));
        Ok((missed?, samples?))
    })
}

/// Whether a datagram from this thread's namespace to itself makes an entry.
fn is_loopback_tracked() -> Result<bool, String> {
    let sent = || -> io::Result<usize> {
        let hearing = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let speaking = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        speaking.send_to(b"?", hearing.local_addr()?)
    };
    let held = |listing: &mut Listing| -> Result<usize, String> {
        Ok(listing.tuples()?.iter().filter(|tuple| tuple.source.is_loopback()).count())
    };
    let mut listing = Listing::open()?;
    let before = held(&mut listing)?;
    sent().map_err(|error| format!("a datagram to the loopback: {error}"))?;
    Ok(held(&mut listing)? > before)
}
