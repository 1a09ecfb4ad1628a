//! Several captures read as one.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::super::{Captures, Damage, Fault, Stop, Warning};
use super::{MICRO, To};

const TO: To = To::Little;

/// Files in a directory that goes away with the test.
struct Files(TempDir, Vec<PathBuf>);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), Vec::new())
    }

    /// A pcap of records of these seconds, each of which holds the file's name.
    fn pcap(mut self, name: &str, seconds: &[u32]) -> Self {
        let records = seconds.iter().map(|&second| TO.record(second, 0, name.as_bytes()));
        let content = [vec![TO.pcap(MICRO, 1)], records.collect()].concat().concat();
        self.write(name, &content);
        self
    }

    /// A pcapng: described interfaces, and packets as (interface, microsecond).
    fn pcapng(mut self, name: &str, interfaces: &[&str], packets: &[(u32, u32)]) -> Self {
        let described = interfaces.iter().map(|name| TO.interface(1, &[(2, name.as_bytes())]));
        let packets = packets.iter().map(|&(interface, at)| TO.enhanced(interface, at, b"data"));
        let blocks = [TO.section()].into_iter().chain(described).chain(packets);
        self.write(name, &blocks.collect::<Vec<_>>().concat());
        self
    }

    fn write(&mut self, name: &str, content: &[u8]) {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        self.1.push(path);
    }

    fn open(&self) -> Captures {
        Captures::open(&self.1, &Stop::default()).unwrap()
    }
}

/// (index, second, interface, content) of every packet.
fn all(captures: &mut Captures) -> Vec<(u64, u64, usize, String)> {
    let mut all = Vec::new();
    while let Some(record) = captures.next() {
        let record = record.unwrap();
        let content = String::from_utf8(record.data.to_vec()).unwrap();
        all.push((record.index, record.time_ns / 1_000_000_000, record.interface.index, content));
    }
    all
}

#[test]
fn records_come_by_time_and_of_one_time_by_the_order_of_files() {
    // The last file goes back within itself, and stays in its order.
    let files = Files::new().pcap("b", &[2, 5, 9]).pcap("none", &[]).pcap("a", &[1, 5, 5, 6]);
    let files = files.pcap("c", &[5, 4, 7]);
    let mut captures = files.open();
    let packets = all(&mut captures);
    let order: Vec<_> = packets.iter().map(|packet| (packet.1, packet.3.as_str())).collect();
    let expected = [
        (1, "a"),
        (2, "b"),
        (5, "b"),
        (5, "a"),
        (5, "a"),
        (5, "c"),
        (4, "c"),
        (6, "a"),
        (7, "c"),
        (9, "b"),
    ];
    assert_eq!(order, expected);
    assert!(packets.iter().map(|packet| packet.0).eq(0..10), "counted over all files");
    assert_eq!((captures.packet_count(), captures.format_name().as_str()), (10, "pcap"));
    let file_lens = files.1.iter().map(|path| fs::metadata(path).unwrap().len());
    assert_eq!(captures.total_bytes(), Some(file_lens.sum()));
    assert_eq!(captures.total_bytes(), Some(captures.bytes_read()));
}

#[test]
fn interfaces_are_numbered_over_all_files_and_known_by_their_names() {
    let files = Files::new().pcapng("1", &["lan0", "wan0"], &[(0, 1), (1, 4)]).pcap("2", &[0]);
    let files = files.pcapng("3", &["wan0", "wan0"], &[(0, 2), (1, 3)]);
    let files = files.pcapng("4", &["lan0", "new0", "new0"], &[(1, 5), (2, 6)]);
    let mut captures = files.open();
    let interfaces: Vec<_> = all(&mut captures).iter().map(|packet| packet.2).collect();
    assert_eq!(interfaces, [2, 0, 1, 1, 1, 3, 4]);
    let known = captures.interfaces();
    let known: Vec<_> = known.map(|known| (known.index, known.name.as_deref())).collect();
    let (lan0, wan0, new0) = (Some("lan0"), Some("wan0"), Some("new0"));
    assert_eq!(known, [(0, lan0), (1, wan0), (2, None), (3, new0), (4, new0)]);
    assert_eq!(captures.format_name(), "pcap and pcapng");
}

#[test]
fn files_in_turn_are_of_one_interface_and_files_that_overlap_of_several() {
    // The interface is that of `b`, which comes first in time; each file has a number.
    let in_turn = Files::new().pcap("c", &[6, 7]).pcap("none", &[]).pcap("b", &[1, 5]);
    let mut captures = in_turn.open();
    assert!(all(&mut captures).iter().all(|packet| packet.2 == 2));
    assert_eq!(captures.interfaces().map(|known| known.index).collect::<Vec<_>>(), [2]);

    let overlap = Files::new().pcap("c", &[3, 6]).pcap("b", &[1, 5]).pcap("d", &[7]);
    let mut captures = overlap.open();
    let interfaces: Vec<_> = all(&mut captures).iter().map(|packet| packet.2).collect();
    assert_eq!(interfaces, [1, 0, 1, 0, 2]);
    assert_eq!(captures.interfaces().count(), 3);
}

