//! Why SCTP's packets are invalid, which tags they bear, and how an association goes on of which no
//! packet was seen: what rows do not tell.
//!
//! A line is a packet and all that must be so afterwards: who sends it (`>` the client, `<` the
//! server), its chunks (joined by `+`, with `/T` for the T bit), its verdict, the state, the seconds
//! that it gave (`keep` when none) and the status (`R` replied, `A` assured).

use keeptrack_core::{
    Config, Conntrack, Direction, Instant, Invalid, LinkType, Malformed, Packet, Protocol,
    Restored, SctpState, Seed, State, Status, Tuple,
};

use crate::answer::{Answer, Filter, Verdict, View};
use crate::frames::{CLIENT, SERVER, chunk, ip, read, sctp};
use crate::memory::Owned;
use crate::sctp_table::{CHUNKS, STATES, cell, seconds};

const PORTS: (u16, u16) = (1111, 2905);
/// What the client asks the server to put on its packets.
const CLIENTS_TAG: u32 = 0xc11e_2700;
/// What the server asks for.
const SERVERS_TAG: u32 = 0x5e27_e200;
const STRANGE_TAG: u32 = 77;

const OPEN: &str = "> INIT new CLOSED 10 -
    < INIT-ACK est COOKIE_WAIT 3 R
    > COOKIE-ECHO+DATA est COOKIE_ECHOED 3 R
    < COOKIE-ACK+SACK est ESTABLISHED 210 RA";

/// The tag that packets of `dir` bear.
const fn tag(dir: Direction) -> u32 {
    match dir {
        Direction::Original => SERVERS_TAG,
        Direction::Reply => CLIENTS_TAG,
    }
}

/// A packet with these chunks. An INIT or INIT ACK asks for the tag of its sender's side.
fn packet(dir: Direction, tag: u32, words: &str) -> Vec<u8> {
    let chunks: Vec<Vec<u8>> = words.split('+').map(|word| a_chunk(dir, word)).collect();
    addressed(dir, tag, &chunks)
}

fn addressed(dir: Direction, tag: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let (from, to, ports) = match dir {
        Direction::Original => (CLIENT, SERVER, PORTS),
        Direction::Reply => (SERVER, CLIENT, (PORTS.1, PORTS.0)),
    };
    ip(Protocol::SCTP, from, to, &sctp(ports, tag, chunks))
}

fn a_chunk(dir: Direction, word: &str) -> Vec<u8> {
    let (word, flags) = word.strip_suffix("/T").map_or((word, 0), |word| (word, 1));
    let kind = CHUNKS.iter().find(|(known, _)| *known == word).expect(word).1;
    match word {
        "INIT" | "INIT-ACK" => init(kind, tag(!dir)),
        _ => chunk(kind, flags, &[0; 12]),
    }
}

fn init(kind: u8, asked: u32) -> Vec<u8> {
    chunk(kind, 0, &[&asked.to_be_bytes()[..], &[0; 12]].concat())
}

