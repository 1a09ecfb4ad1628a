//! The managed switch before a board: carries frames between its wires and taps in two network
//! namespaces, and so does without VLAN devices, which not every kernel has.
//!
//!     switch BOARD_FOLDER SOCKET_FOLDER NETNS_OF_ETH0 NETNS_OF_ETH1 [CAPTURE]
//!
//! Each namespace has a tap `eth0`. CAPTURE records what is handed to the board. It says how many
//! frames it lost when SIGTERM or SIGINT ends it.

use std::env::args_os;
use std::error::Error;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Duration;

use keeptrack_tools::Side;
use keeptrack_tools::pcapng::Pcapng;
use keeptrack_tools::wires::{Wires, is_unplugged};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

/// The tap's name in either namespace.
const TAP: &str = "eth0";
/// Longer than any frame of a tap.
const LONGEST: usize = 1 << 16;
/// How long to leave a board alone that is not there yet.
const A_WHILE: Duration = Duration::from_millis(10);
/// How long to wait for a frame of the board before the next wait.
const LONG: Duration = Duration::from_secs(60);

type Fault = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("switch: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Fault> {
    let arguments: Vec<_> = args_os().skip(1).collect();
    let (board, folder, left, right, capture) = match arguments.as_slice() {
        [board, folder, left, right] => (board, folder, left, right, None),
        [board, folder, left, right, capture] => (board, folder, left, right, Some(capture)),
        _ => return Err("usage: switch BOARD_FOLDER SOCKET_FOLDER NETNS NETNS [CAPTURE]".into()),
    };
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let switch = Arc::new(Switch {
        wires: Wires::open(Path::new(board), Path::new(folder))?,
        left: tap(Path::new(left))?,
        right: tap(Path::new(right))?,
        capture: capture.map(|path| Pcapng::create(Path::new(path))).transpose()?.map(Mutex::new),
        to_board_lost: AtomicU64::new(0),
        to_tap_lost: AtomicU64::new(0),
    });
    for side in Side::BOTH {
        let switch = Arc::clone(&switch);
        thread::spawn(move || ends(switch.tap_to_board(side)));
    }
    let receiving = Arc::clone(&switch);
    thread::spawn(move || ends(receiving.board_to_taps()));
    signals.forever().next();
    switch.end()
}

/// A direction that fails ends all: half a switch would look like a board that loses frames.
fn ends(failed: Result<(), Fault>) {
    if let Err(why) = failed {
        eprintln!("switch: {why}");
        std::process::exit(2);
    }
}

struct Switch {
    wires: Wires,
    left: SyncDevice,
    right: SyncDevice,
    capture: Option<Mutex<Pcapng>>,
    /// Frames that the board did not take in time.
    to_board_lost: AtomicU64,
    /// Frames of the board that were no port's, or that a tap did not take.
    to_tap_lost: AtomicU64,
}

impl Switch {
    fn tap(&self, side: Side) -> &SyncDevice {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    fn tap_to_board(&self, side: Side) -> Result<(), Fault> {
        let mut buffer = vec![0; LONGEST];
        loop {
            let len = self.tap(side).recv(&mut buffer)?;
            let frame = buffer.get(..len).unwrap_or_default();
            if !self.hand_over(side, frame) {
                self.to_board_lost.fetch_add(1, Ordering::Relaxed);
            } else if let Some(capture) = &self.capture {
                capture.lock().unwrap_or_else(PoisonError::into_inner).frame(side, frame)?;
            }
        }
    }

    /// Whether the board took the frame. One that is not there yet is waited for.
    fn hand_over(&self, side: Side, frame: &[u8]) -> bool {
        loop {
            match self.wires.send(side, frame) {
                Err(why) if is_unplugged(&why) => sleep(A_WHILE),
                taken => return taken.is_ok(),
            }
        }
    }

    fn board_to_taps(&self) -> Result<(), Fault> {
        let mut frame = Vec::new();
        loop {
            let lost = match self.wires.receive(&mut frame, LONG) {
                Ok(None) => false,
                // A tap that is down is a wire that is not plugged in.
                Ok(Some(side)) => match self.tap(side).send(&frame) {
                    Ok(_) => false,
                    Err(why) => why.raw_os_error() != Some(Errno::EIO as i32),
                },
                Err(why) if why.kind() == ErrorKind::InvalidData => true,
                Err(why) => return Err(why.into()),
            };
            self.to_tap_lost.fetch_add(u64::from(lost), Ordering::Relaxed);
        }
    }

    fn end(&self) -> Result<(), Fault> {
        if let Some(capture) = &self.capture {
            capture.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        }
        let to_board = self.to_board_lost.load(Ordering::Relaxed);
        let to_tap = self.to_tap_lost.load(Ordering::Relaxed);
        if to_board + to_tap > 0 {
            eprintln!("switch: {to_board} frames to the board and {to_tap} from it were lost");
        }
        Ok(())
    }
}

/// Opens the tap of a network namespace. A thread enters the namespace, and ends with that; the tap
/// stays.
fn tap(netns: &Path) -> Result<SyncDevice, Fault> {
    let named = |why: &dyn Error| format!("{TAP} of {}: {why}", netns.display());
    let namespace = File::open(netns).map_err(|why| named(&why))?;
    let opened = thread::scope(|scope| {
        let inside = scope.spawn(|| {
            setns(&namespace, CloneFlags::CLONE_NEWNET)?;
            DeviceBuilder::new().name(TAP).layer(Layer::L2).inherit_enable_state().build_sync()
        });
        inside.join()
    });
    match opened {
        Ok(tap) => Ok(tap.map_err(|why| named(&why))?),
        Err(_) => Err("the thread that opens a tap died".into()),
    }
}