#[test]
fn each_file_has_its_warning_and_its_name() {
    let mut files = Files::new().pcap("a\x1b", &[1]).pcap("b", &[2]);
    for path in &files.1 {
        let content = fs::read(path).unwrap();
        fs::write(path, [content, TO.record(9, 0, b"cut")[..17].to_vec()].concat()).unwrap();
    }
    let mut captures = files.open();
    assert_eq!(all(&mut captures).len(), 2);
    let [a, b] = [&files.1[0], &files.1[1]].map(|path| path.to_str().unwrap().to_owned());
    let a = a.replace('\x1b', "\\u{1b}");
    let warnings: Vec<_> = captures.warnings().collect();
    assert!(matches!(warnings[..], [(_, Warning::Cut(_)), (_, Warning::Cut(_))]));
    assert_eq!([warnings[0].0, warnings[1].0], [&a, &b]);
    assert_eq!(captures.name(), format!("{a} and {b}"));
    files = files.pcap("c", &[]);
    let c = files.1[2].display().to_string();
    assert_eq!(files.open().name(), format!("{a} ... {c} (3 files)"));
}

#[test]
fn damage_in_one_file_ends_all_with_what_came_before() {
    let files = Files::new().pcap("a", &[1, 2, 7]).pcap("b", &[3, 4]);
    let mut content = fs::read(&files.1[1]).unwrap();
    content[24 + 17 + 8..][..4].fill(0xff);
    fs::write(&files.1[1], content).unwrap();
    let mut captures = files.open();
    for second in [1, 2, 3] {
        assert_eq!(captures.next().unwrap().unwrap().time_ns, second * 1_000_000_000);
    }
    let error = captures.next().unwrap().unwrap_err();
    let Fault::Damaged { place, damage: Damage::CapturedLen(_) } = error.fault() else {
        panic!("{error}");
    };
    assert_eq!((place.record, place.byte), (1, 24 + 17), "of that file");
    assert!(error.to_string().starts_with(files.1[1].to_str().unwrap()));
    assert!(captures.next().is_none());
}

#[test]
fn what_cannot_be_read_or_is_named_twice_is_an_error_at_once() {
    let mut files = Files::new().pcap("a", &[1]);
    let again = files.0.path().join(".").join("a");
    let refused =
        |paths: &[PathBuf]| Captures::open(paths, &Stop::default()).err().unwrap().to_string();
    let twice = format!("{} is named twice", again.display());
    assert_eq!(refused(&[files.1[0].clone(), again]), twice);
    for stdin in ["-", "/dev/stdin", "/dev/fd/0"] {
        assert_eq!(refused(&[stdin.into(), "-".into()]), "- is named twice");
    }
    files.write("rules", b"*raw\n");
    assert!(refused(&files.1).contains("rules is not a capture (it looks like iptables-save"));
    files.1[1] = "nowhere".into();
    assert_eq!(refused(&files.1), "nowhere does not exist");
}

#[test]
fn of_several_files_an_empty_one_is_passed_over_and_told() {
    let mut files = Files::new().pcap("a", &[1]);
    files.write("empty", b"");
    let files = files.pcap("b", &[2]);
    let mut captures = files.open();
    assert_eq!(all(&mut captures).len(), 2);
    let empty = files.1[1].to_str().unwrap();
    assert_eq!(captures.warnings().collect::<Vec<_>>(), [(empty, Warning::Empty)]);
    assert_eq!(Warning::Empty.to_string(), "the file is empty and is passed over");
    assert_eq!(captures.format_name(), "pcap");
    assert_eq!(captures.total_bytes(), Some(captures.bytes_read()));

    let other = files.0.path().join("other");
    fs::write(&other, b"").unwrap();
    for paths in [vec![files.1[1].clone()], vec![files.1[1].clone(), other]] {
        let error = Captures::open(&paths, &Stop::default()).err().unwrap();
        assert_eq!(error.to_string(), format!("{empty} is empty"));
    }
}

#[test]
fn a_stop_while_the_first_records_are_looked_for_ends_it_there() {
    let mut files = Files::new().pcap("a", &[1]);
    // A block of 4 GiB that nobody knows, nearly all of it a hole, takes longer than the stop.
    files.write("long", &[TO.section(), TO.words(&[0x0bad, 0xffff_fffc])].concat());
    let mut long = File::options().write(true).open(&files.1[1]).unwrap();
    long.seek(SeekFrom::Start(5 << 30)).unwrap();
    long.write_all(b"end").unwrap();
    files.1.push("nowhere".into());
    // A stop that comes before the header has been read is another error: then later again.
    let stopped = [10, 30, 100, 300].into_iter().find_map(|delay_ms| {
        let flag = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&flag);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(delay_ms));
            raised.store(true, Ordering::Relaxed);
        });
        Captures::open(&files.1, &Stop::from(flag)).ok()
    });
    let mut captures = stopped.expect("the file behind is not opened any more");
    assert!(captures.was_stopped() && captures.next().is_none());
    assert_eq!(captures.files().len(), 2);
}
