//! Answers as lines of JSON, which name their fields as the host program's `-o packets` does.

use std::net::IpAddr;

use keeptrack_core::{Direction, Ends, Protocol, Status, Tuple, Zone};
use serde::{Deserialize, Serialize};

use super::{Lifetime, Told, Verdict};
use crate::judge::Row;

/// The states that conntrack has names for.
const STATES: [&str; 19] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
    "LISTEN",
];

/// The letters of status bits, in the order in which they are written.
const LETTERS: [(Status, char); 3] =
    [(Status::SEEN_REPLY, 'R'), (Status::ASSURED, 'A'), (Status::EXPECTED, 'E')];

/// What is told of the packet with that number.
#[derive(Serialize, Deserialize)]
struct Packet {
    i: u64,
    v: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<char>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    st: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    #[serde(default, skip_serializing_if = "is_unset")]
    keep: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fl: Option<String>,
    #[serde(default, skip_serializing_if = "is_unset")]
    err: u8,
    #[serde(default, skip_serializing_if = "is_unset")]
    gone: u8,
    #[serde(default, skip_serializing_if = "is_unset")]
    reasm: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

/// A connection in the table: protocol, addresses, then its ports, its ICMP identifier, type and
/// code, or its GRE keys.
#[derive(Serialize, Deserialize)]
struct Entry {
    t: String,
    p: u8,
    s: IpAddr,
    d: IpAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sp: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dp: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ty: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    co: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    st: Option<String>,
    fl: String,
    left: u64,
}

/// The line of the packet with that number.
#[must_use]
pub fn told_line(index: u64, told: &Told) -> String {
    let (to, keep) = match told.timeout {
        Some(Lifetime::Set(seconds)) => (Some(seconds), 0),
        Some(Lifetime::Kept) => (None, 1),
        None => (None, 0),
    };
    json(&Packet {
        i: index,
        v: told.verdict.name().to_owned(),
        d: told.dir.map(letter),
        st: told.state.map(str::to_owned),
        to,
        keep,
        fl: told.status.map(letters),
        err: told.is_error.into(),
        gone: told.is_gone.into(),
        reasm: told.is_reassembled.into(),
        log: told.log.clone(),
    })
}

/// The number of a packet, and what its line tells of it.
///
/// # Errors
/// When it is no such line.
pub fn read_told(line: &str) -> Result<(u64, Told), String> {
    let packet: Packet = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let verdict = Verdict::from_name(&packet.v);
    let told = Told {
        verdict: verdict.ok_or_else(|| format!("no verdict is called {:?}", packet.v))?,
        dir: packet.d.map(direction).transpose()?,
        state: packet.st.as_deref().map(state).transpose()?,
        status: packet.fl.as_deref().map(status).transpose()?,
        timeout: match packet.keep {
            0 => packet.to.map(Lifetime::Set),
            _ => Some(Lifetime::Kept),
        },
        is_error: packet.err != 0,
        is_gone: packet.gone != 0,
        is_reassembled: packet.reasm != 0,
        log: packet.log,
    };
    Ok((packet.i, told))
}

/// The line of a connection in the table.
#[must_use]
pub fn row_line(row: &Row) -> String {
    let Tuple { source, destination, protocol, ends } = row.tuple;
    let (sp, dp) = match ends {
        Ends::Ports { source, destination } | Ends::Keys { source, destination } => {
            (Some(source), Some(destination))
        }
        Ends::Query { .. } | Ends::None => (None, None),
    };
    let (ty, co, id) = match ends {
        Ends::Query { kind, code, id } => (Some(kind), Some(code), Some(id)),
        Ends::Ports { .. } | Ends::Keys { .. } | Ends::None => (None, None, None),
    };
    json(&Entry {
        t: "ct".to_owned(),
        p: protocol.0,
        s: source,
        d: destination,
        sp,
        dp,
        id,
        ty,
        co,
        zone: Some(row.zone.0).filter(|_| row.zone != Zone::DEFAULT),
        st: row.state.map(str::to_owned),
        fl: letters(row.status),
        left: row.left_s,
    })
}

/// The connection that a line tells of.
///
/// # Errors
/// When it is no such line.
pub fn read_row(line: &str) -> Result<Row, String> {
    let entry: Entry = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let protocol = Protocol(entry.p);
    let ends = match (entry.sp.zip(entry.dp), entry.ty.zip(entry.co).zip(entry.id)) {
        (None, None) => Ends::None,
        (None, Some(((kind, code), id))) => Ends::Query { kind, code, id },
        (Some((source, destination)), _) if protocol == Protocol::GRE => {
            Ends::Keys { source, destination }
        }
        (Some((source, destination)), _) => Ends::Ports { source, destination },
    };
    Ok(Row {
        tuple: Tuple { source: entry.s, destination: entry.d, protocol, ends },
        zone: entry.zone.map_or(Zone::DEFAULT, Zone),
        state: entry.st.as_deref().map(state).transpose()?,
        status: status(&entry.fl)?,
        left_s: entry.left,
    })
}

fn json(line: &impl Serialize) -> String {
    // Numbers and text: there is nothing that could not be written.
    serde_json::to_string(line).unwrap_or_default()
}

const fn letter(dir: Direction) -> char {
    match dir {
        Direction::Original => 'o',
        Direction::Reply => 'r',
    }
}

fn direction(letter: char) -> Result<Direction, String> {
    match letter {
        'o' => Ok(Direction::Original),
        'r' => Ok(Direction::Reply),
        _ => Err(format!("no direction is called {letter:?}")),
    }
}

fn state(name: &str) -> Result<&'static str, String> {
    let found = STATES.into_iter().find(|state| *state == name);
    found.ok_or_else(|| format!("no state is called {name:?}"))
}

