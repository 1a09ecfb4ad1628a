//! Lines of every form, lines of none, and files that mix them.

use keeptrack_core::{Ends, Protocol, Status};

use super::{
    Entry, Event, Form, Kind, Line, MAX_LINE_LEN, Nat, Offload, Reader, Record, Statistics, Time,
    Times, Why,
};

const V4: &str = "src=192.0.2.1 dst=198.51.100.2 sport=1000 dport=80";
const BACK: &str = "src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1000";

fn entry(line: &str) -> Entry {
    match Line::read(line) {
        Ok(Line::Record(Record::Entry(entry))) => entry,
        other => panic!("{line}: {other:?}"),
    }
}

fn event(line: &str) -> Event {
    match Line::read(line) {
        Ok(Line::Record(Record::Event(event))) => event,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn entries_are_printed_as_they_were_read() {
    let sides = format!("{V4} {BACK}");
    let v6 = "src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=7 \
              src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=7";
    let bare = "src=192.0.2.1 dst=192.0.2.2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1";
    for line in [
        format!("tcp      6 431999 ESTABLISHED {sides} [ASSURED] mark=31 use=1"),
        format!("tcp      6 117 SYN_SENT {V4} [UNREPLIED] {BACK}"),
        format!("tcp      6 1 LISTEN {sides} [ASSURED] use=1"),
        format!("udp      17 29 {V4} packets=1 bytes=58 {BACK} packets=2 bytes=90 mark=0 use=1"),
        format!("udplite  136 179 {sides} mark=0 use=1"),
        format!("sctp     132 9 COOKIE_WAIT {V4} [UNREPLIED] {BACK} mark=0 use=1"),
        format!("sctp     132 29 HEARTBEAT_ACKED {sides} mark=0 use=1"),
        format!("dccp     33 239 REQUEST {V4} [UNREPLIED] {BACK} mark=0 use=1"),
        "dccp     33 599 src=192.0.2.1 dst=192.0.2.2 sport=0 dport=0 \
         src=192.0.2.2 dst=192.0.2.1 sport=0 dport=0 mark=0 use=1"
            .into(),
        format!("icmpv6   58 29 {v6} mark=0 use=1 id=3454977333"),
        "gre      47 28 src=192.0.2.1 dst=192.0.2.2 srckey=0x0 dstkey=0xff7 \
         src=192.0.2.2 dst=192.0.2.1 srckey=0xff7 dstkey=0x0 mark=0 use=1"
            .into(),
        format!("unknown  50 598 {bare} mark=0 use=1"),
        format!("tcp      6 {sides} [OFFLOAD] mark=0 use=2"),
        format!("tcp      6 {sides} [HW_OFFLOAD] mark=0 secctx=null use=2"),
        format!(
            "tcp      6 9 CLOSE {sides} [ASSURED] mark=0 secctx=system_u:object_r:unlabeled_t:s0 use=2"
        ),
        format!("udp      17 29 {V4} zone-orig=8 {BACK} zone-reply=9 mark=0 use=1"),
        format!(
            "tcp      6 55 CLOSE_WAIT {V4} zone-orig=8 packets=1 bytes=2 {BACK} zone-reply=9 \
             packets=3 bytes=4 mark=31 secmark=7 secctx=a:b zone=7 delta-time=8 \
             [start=Sun Nov  1 03:06:47 2026] [stop=Sun Nov 22 13:46:53 2026] helper=ftp use=0 \
             id=12345 labels=web,mail"
        ),
    ] {
        assert_eq!(entry(&line).as_listed(Form::Plain).to_string(), line);
        let family = if line.contains("2001:db8") { "ipv6     10 " } else { "ipv4     2 " };
        let extended = format!("{family}{line}");
        assert_eq!(entry(&extended), entry(&line), "the family changes nothing");
        assert_eq!(entry(&line).as_listed(Form::Extended).to_string(), extended);
    }
}

#[test]
fn proc_and_the_save_form_are_printed_as_they_were_read() {
    let proc = [
        "ipv4     2 gre      47 28 timeout=30, stream_timeout=180 src=192.0.2.1 dst=192.0.2.2 \
         srckey=0x0 dstkey=0x7 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 srckey=0x7 dstkey=0x0 \
         mark=0 zone=0 use=2",
        "ipv6     10 udp      17 29 src=2001:0db8:0000:0000:0000:0000:0000:0001 \
         dst=2001:0db8:0000:0000:0000:0000:0000:0002 sport=1 dport=2 \
         src=2001:0db8:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:0001 \
         sport=2 dport=1 mark=0 zone=7 use=2",
        "ipv4     2 unknown  33 599 src=192.0.2.1 dst=192.0.2.2 src=192.0.2.2 dst=192.0.2.1 \
         mark=0 zone=0 use=2",
    ];
    for line in proc {
        assert_eq!(entry(line).as_listed(Form::Proc).to_string(), line);
    }
    let save = [
        "-A -t 431993 -u EXPECTED,SEEN_REPLY,ASSURED,FIXED_TIMEOUT -c 3 -w 7 -s 192.0.2.1 \
         -d 198.51.100.2 -g 203.0.113.5 -n 203.0.113.1 -p tcp --sport 1000 --dport 80 \
         --reply-port-src 8080 --reply-port-dst 2000 --state ESTABLISHED",
        "-A -t 8 -u UNSET --orig-zone 8 --reply-zone 9 -s 192.0.2.1 -d 192.0.2.2 -r 192.0.2.2 \
         -q 192.0.2.1 -p sctp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1 \
         --state CLOSED --orig-vtag 0 --reply-vtag 5",
        "-A -t 8 -u SEEN_REPLY -s 2001:db8::1 -d 2001:db8::2 -r 2001:db8::2 -q 2001:db8::1 \
         -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 7",
        "-A -t 8 -u SEEN_REPLY -s 192.0.2.1 -d 192.0.2.2 -r 192.0.2.2 -q 192.0.2.1 -p dccp \
         --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1 --state REQUEST --role client",
        "-A -t 28 -u UNSET -s 192.0.2.1 -d 192.0.2.2 -r 192.0.2.2 -q 192.0.2.1 -p gre \
         --srckey 0 --dstkey 7 --reply-key-src 7 --reply-key-dst 0",
        "-A -t 598 -u UNSET -s 192.0.2.1 -d 192.0.2.2 -r 192.0.2.2 -q 192.0.2.1 -p 50",
    ];
    for line in save {
        assert_eq!(entry(line).as_listed(Form::Save).to_string(), line);
    }
    let short = "-I -t 9 -s 192.0.2.1 -d 198.51.100.2 -p tcp --sport 1000 --dport 80 --state CLOSE";
    assert_eq!(entry(short).reply.tuple, entry(short).original.tuple.invert());
}

#[test]
fn events_are_printed_as_they_were_read() {
    for line in [
        format!("    [NEW] tcp      6 120 SYN_SENT {V4} [UNREPLIED] {BACK}"),
        format!(" [UPDATE] tcp      6 432000 ESTABLISHED {V4} {BACK} [ASSURED] mark=0"),
        format!(
            "[DESTROY] udp      17 {V4} packets=1 bytes=2 {BACK} packets=0 bytes=0 delta-time=1"
        ),
        format!("[DESTROY] udp      17 5 {V4} {BACK} [USERSPACE] portid=21671"),
        format!("[DESTROY] udp      17 5 {V4} {BACK} [USERSPACE] portid=9 progname=my tool"),
    ] {
        assert_eq!(event(&line).as_logged(Form::Plain, Times::With).to_string(), line);
        let timed = format!("[1795355207.000774]\t{line}");
        let read = event(&timed);
        assert_eq!(read.time, Some(Time { seconds: 1_795_355_207, micros: 774 }));
        assert_eq!(read.as_logged(Form::Plain, Times::With).to_string(), timed);
        assert_eq!(read.as_logged(Form::Plain, Times::Without).to_string(), line);
    }
    let saved = "-D -t 9 -u SEEN_REPLY -s 192.0.2.1 -d 192.0.2.2 -r 192.0.2.2 -q 192.0.2.1 -p 50";
    assert_eq!(event(saved).kind, Kind::Destroy);
    assert_eq!(event(saved).as_logged(Form::Save, Times::With).to_string(), saved);
    let old = event(&format!("[1282222222.774   ]\t    [NEW] udp      17 30 {V4} {BACK}"));
    assert_eq!(old.time, Some(Time { seconds: 1_282_222_222, micros: 774 }));
}

#[test]
fn events_are_made_as_the_kernel_sends_them() {
    let listed = entry(&format!(
        "tcp      6 0 CLOSE {V4} packets=1 bytes=2 {BACK} packets=3 bytes=4 [ASSURED] mark=0 \
         zone=7 delta-time=9 helper=ftp use=1"
    ));
    let sent = |kind| Event::sent(None, kind, listed.clone());
    assert_eq!(
        sent(Kind::Update).as_logged(Form::Plain, Times::With).to_string(),
        format!(" [UPDATE] tcp      6 0 CLOSE {V4} {BACK} [ASSURED] zone=7 helper=ftp")
    );
    assert_eq!(
        sent(Kind::Destroy).as_logged(Form::Extended, Times::With).to_string(),
        format!(
            "[DESTROY] ipv4     2 tcp      6 CLOSE {V4} packets=1 bytes=2 {BACK} packets=3 \
             bytes=4 [ASSURED] zone=7 delta-time=9"
        )
    );
}

#[test]
fn old_forms_and_any_order_are_read() {
    let old = entry(&format!("tcp      6 117 SYN_SENT {V4} [UNREPLIED] {BACK} use=1 \r\n"));
    assert_eq!((old.mark, old.use_count), (None, Some(1)));
    let other = entry(&format!("tcp 6 117 SYN_SENT {V4} {BACK} use=1 [UNREPLIED]"));
    assert_eq!(other, old);
    let offloaded = entry(&format!("tcp      6 {V4} {BACK} [OFFLOAD] mark=0 use=2"));
    assert_eq!((offloaded.timeout, offloaded.state), (None, None));
    assert_eq!(offloaded.offload, Some(Offload::Software));
    assert_eq!(offloaded.status, Status::SEEN_REPLY);
}

#[test]
fn what_nat_changed_is_said() {
    for (reply, nat) in [
        ("src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1000", None),
        ("src=198.51.100.2 dst=203.0.113.1 sport=80 dport=1000", Some(Nat::Source)),
        ("src=198.51.100.2 dst=192.0.2.1 sport=80 dport=1001", Some(Nat::Source)),
        ("src=203.0.113.9 dst=192.0.2.1 sport=80 dport=1000", Some(Nat::Destination)),
        ("src=198.51.100.2 dst=192.0.2.1 sport=8080 dport=1000", Some(Nat::Destination)),
        ("src=203.0.113.9 dst=203.0.113.1 sport=80 dport=1000", Some(Nat::Both)),
    ] {
        assert_eq!(entry(&format!("tcp      6 9 CLOSE {V4} {reply}")).nat(), nat, "{reply}");
    }
    let ping = "src=192.0.2.1 dst=192.0.2.2 type=8 code=0 id=7";
    let back = "src=192.0.2.2 dst=192.0.2.1 type=0 code=0";
    let nat = |id| entry(&format!("icmp     1 9 {ping} {back} id={id}")).nat();
    assert_eq!((nat(7), nat(8)), (None, Some(Nat::Source)));
}

#[test]
fn what_is_wrong_is_named() {
    let start = format!("tcp      6 9 CLOSE {V4}");
    for (line, expected) in [
        (format!("{start} {BACK} colour"), "`colour` is not a word of conntrack's"),
        (format!("{start} {BACK} Colour:x=3"), "`Colour:x=3` is not a word of conntrack's"),
        (
            format!("{start} {BACK} helper=\x1b[2J"),
            "`helper=\\u{1b}[2J` has a value that cannot be",
        ),
        (format!("{start} {BACK} labels=a\u{9b}"), "`labels=a\\u{9b}` has a value that cannot be"),
        (
            format!("{start} {BACK} secctx=\u{202e}"),
            "`secctx=\\u{202e}` has a value that cannot be",
        ),
        (
            format!("{start} {BACK} helper=seventeen-letters"),
            "`helper=seventeen-letters` has more than 16 bytes behind its name",
        ),
        (format!("{start} {BACK} [\x1b[2J]"), "`[\\u{1b}[2J]` is not a word of conntrack's"),
        (format!("tcp      6 9 CLOSED {V4} {BACK}"), "`CLOSED` is not a word of conntrack's"),
        (format!("tcp      6 9 {V4} {BACK} CLOSE"), "`CLOSE` is not a word of conntrack's"),
        (format!("{start} {BACK} mark=-1"), "`mark=-1` has a value that cannot be"),
        (
            format!("{start} {BACK} [start=yesterday]"),
            "`[start=yesterday]` has a value that cannot be",
        ),
        (format!("{start} dport=81 {BACK}"), "`dport=81` comes after another of its kind"),
        (format!("{start} {BACK} {V4}"), "`src=192.0.2.1` comes after another of its kind"),
        (format!("{start} packets=1 {BACK}"), "there is no `bytes=`"),
        (start.clone(), "there is no `src=`"),
        (format!("{start} src=198.51.100.2 dst=192.0.2.1"), "there is no `sport=`"),
        (
            format!("{start} src=2001:db8::1 dst=2001:db8::2 sport=80 dport=1000"),
            "`src=2001:db8::1` has a value that cannot be",
        ),
        ("-A -t 9 -s 192.0.2.1 -d 192.0.2.2".into(), "there is no `-p`"),
        ("-A -t 9 --magic 3 -p tcp".into(), "`--magic` is not a word of conntrack's"),
    ] {
        assert_eq!(Line::read(&line).expect_err(&line).to_string(), expected, "{line}");
    }
}

#[test]
fn lines_of_something_else_are_told_from_bad_ones() {
    for line in [
        "tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN",
        "tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*",
        "-A INPUT -p tcp -j ACCEPT",
        "[ 1550.348169] nf_conntrack: nf_conntrack: table full, dropping packet",
        "[12345.678901] br0: port 1(lan0) entered blocking state",
        "rc=1",
        "262144",
    ] {
        assert_eq!(Line::read(line), Ok(Line::Foreign), "{line}");
    }
    let footer = "conntrack v1.4.7 (conntrack-tools): 20 flow entries have been shown.";
    let Ok(Line::Footer(read)) = Line::read(footer) else { panic!("{footer}") };
    assert_eq!((read.count(), read.to_string()), (Some(20), footer.to_owned()));
}

#[test]
fn expectations_are_printed_as_they_were_read() {
    let start = "proto=6 src=192.0.2.1 dst=192.0.2.2 sport=0 dport=5000 \
                 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 \
                 master-src=192.0.2.1 master-dst=192.0.2.2 sport=5001 dport=21";
    let proc = "l3proto = 2 proto=17 src=192.0.2.1 dst=192.0.2.2 sport=0 dport=5000";
    for (line, form) in [
        (format!("281 {start} class=0 helper=ftp"), Form::Plain),
        (
            format!("    [NEW] 300 {start} zone=7 PERMANENT,USERSPACE class=1 helper=ftp"),
            Form::Plain,
        ),
        (format!("[1795355207.534774]\t[DESTROY] 300 {start} class=0 helper=ftp"), Form::Plain),
        (format!("293 {proc} ftp"), Form::Proc),
        (format!("- {proc} PERMANENT,INACTIVE sip/RTP"), Form::Proc),
    ] {
        let Ok(Line::Record(Record::Expectation(read))) = Line::read(&line) else {
            panic!("{line}: {:?}", Line::read(&line))
        };
        assert_eq!(read.as_listed(form).to_string(), line);
    }
}

fn xml(states: &str) -> String {
    format!(
        "<flow type=\"destroy\"><meta direction=\"original\">\
         <layer3 protonum=\"2\" protoname=\"ipv4\"><src>192.0.2.1</src><dst>192.0.2.2</dst></layer3>\
         <layer4 protonum=\"47\" protoname=\"gre\"><srckey>0x0</srckey><dstkey>0x7</dstkey></layer4>\
         <zone>8</zone></meta>\n  <meta direction=\"reply\">\
         <layer3 protonum=\"2\" protoname=\"ipv4\"><src>192.0.2.2</src><dst>192.0.2.1</dst></layer3>\
         <layer4 protonum=\"47\" protoname=\"gre\"><srckey>0x7</srckey><dstkey>0x0</dstkey></layer4>\
         </meta><meta direction=\"independent\">{states}</meta><when><hour>13</hour><min>46</min>\
         <sec>47</sec><wday>1</wday><day>22</day><month>11</month><year>2026</year></when></flow>"
    )
}

#[test]
fn files_mix_lines_and_xml() {
    let line = format!("udp      17 29 {V4} {BACK} mark=0 use=1");
    let states = "<timeout>9</timeout><helper>a&amp;b&#x21;</helper><unreplied/>";
    let flow = xml(states);
    let footer = "conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.";
    let file = format!(
        "{footer}\r\n\r\n  {line}\r\nw\x1bhat\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <conntrack>\n{flow} [USERSPACE] portid=7\n{flow}{flow}\n</conntrack>\n{line}\n<13>what\n\
         \n{line} la"
    );
    let mut reader = Reader::new(file.as_bytes());
    let mut found = Vec::new();
    while let Some(record) = reader.next() {
        found.push((reader.line(), record.unwrap()));
    }
    assert_eq!(found.iter().map(|found| found.0).collect::<Vec<_>>(), [3, 7, 9, 10, 13]);
    let Record::Event(event) = &found[1].1 else { panic!("{found:?}") };
    assert_eq!(event.time, Some(Time { seconds: 1_795_355_207, micros: 0 }));
    assert_eq!(event.by.as_ref().map(|by| by.portid), Some(7));
    assert_eq!(event.entry.helper.as_deref(), Some("a&b!"));
    assert_eq!(event.entry.original.zone, Some(8));
    assert_eq!(event.entry.protocol(), Protocol::GRE);
    let ends = Ends::Keys { source: 0, destination: 7 };
    assert_eq!((event.entry.original.tuple.ends, event.entry.status), (ends, Status::NONE));
    let foreign = reader.foreign().unwrap();
    assert_eq!((foreign.count, foreign.line, &*foreign.text), (2, 4, "w\\u{1b}hat"));
    assert_eq!(reader.footer().unwrap().to_string(), footer);
    assert_eq!(reader.cut(), Some(16));
}

#[test]
fn bad_files_end_at_the_line_that_is_wrong() {
    let why = |file: &str| {
        let error = Reader::new(file.as_bytes()).find_map(Result::err).unwrap();
        error.to_string()
    };
    assert_eq!(why("\nudp 17 9 x\n"), "2: `x` is not a word of conntrack's");
    let labelled = |labels: &str| format!("udp 17 9 {V4} {BACK} labels={labels}");
    let long = why(&labelled(&"x".repeat(60_000)));
    assert!(long.ends_with("...` has more than 4096 bytes behind its name"), "{long}");
    assert!(why(&(labelled(&"x,".repeat(128)) + "\n")).ends_with("has a value that cannot be"));
    assert_eq!(
        why(&xml("<helper>a&#x1b;</helper>")),
        "1: `<helper>a\\u{1b}` has a value that cannot be"
    );
    let label = format!("<label>{}</label>", "x".repeat(3000));
    assert!(why(&xml(&label.repeat(2))).ends_with("has more than 4096 bytes behind its name"));
    let flow = xml("<colour>red</colour>");
    assert_eq!(why(&format!("<conntrack>\n{flow}")), "2: `<colour>` is not a word of conntrack's");
    assert_eq!(why(&xml("<mark>red</mark>")), "1: `<mark>red` has a value that cannot be");
    assert_eq!(why(&xml("<helper>a<&</helper>")).get(..24), Some("1: not well-formed XML: "));
    for start in ["tcp 6 9 ", "<flow "] {
        let long = start.to_owned() + &"x".repeat(MAX_LINE_LEN);
        let error = Reader::new(long.as_bytes()).find_map(Result::err).unwrap();
        assert!(matches!(error.why, Why::TooLong(MAX_LINE_LEN)), "{error}");
    }
    let mut cut = Reader::new(flow.get(..300).unwrap().as_bytes());
    assert!(cut.next().is_none());
    assert_eq!(cut.cut(), Some(1));
}

#[test]
fn words_that_are_not_known_are_counted_and_the_entry_counts() {
    let line = format!("udp      17 29 {V4} {BACK} mark=0");
    let file = format!("\u{feff}{line}\n{line} colour=\x1b3 use=1 x-y=\n[NEW] {line} z=9\n");
    let mut reader = Reader::new(file.as_bytes());
    let records: Result<Vec<_>, _> = reader.by_ref().collect();
    assert_eq!(records.unwrap().len(), 3);
    assert_eq!(reader.foreign(), None);
    let unknown = reader.unknown().unwrap();
    assert_eq!((unknown.count, unknown.line, &*unknown.text), (3, 2, "colour=\\u{1b}3"));
    // As Linux 2.4 has GRE.
    let key = |a, b| format!("version=0 protocol=0x6558 srckey={a} dstkey={b}");
    let old = format!(
        "gre      47 9 timeout=30, stream_timeout=180 src=192.0.2.1 dst=192.0.2.2 {} \
         src=192.0.2.2 dst=192.0.2.1 {} use=1\n",
        key("0x0", "0x7"),
        key("0x7", "0x0"),
    );
    let mut reader = Reader::new(old.as_bytes());
    assert!(matches!(reader.next(), Some(Ok(Record::Entry(_)))) && reader.unknown().is_none());
}

#[test]
fn xml_in_one_line_is_read_wherever_what_was_read_at_once_ends() {
    let flow = xml("<timeout>9</timeout>");
    let flows = MAX_LINE_LEN / flow.len() + 2;
    for pad in (0..flow.len()).step_by(5) {
        let file = format!("{}{}", " ".repeat(pad), flow.replace('\n', "").repeat(flows));
        let mut reader = Reader::new(file.as_bytes());
        assert_eq!(reader.by_ref().filter(Result::is_ok).count(), flows, "{pad}");
        assert_eq!(reader.foreign(), None);
    }
}

#[test]
fn addresses_are_printed_as_c_does() {
    for address in
        ["::", "::1", "::0.1.0.0", "::192.0.2.1", "::ffff:192.0.2.1", "::1:0:0", "64:ff9b::1"]
    {
        let line = format!("unknown  50 9 src={address} dst=::2 src=::2 dst={address} use=1");
        assert_eq!(entry(&line).as_listed(Form::Plain).to_string(), line);
        let save = format!("-A -t 9 -u UNSET -s {address} -d ::2 -r ::2 -q {address} -p 50");
        assert_eq!(entry(&save).as_listed(Form::Save).to_string(), save);
    }
}

#[test]
fn counters_are_read_by_their_names() {
    let tool = "cpu=0   \tfound=0 drop=50 \ncpu=10  \tfound=1 drop=2 \n";
    let proc = "entries  searched found  expect_new\n00000014  00000000 00000001  0000000a\n\
                00000014  00000000 00000002  00000000\n";
    for text in [tool, proc, "262144\n"] {
        assert_eq!(Statistics::read(text).unwrap().to_string(), text);
    }
    let sum = |text, name| Statistics::read(text).unwrap().sum(name);
    assert_eq!((sum(tool, "drop"), sum(tool, "invalid")), (Some(52), None));
    assert_eq!((sum(proc, "entries"), sum(proc, "found")), (Some(20), Some(3)));
    let exposed = "# HELP node_x x\nnode_nf_conntrack_entries 7\nother{a=\"b\"} 1.5\n\
                   node_nf_conntrack_stat_drop 3\n";
    assert_eq!((sum(exposed, "entries"), sum(exposed, "drop")), (Some(7), Some(3)));
    assert_eq!(Statistics::read("cpu=0 \tdrop=x\n").unwrap_err().line, 1);
    assert!(Statistics::read("what\n").is_err() && Statistics::read("").is_err());
}
