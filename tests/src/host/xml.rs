//! Does XML tell the same of a run as text does?

use keeptrack::conntrack::{Entry, Event, Kind, Record, Userspace};
use keeptrack_core::{Ends, Protocol};

use super::samples;

/// Both runs, with counters and ages and without.
const RUNS: [&str; 2] = ["acct_ts", "default"];

fn records(file: &str) -> Option<Vec<Record>> {
    Some(samples::records(&samples::folder()?.join(file), 0))
}

/// What XML would have told of an entry: nothing of ICMP's type, and a moment to the second.
fn as_in_xml(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Protocol::ICMP | Protocol::ICMPV6 = entry.protocol() {
        entry.original.tuple.ends = Ends::None;
        entry.reply.tuple.ends = Ends::None;
    }
    entry
}

/// Holds the entry of XML against that of text, which was printed within a second of it.
fn hold(xml: &Entry, text: &Entry) {
    let mut expected = as_in_xml(text);
    let near = |xml: Option<u64>, text: Option<u64>| match (xml, text) {
        (Some(xml), Some(text)) => xml.abs_diff(text) <= 1,
        (xml, text) => xml == text,
    };
    assert!(near(xml.timeout, text.timeout), "{xml:?}\n{text:?}");
    assert!(near(xml.delta_time, text.delta_time), "{xml:?}\n{text:?}");
    expected.timeout = xml.timeout;
    expected.delta_time = xml.delta_time;
    // Each of the two tells of some when they began.
    expected.start = xml.start.filter(|start| text.start.is_none_or(|told| told == *start));
    expected.stop = xml.stop;
    assert_eq!(*xml, expected);
}

#[test]
fn a_table_is_the_same() {
    for run in RUNS {
        let text = records(&format!("{run}/conntrack-L-o-id,extended,ktimestamp,labels.txt"));
        let Some(text) = text else { return };
        for file in ["conntrack-L-o-xml.xml", "conntrack-L-o-xml,extended.xml"] {
            let xml = records(&format!("{run}/{file}")).unwrap();
            assert_eq!(xml.len(), text.len());
            for pair in xml.iter().zip(&text) {
                let (Record::Entry(xml), Record::Entry(text)) = pair else { panic!("{pair:?}") };
                hold(xml, text);
            }
        }
    }
}

#[test]
fn a_log_is_the_same() {
    for run in RUNS {
        let text = records(&format!("{run}/conntrack-E-o-timestamp,extended,id.txt"));
        let Some(text) = text else { return };
        let xml = records(&format!("{run}/conntrack-E-o-xml,timestamp.xml")).unwrap();
        assert_eq!(xml.len(), text.len());
        for pair in xml.iter().zip(&text) {
            let (Record::Event(xml), Record::Event(text)) = pair else { panic!("{pair:?}") };
            let Event { time, kind, entry, by } = xml;
            // Whether the program still ran depends on when its name was looked up.
            let portid = |by: &Option<Userspace>| by.as_ref().map(|by| by.portid);
            let (seconds, told) = (time.unwrap().seconds, text.time.unwrap().seconds);
            assert!(seconds.abs_diff(told) <= 1, "{xml:?}\n{text:?}");
            assert_eq!((*kind, portid(by)), (text.kind, portid(&text.by)));
            assert_eq!(entry.stop.is_some(), *kind == Kind::Destroy && run == "acct_ts");
            hold(entry, &text.entry);
        }
    }
}

#[test]
fn an_expectation_is_the_same() {
    let Some(text) = records("zones_helper_expect/conntrack-L-expect.txt") else { return };
    let xml = records("zones_helper_expect/conntrack-L-expect-o-xml.xml").unwrap();
    assert_eq!(xml, text);
}