struct Scene {
    ct: Conntrack<Owned>,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let ct = Conntrack::new(Owned::new(4), Config::DEFAULT, Seed([6; 16])).unwrap();
        Self { ct, now: Instant::from_millis(1_000) }
    }

    /// After these lines.
    fn after(story: &str) -> Self {
        let mut scene = Self::new();
        story.lines().for_each(|line| scene.line(line.trim()));
        scene
    }

    /// A connection in that state, of which no packet was seen.
    fn restored(state: SctpState) -> Self {
        let mut scene = Self::new();
        let tuple: Tuple = read(&packet(Direction::Original, 0, "DATA")).tuple;
        let mut open = Restored::new(tuple, 9);
        open.state = Some(State::Sctp(state));
        scene.ct.restore(scene.now, &open).unwrap();
        scene
    }

    fn entry(&self) -> Option<View> {
        assert!(self.ct.len() < 2, "one connection at most");
        self.ct.iter().next().map(View::from)
    }

    fn state(&self) -> Option<SctpState> {
        match self.entry()?.state {
            Some(State::Sctp(state)) => Some(state),
            other => panic!("{other:?} is no state of SCTP"),
        }
    }

    fn hear(&mut self, frame: &[u8]) -> Answer {
        let packet = Packet::parse(LinkType::Raw, frame).unwrap();
        Answer::of(self.ct.track(self.now, &packet), Filter::Accepts)
    }

    /// Hears a packet with the tag that it ought to bear.
    fn say(&mut self, dir: Direction, words: &str) -> Answer {
        let tag = match words.strip_suffix("/T") {
            _ if words == "INIT" => 0,
            Some(_) => tag(!dir),
            None => tag(dir),
        };
        self.hear(&packet(dir, tag, words))
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [who, chunks, verdict, state, life, marks] = words[..] else {
            panic!("{line}: six words")
        };
        let dir = if who == ">" { Direction::Original } else { Direction::Reply };
        let before = self.entry();
        let answer = self.say(dir, chunks);
        let word = match answer.verdict {
            Verdict::New => "new",
            Verdict::Established => "est",
            Verdict::Invalid(_) => "inv",
            other => panic!("no packet of SCTP is {other:?}"),
        };
        assert_eq!(word, verdict, "{line}: {answer:?}");
        let after = self.entry().expect(line);
        match life {
            "keep" => assert_eq!((answer.timeout, before), (None, Some(after)), "{line}"),
            life => {
                let life = life.parse().unwrap();
                assert_eq!((answer.timeout, after.expiry), (Some(life), self.now.after(life)));
            }
        }
        assert_eq!(after.state.unwrap().name(), state, "{line}");
        let has = |bit, letter| if after.status.has(bit) { letter } else { "" };
        let status = [has(Status::SEEN_REPLY, "R"), has(Status::ASSURED, "A")].concat();
        assert_eq!(status, marks.trim_matches('-'), "{line}");
    }

    /// That the packet is invalid for this reason and changes nothing.
    #[track_caller]
    fn refuses(&mut self, frame: &[u8], why: Invalid) {
        let (before, count) = (self.entry(), self.ct.stats().invalid_by(why));
        assert_eq!(self.hear(frame).verdict, Verdict::Invalid(why));
        assert_eq!(self.entry(), before);
        assert_eq!(self.ct.stats().invalid_by(why), count + 1);
    }
}

/// The packets that bring a fresh association into a state.
fn way_to(state: SctpState) -> &'static str {
    match state {
        SctpState::None => "",
        SctpState::Closed => "> INIT",
        SctpState::CookieWait => "> INIT < INIT-ACK",
        SctpState::CookieEchoed => "> INIT < INIT-ACK > COOKIE-ECHO",
        SctpState::Established => "> INIT < INIT-ACK > COOKIE-ECHO < COOKIE-ACK",
        SctpState::ShutdownSent => "> INIT < INIT-ACK > COOKIE-ECHO < COOKIE-ACK > SHUTDOWN",
        SctpState::ShutdownRecd => "> INIT < INIT-ACK > COOKIE-ECHO < COOKIE-ACK < SHUTDOWN",
        SctpState::ShutdownAckSent => {
            "> INIT < INIT-ACK > COOKIE-ECHO < COOKIE-ACK > SHUTDOWN < SHUTDOWN-ACK"
        }
        SctpState::HeartbeatSent => "> HEARTBEAT",
    }
}

fn brought_to(state: SctpState) -> Scene {
    if state == SctpState::None {
        return Scene::restored(state);
    }
    let mut scene = Scene::new();
    let words: Vec<&str> = way_to(state).split(' ').collect();
    for step in words.chunks(2) {
        let dir = if step[0] == ">" { Direction::Original } else { Direction::Reply };
        scene.say(dir, step[1]);
    }
    assert_eq!(scene.state(), Some(state), "the way there");
    scene
}

#[test]
fn every_cell_of_both_tables_is_linuxs() {
    for dir in [Direction::Original, Direction::Reply] {
        for state in STATES {
            for (chunk, _) in CHUNKS {
                for mut scene in [brought_to(state), Scene::restored(state)] {
                    // Before the INIT ACK nobody has told the tag of the original side, and none is 0.
                    let tag = match (state, dir, chunk) {
                        (_, _, "INIT") => 0,
                        (SctpState::Closed, Direction::Original, _) => 0,
                        (SctpState::HeartbeatSent, Direction::Reply, "DATA" | "SACK") => 0,
                        _ => tag(dir),
                    };
                    let before = scene.entry();
                    let answer = scene.hear(&packet(dir, tag, chunk));
                    let place = format!("{dir:?} {chunk} in {state}: {answer:?}");
                    let Some(new) = cell(dir, chunk, state) else {
                        assert!(matches!(answer.verdict, Verdict::Invalid(_)), "{place}");
                        assert_eq!(scene.entry(), before, "{place}");
                        continue;
                    };
                    assert_eq!(scene.state(), Some(new), "{place}");
                    let closed = (SctpState::Closed, SctpState::Closed);
                    let is_repeated = chunk == "INIT" && (state, new) == closed;
                    let life = Some(seconds(new)).filter(|_| !is_repeated);
                    assert_eq!(answer.timeout, life, "{place}");
                }
            }
        }
    }
}