fn letters(status: Status) -> String {
    LETTERS.iter().filter(|(bit, _)| status.has(*bit)).map(|(_, letter)| *letter).collect()
}

fn status(letters: &str) -> Result<Status, String> {
    letters.chars().try_fold(Status::NONE, |status, letter| {
        let found = LETTERS.iter().find(|(_, known)| *known == letter);
        let (bit, _) = found.ok_or_else(|| format!("no status bit is called {letter:?}"))?;
        Ok(status | *bit)
    })
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_unset(bit: &u8) -> bool {
    *bit == 0
}

#[cfg(test)]
mod tests {
    use super::{read_row, read_told, row_line, told_line};

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for line in [
            r#"{"i":0,"v":"new","d":"o","st":"SYN_SENT","to":120,"fl":""}"#,
            r#"{"i":7,"v":"related","d":"r","st":"HEARTBEAT_SENT","keep":1,"fl":"RAE","err":1}"#,
            r#"{"i":8,"v":"established","d":"o","gone":1,"reasm":1}"#,
            r#"{"i":9,"v":"invalid","log":"a \"word\""}"#,
        ] {
            let (index, told) = read_told(line).unwrap();
            assert_eq!(told_line(index, &told), line);
        }
        for line in [
            r#"{"t":"ct","p":6,"s":"192.0.2.1","d":"192.0.2.2","sp":1,"dp":2,"st":"CLOSE","fl":"R","left":9}"#,
            r#"{"t":"ct","p":58,"s":"::1","d":"::1","id":1,"ty":128,"co":0,"zone":3,"fl":"","left":29}"#,
            r#"{"t":"ct","p":47,"s":"192.0.2.1","d":"192.0.2.2","sp":0,"dp":5,"fl":"","left":29}"#,
            r#"{"t":"ct","p":50,"s":"192.0.2.1","d":"192.0.2.2","fl":"","left":29}"#,
        ] {
            assert_eq!(row_line(&read_row(line).unwrap()), line);
        }
    }

    #[test]
    fn what_nobody_tells_is_named() {
        for (line, named) in [
            (r#"{"i":0,"v":"maybe"}"#, "maybe"),
            (r#"{"i":0,"v":"new","d":"x"}"#, "direction"),
            (r#"{"i":0,"v":"new","st":"OPEN"}"#, "OPEN"),
            (r#"{"i":0,"v":"new","fl":"Q"}"#, "Q"),
            (r#"{"v":"new"}"#, "i"),
        ] {
            let error = read_told(line).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
