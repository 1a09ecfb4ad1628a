//! Captures that come through a pipe: at once, and no longer than somebody waits.

use std::io::{PipeWriter, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::super::{Capture, Captures, Kind, Source, Stop};
use super::{MICRO, To};

const TO: To = To::Little;

/// A capture out of a pipe into which its header has been written, and what raises its stop.
fn piped() -> (Captures, PipeWriter, Arc<AtomicBool>) {
    let (source, mut writer) = pipe().unwrap();
    writer.write_all(&TO.pcap(MICRO, 1)).unwrap();
    let flag = Arc::new(AtomicBool::new(false));
    let stop = Stop::from(Arc::clone(&flag));
    let source = Source::read("stdin", Box::new(source), &stop).unwrap();
    assert_eq!((source.kind(), source.total_bytes()), (Kind::Pcap, None));
    (Captures::from_source(source, &stop).unwrap(), writer, flag)
}

#[test]
fn a_record_is_there_as_soon_as_it_has_been_written() {
    let (mut captures, mut writer, _) = piped();
    for second in 0..3 {
        // The next is written when this one has been read; waiting for a block would never end.
        writer.write_all(&TO.record(second, 0, b"data")).unwrap();
        let record = captures.next().unwrap().unwrap();
        assert_eq!((record.index, record.data), (second.into(), &b"data"[..]));
    }
    drop(writer);
    assert!(captures.next().is_none());
    assert!(!captures.was_stopped());
}

#[test]
fn a_stop_ends_the_wait_and_what_was_whole_before_is_not_lost() {
    let (mut captures, mut writer, flag) = piped();
    let two = [TO.record(1, 0, b"first"), TO.record(2, 0, b"second")].concat();
    writer.write_all(&[&two[..], b"and a part"].concat()).unwrap();
    assert_eq!(captures.next().unwrap().unwrap().data, b"first");
    flag.store(true, Relaxed);
    assert_eq!(captures.next().unwrap().unwrap().data, b"second");
    assert!(captures.next().is_none());
    assert!(captures.was_stopped() && captures.warnings().next().is_none());
    assert_eq!(captures.packet_count(), 2);
    drop(writer);
}

#[test]
fn a_stop_before_the_first_byte_is_told_apart() {
    let (source, writer) = pipe().unwrap();
    let stop = Stop::from(Arc::new(AtomicBool::new(true)));
    let error = Source::read("stdin", Box::new(source), &stop).err().unwrap();
    assert!(error.is_stop(), "{error}");
    drop(writer);
}

#[test]
fn a_compressed_pipe_tells_what_has_been_flushed_into_it() {
    let (source, writer) = pipe().unwrap();
    let mut packed = flate2::write::GzEncoder::new(writer, flate2::Compression::default());
    packed.write_all(&[TO.pcap(MICRO, 1), TO.record(1, 0, b"data")].concat()).unwrap();
    packed.flush().unwrap();
    let mut capture = Capture::read("stdin", Box::new(source)).unwrap();
    assert_eq!(capture.next().unwrap().unwrap().data, b"data");
    packed.finish().unwrap();
    assert!(capture.next().is_none() && capture.warning().is_none());
}
