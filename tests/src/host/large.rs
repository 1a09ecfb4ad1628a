//! Memory stays the same however long a capture is, or claims to be.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use keeptrack_core::{SourcePlace, bytes_an_entry};
use serde_json::Value;

use crate::large;

/// What the program may need beside its table, in KiB.
const BESIDE_TABLE_KIB: usize = 24 << 10;
const ENTRIES: usize = 65_536;

/// The program, of the same build as this test; `None`: it has not been built.
fn program() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let program = test.parent()?.parent()?.join("keeptrack");
    program.exists().then_some(program)
}

/// Replays what `write` writes into a pipe. Answers the most memory that the program had in KiB
/// until its end came into sight, and its report.
fn replay(
    program: PathBuf,
    write: impl FnOnce(&mut BufWriter<ChildStdin>) -> io::Result<()>,
) -> (usize, Value) {
    let words = ["replay", "-", "--max", &ENTRIES.to_string(), "-q", "-o", "json"];
    let mut command = Command::new(program);
    let mut child =
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = BufWriter::with_capacity(64 << 10, child.stdin.take().unwrap());
    write(&mut pipe).unwrap();
    pipe.flush().unwrap();
    let memory = most_memory(&child);
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    (memory, serde_json::from_slice(&output.stdout).unwrap())
}

/// The most that it had, without the pages of its own file: how many of those are in memory is the
/// system's choice.
fn most_memory(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let kib = |name: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    kib("VmHWM:") - kib("RssFile:")
}

/// What the program may need with its table, and with what counts the connections of each source.
fn most_allowed() -> usize {
    let bytes = bytes_an_entry::<u32>() + size_of::<SourcePlace<u32>>();
    BESIDE_TABLE_KIB + ENTRIES * bytes / 1024
}

#[test]
fn a_large_capture_takes_no_more_memory_than_a_small_one() {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: only Linux tells how much memory a process had");
        return;
    }
    let Some(program) = program() else {
        assert!(std::env::var_os("CI").is_none(), "the program is not built");
        eprintln!("skipped: the program is not built: cargo build --package keeptrack");
        return;
    };
    let is_full = std::env::var_os("KEEPTRACK_FULL").is_some();
    let byte_count = if is_full { 5_000_000_000 } else { 200_000_000 };
    let mut written = None;
    let (memory, report) = replay(program, |pipe| {
        written = Some(large::write(pipe, byte_count)?);
        Ok(())
    });
    let written = written.unwrap();
    assert_eq!(report["packets"], written.packet_count);
    assert_eq!(report["connections"], written.connection_count);
    assert_eq!(report["invalid"], 0);
    assert!(memory <= most_allowed(), "{memory} KiB, more than {} KiB", most_allowed());
    println!("{byte_count} bytes, {} packets: {memory} KiB", written.packet_count);
}

#[test]
fn what_unpacks_to_far_more_than_it_is_takes_no_more_memory() {
    let (true, Some(program)) = (cfg!(target_os = "linux"), program()) else {
        eprintln!("skipped: not Linux, or the program is not built");
        return;
    };
    // A section header of pcapng, an interface, a packet, and a block of 512 MiB that nobody knows.
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>();
    let start =
        words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28, 1, 20, 101, 0, 20]);
    let packet = words(&[6, 52, 0, 0, 0, 20, 20, 0x1400_0045, 0, 17, 0x0100_007f, 0x0100_007f, 52]);
    let bomb_len = 512 << 20;
    let (memory, report) = replay(program, |pipe| {
        let mut packed = GzEncoder::new(pipe, Compression::fast());
        packed.write_all(&[start, packet, words(&[0x0bad, bomb_len])].concat())?;
        let zeros = vec![0; 1 << 20];
        for _ in 1..bomb_len >> 20 {
            packed.write_all(&zeros)?;
        }
        packed.write_all(&zeros[12..])?;
        packed.write_all(&words(&[bomb_len]))?;
        packed.finish().map(drop)
    });
    assert_eq!(report["packets"], 1);
    assert!(memory <= most_allowed(), "{memory} KiB, more than {} KiB", most_allowed());
}
