//! Is whatever can be printed in a form of conntrack's read back as it was, and is anything read
//! without a panic?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keeptrack::conntrack::{
    Entry, Event, Form, GreTimeouts, Kind, Line, Offload, Reader, Record, Side, Statistics, Time,
    Times, Userspace,
};
use keeptrack_core::{Counters, Ends, Protocol, Status, Tuple};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

const DCCP: Protocol = Protocol(33);

fn addresses() -> impl Strategy<Value = [IpAddr; 4]> {
    let v4 = any::<[u32; 4]>().prop_map(|bits| bits.map(|bits| Ipv4Addr::from_bits(bits).into()));
    let v6 = any::<[u128; 4]>().prop_map(|bits| bits.map(|bits| Ipv6Addr::from_bits(bits).into()));
    // Runs of zeros, which are written in short.
    let short = any::<[(u8, u8); 4]>().prop_map(|ends| {
        ends.map(|(high, low)| {
            Ipv6Addr::from_bits(u128::from(high) << 120 | 1 << 64 | u128::from(low)).into()
        })
    });
    // An end that is written as an address of IPv4 is.
    let low = any::<[u32; 4]>()
        .prop_map(|ends| ends.map(|end| Ipv6Addr::from_bits(u128::from(end)).into()));
    prop_oneof![v4, v6, short, low]
}

/// A protocol, one of its states, and the ends of both directions.
fn protocol() -> impl Strategy<Value = (Protocol, Option<&'static str>, [Ends; 2])> {
    const PORTS: [Protocol; 5] =
        [Protocol::TCP, Protocol::UDP, Protocol::SCTP, Protocol::UDPLITE, DCCP];
    let ports = (select(&PORTS[..]), any::<usize>(), any::<[u16; 4]>()).prop_map(
        |(protocol, state, [a, b, c, d])| {
            // The tools print the port 0 of DCCP where there is none.
            let low = u16::from(protocol == DCCP);
            let ports =
                |source: u16, destination| Ends::Ports { source: source.max(low), destination };
            let states: &[_] = match protocol {
                Protocol::TCP => &["SYN_SENT", "ESTABLISHED", "CLOSE", "SYN_SENT2", "LISTEN"],
                Protocol::SCTP => &["CLOSED", "COOKIE_WAIT", "HEARTBEAT_SENT"],
                DCCP => &["REQUEST", "OPEN", "TIMEWAIT"],
                _ => &[],
            };
            let state = states.get(state % (states.len() + 1)).copied();
            (protocol, state, [ports(a, b), ports(c, d)])
        },
    );
    let query = (select(&[Protocol::ICMP, Protocol::ICMPV6][..]), any::<[(u8, u8, u16); 2]>())
        .prop_map(|(protocol, queries)| {
            let ends = queries.map(|(kind, code, id)| Ends::Query { kind, code, id });
            (protocol, None, ends)
        });
    let keys = any::<[(u16, u16); 2]>().prop_map(|keys| {
        let ends = keys.map(|(source, destination)| Ends::Keys { source, destination });
        (Protocol::GRE, None, ends)
    });
    let none = select(&[DCCP, Protocol(2), Protocol(50), Protocol(255)][..])
        .prop_map(|protocol| (protocol, None, [Ends::None; 2]));
    prop_oneof![4 => ports, 1 => query, 1 => keys, 1 => none]
}

fn sides() -> impl Strategy<Value = (Option<&'static str>, [Side; 2])> {
    let told = || (of(any::<(u64, u64)>()), of(any::<u16>()));
    (protocol(), addresses(), told(), told()).prop_map(
        |((protocol, state, [there, back]), [a, b, c, d], one, other)| {
            let side =
                |(source, destination), ends, (counters, zone): (Option<(u64, u64)>, _)| Side {
                    tuple: Tuple { source, destination, protocol, ends },
                    counters: counters.map(|(packets, bytes)| Counters { packets, bytes }),
                    zone,
                };
            (state, [side((a, b), there, one), side((c, d), back, other)])
        },
    )
}

fn name() -> impl Strategy<Value = Option<Box<str>>> {
    of("[!-~]{0,12}".prop_map(String::into_boxed_str))
}

/// An entry of which everything may be told that any form tells.
fn entry() -> impl Strategy<Value = Entry> {
    let statuses = [
        Status::NONE,
        Status::SEEN_REPLY,
        Status::SEEN_REPLY | Status::ASSURED,
        Status::SEEN_REPLY | Status::EXPECTED,
    ];
    let marks = (of(any::<u32>()), of(any::<u32>()), of(any::<u16>()));
    let times = (of(any::<u64>()), of(any::<u64>()), of(0..99_999_999_999_i64));
    let kernel = (of(any::<u32>()), of(any::<u32>()), of(any::<[u32; 2]>()), any::<bool>());
    let offload = of(select(&[Offload::Software, Offload::Hardware][..]));
    let role = of(select(&["client", "server"][..]));
    (
        sides(),
        select(statuses.to_vec()),
        marks,
        times,
        kernel,
        [name(), name(), name()],
        offload,
        role,
    )
        .prop_map(
            |((state, [original, reply]), status, marks, times, kernel, names, offload, role)| {
                let mut entry = Entry::new(original.tuple, reply.tuple);
                let protocol = entry.protocol();
                (entry.original, entry.reply, entry.state, entry.status) =
                    (original, reply, state, status);
                (entry.mark, entry.secmark, entry.zone) = marks;
                (entry.timeout, entry.delta_time, entry.start) = times;
                entry.stop = entry.start.map(|start| start / 2);
                (entry.use_count, entry.id, entry.vtags, entry.fixed_timeout) = kernel;
                entry.gre =
                    entry.vtags.map(|[unreplied, stream]| GreTimeouts { unreplied, stream });
                [entry.secctx, entry.helper, entry.labels] = names;
                entry.offload = offload;
                entry.vtags = entry.vtags.filter(|_| protocol == Protocol::SCTP);
                entry.role = role.filter(|_| protocol == DCCP);
                entry
            },
        )
}