#[test]
fn only_what_can_be_the_first_begins_an_association() {
    for (words, tag, begins) in [
        ("INIT", 0, true),
        ("INIT", 1, false),
        ("HEARTBEAT", 5, true),
        ("HEARTBEAT-ACK", 5, true),
        ("SHUTDOWN-ACK", 5, true),
        // The others bear a tag that somebody has chosen.
        ("ERROR", 5, false),
        ("SHUTDOWN", 5, false),
        ("INIT-ACK", 5, false),
        ("COOKIE-ECHO", 5, false),
        ("COOKIE-ECHO+HEARTBEAT", 5, true),
        ("ERROR", 0, true),
        ("SHUTDOWN", 0, true),
        ("INIT-ACK", 0, true),
        ("COOKIE-ECHO", 0, true),
        // These speak of an association that is there.
        ("ABORT", 0, false),
        ("ABORT/T", 0, false),
        ("SHUTDOWN-COMPLETE", 0, false),
        ("COOKIE-ACK", 0, false),
        ("HEARTBEAT+ABORT", 0, false),
        ("DATA", 0, false),
        ("SACK", 0, false),
        ("HEARTBEAT+DATA", 0, false),
    ] {
        let verdict = Scene::new().hear(&packet(Direction::Original, tag, words)).verdict;
        let expected = if begins { Verdict::New } else { Verdict::Invalid(Invalid::SctpFirst) };
        assert_eq!(verdict, expected, "{words} with tag {tag}");
    }
}

#[test]
fn packets_bear_the_tag_that_their_receiver_chose() {
    let mut scene = Scene::after(OPEN);
    for dir in [Direction::Original, Direction::Reply] {
        for words in ["DATA", "SHUTDOWN", "ERROR", "COOKIE-ACK", "INIT-ACK", "COOKIE-ECHO"] {
            for wrong in [0, STRANGE_TAG, tag(!dir)] {
                scene.refuses(&packet(dir, wrong, words), Invalid::SctpTag);
            }
        }
        scene.refuses(&packet(dir, tag(dir), "INIT"), Invalid::SctpTag);
        for (words, wrong) in [("ABORT", tag(!dir)), ("ABORT/T", tag(dir))] {
            scene.refuses(&packet(dir, wrong, words), Invalid::SctpTag);
            scene.refuses(
                &packet(dir, wrong, &words.replace("ABORT", "SHUTDOWN-COMPLETE")),
                Invalid::SctpTag,
            );
        }
    }
    scene.line("> ABORT/T est CLOSED 10 RA");
}

#[test]
fn the_chunks_before_one_that_is_invalid_count_as_in_linux() {
    let mut scene = Scene::after(OPEN);
    let frame = packet(Direction::Original, STRANGE_TAG, "SHUTDOWN+ABORT");
    assert_eq!(scene.hear(&frame).verdict, Verdict::Invalid(Invalid::SctpTag));
    scene.line("> DATA est SHUTDOWN_SENT 3 RA");
}

#[test]
fn a_heartbeat_with_a_strange_tag_passes_and_its_answer_settles_both_tags() {
    let (ask, answer) = (Direction::Original, Direction::Reply);
    let strange = |dir, words| packet(dir, STRANGE_TAG, words);
    let mut scene = Scene::after(OPEN);
    for frame in [strange(ask, "HEARTBEAT+DATA"), strange(answer, "HEARTBEAT-ACK")] {
        scene.refuses(&frame, Invalid::SctpTag);
    }
    let before = scene.entry();
    let heard = scene.hear(&strange(ask, "HEARTBEAT"));
    assert_eq!((heard.verdict, heard.timeout), (Verdict::Established, None));
    assert_eq!(scene.entry(), before);
    scene.refuses(&strange(ask, "HEARTBEAT-ACK"), Invalid::SctpTag);
    assert_eq!(scene.hear(&strange(answer, "HEARTBEAT-ACK")).timeout, Some(210));
    assert_eq!(scene.hear(&strange(answer, "DATA")).timeout, Some(210));
    scene.refuses(&packet(answer, CLIENTS_TAG, "DATA"), Invalid::SctpTag);
    // Of the other side the next heartbeat tells it.
    scene.refuses(&packet(ask, SERVERS_TAG, "DATA"), Invalid::SctpTag);
    assert_eq!(scene.hear(&packet(ask, 78, "HEARTBEAT")).timeout, Some(210));
    assert_eq!(scene.hear(&packet(ask, 78, "DATA")).timeout, Some(210));
}