/// What of an entry is told in a form.
fn told(mut entry: Entry, form: Form) -> Entry {
    if form == Form::Save {
        let mut saved = Entry::new(entry.original.tuple, entry.reply.tuple);
        saved.original.zone = entry.original.zone;
        saved.reply.zone = entry.reply.zone;
        if let Ends::Query { .. } = saved.original.tuple.ends {
            saved.reply.tuple.ends = saved.original.tuple.invert().ends;
        }
        return Entry {
            timeout: entry.timeout,
            state: entry.state,
            status: entry.status,
            secmark: entry.secmark,
            zone: entry.zone,
            fixed_timeout: entry.fixed_timeout,
            vtags: entry.vtags,
            role: entry.role,
            ..saved
        };
    }
    entry.status = entry.status.without(Status::EXPECTED);
    if entry.offload.is_some() {
        entry.status = entry.status.without(Status::ASSURED);
    }
    (entry.vtags, entry.role, entry.fixed_timeout) = (None, None, false);
    if form == Form::Proc {
        (entry.start, entry.stop, entry.id) = (None, None, None);
        (entry.helper, entry.labels) = (None, None);
        let is_both = entry.original.zone.or(entry.reply.zone).is_none();
        entry.zone = entry.zone.or(is_both.then_some(0));
    } else {
        entry.gre = None;
    }
    entry
}

fn event() -> impl Strategy<Value = Event> {
    let time = of((any::<u32>(), 0..1_000_000_u32));
    let by = of((any::<u32>(), of("[!-~]{1,8}( [!-~]{1,8})?")));
    (entry(), select(&[Kind::New, Kind::Update, Kind::Destroy][..]), time, by).prop_map(
        |(entry, kind, time, by)| Event {
            time: time.map(|(seconds, micros)| Time { seconds: seconds.into(), micros }),
            kind,
            entry,
            by: by.map(|(portid, name)| Userspace { portid, progname: name.map(String::into) }),
        },
    )
}

const FORMS: [Form; 4] = [Form::Plain, Form::Extended, Form::Proc, Form::Save];

/// A line of any form.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        (entry(), select(&FORMS[..])).prop_map(|(entry, form)| entry.as_listed(form).to_string()),
        (event(), select(&FORMS[..]))
            .prop_map(|(event, form)| event.as_logged(form, Times::With).to_string()),
    ]
}

/// Pieces of XML, most of them in no order.
fn xml() -> impl Strategy<Value = String> {
    const PIECES: [&str; 16] = [
        "<flow>",
        "<flow type=\"new\">",
        "</flow>",
        "<meta direction=\"original\">",
        "</meta>",
        "<layer4 protonum=\"6\">",
        "</layer4>",
        "<src>",
        "</src>",
        "::1",
        "<when>",
        "</when>",
        "<year>9999</year>",
        "&amp;",
        "&#0;",
        "\n[USERSPACE] portid=1",
    ];
    vec(select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_entry_that_is_printed_is_read_back(entry in entry()) {
        for form in FORMS {
            let line = entry.as_listed(form).to_string();
            let expected = told(entry.clone(), form);
            prop_assert_eq!(Line::read(&line), Ok(Line::Record(Record::Entry(expected))), "{}", line);
        }
    }

    #[test]
    fn an_event_that_is_printed_is_read_back(event in event()) {
        for form in [Form::Plain, Form::Extended] {
            let line = event.as_logged(form, Times::With).to_string();
            let expected = Event { entry: told(event.entry.clone(), form), ..event.clone() };
            prop_assert_eq!(Line::read(&line), Ok(Line::Record(Record::Event(expected))), "{}", line);
        }
    }

    #[test]
    fn anything_is_read_without_a_panic(
        (mut line, xml) in (line().prop_map(String::into_bytes), xml()),
        (at, bytes) in (any::<prop::sample::Index>(), vec(any::<u8>(), 0..40)),
    ) {
        let at = at.index(line.len());
        line.splice(at..(at + bytes.len() / 2).min(line.len()), bytes.iter().copied());
        for file in [&bytes, &line, xml.as_bytes()] {
            // Every line is a record, an error or counted.
            let mut reader = Reader::new(file);
            let count = reader.by_ref().count();
            let foreign = reader.foreign().map_or(0, |foreign| foreign.count);
            prop_assert!(count as u64 + foreign <= file.len() as u64);
            let _ = Statistics::read(&String::from_utf8_lossy(file));
        }
    }
}