#[test]
fn a_heartbeat_of_the_known_tag_settles_a_strange_one() {
    let mut scene = Scene::after(OPEN);
    scene.hear(&packet(Direction::Original, STRANGE_TAG, "HEARTBEAT"));
    scene.line("> HEARTBEAT est ESTABLISHED 210 RA");
    scene.refuses(&packet(Direction::Reply, STRANGE_TAG, "HEARTBEAT-ACK"), Invalid::SctpTag);
}

#[test]
fn the_tag_of_an_init_ack_may_change_as_long_as_an_init_waits_for_its_cookie_ack() {
    const INIT_ACK: u8 = 2;
    let other = |dir| addressed(dir, tag(dir), &[init(INIT_ACK, STRANGE_TAG)]);
    let mut scene = Scene::after("> INIT new CLOSED 10 -\n< INIT-ACK est COOKIE_WAIT 3 R");
    assert_eq!(scene.hear(&other(Direction::Reply)).timeout, Some(3));
    scene.refuses(&packet(Direction::Original, SERVERS_TAG, "COOKIE-ECHO"), Invalid::SctpTag);
    let cookie = scene.hear(&packet(Direction::Original, STRANGE_TAG, "COOKIE-ECHO"));
    assert_eq!(cookie.timeout, Some(3));

    let mut scene = Scene::after(OPEN);
    scene.refuses(&other(Direction::Reply), Invalid::SctpTag);
    // An INIT that asks for the tag in use begins nothing.
    scene.line("> INIT est ESTABLISHED 210 RA");
    scene.refuses(&other(Direction::Reply), Invalid::SctpTag);

    // Where both have sent one, neither may ask for another tag than its INIT did.
    let mut scene = Scene::after("> INIT new CLOSED 10 -");
    assert_eq!(scene.say(Direction::Reply, "INIT").timeout, None);
    scene.refuses(&other(Direction::Reply), Invalid::SctpTag);
    scene.refuses(&other(Direction::Original), Invalid::SctpTag);
    scene.line("< INIT-ACK est COOKIE_WAIT 3 R");
}

#[test]
fn chunks_out_of_place_are_malformed() {
    let data = chunk(0, 0, &[0; 12]);
    let (first, end) = (Direction::Original, SERVERS_TAG);
    let mut scene = Scene::after(OPEN);
    for words in [
        "INIT+DATA",
        "DATA+INIT",
        "INIT-ACK+DATA",
        "DATA+INIT-ACK",
        "SHUTDOWN-COMPLETE+DATA",
        "DATA+SHUTDOWN-COMPLETE/T",
        "DATA+COOKIE-ECHO",
        "DATA+COOKIE-ACK",
    ] {
        scene.refuses(&packet(first, end, words), Invalid::Malformed(Malformed::SctpChunk));
    }
    for (chunks, why) in [
        (vec![], Malformed::SctpHeader),
        (vec![vec![0, 0, 0]], Malformed::SctpHeader),
        (vec![vec![0; 4]], Malformed::SctpChunk),
        (vec![data.clone(), vec![3, 0, 0, 0]], Malformed::SctpChunk),
        (vec![chunk(1, 0, &[0; 12])], Malformed::SctpChunk),
    ] {
        scene.refuses(&addressed(first, end, &chunks), Invalid::Malformed(why));
    }
    // A chunk may end inside its padding, and what is no whole header behind it is none.
    let short = [&data[..], &[0, 0, 0]].concat();
    assert_eq!(scene.hear(&addressed(first, end, &[short])).verdict, Verdict::Established);
    let odd = vec![3, 0, 0, 5, 9];
    assert_eq!(scene.hear(&addressed(first, end, &[odd])).verdict, Verdict::Established);
}

#[test]
fn all_chunks_of_a_packet_count() {
    let data = |count| vec!["DATA"; count].join("+");
    let mut scene = Scene::after(OPEN);
    scene.line(&format!("> {} est ESTABLISHED 210 RA", data(70)));
    // No SCTP puts DATA before what is more urgent; Linux minds neither.
    scene.line(&format!("> {}+ABORT est CLOSED 10 RA", data(70)));
}
