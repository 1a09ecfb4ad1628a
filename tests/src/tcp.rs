//! Does TCP go through Linux's states? Stories in a tiny language, and every cell of both tables.
//!
//! A line of a story is a segment and all that must be so afterwards: who sends it (`>` the client,
//! `<` the server), its flags, its verdict, the state of the entry, the seconds that the segment
//! gave it (`keep` when none, `gone` when it is over), and its status (`R` replied, `A` assured).
//! `+2000` lets so many milliseconds pass.

use keeptrack_core::{
    Config, Conntrack, Direction, Instant, Invalid, Packet, Protocol, Seed, State, Status,
    TcpConfig, TcpState, Why,
};

use crate::answer::{Answer, Filter, Verdict, View};
use crate::frames::{CLIENT, SERVER, ip, read, tcp};
use crate::memory::Owned;
use crate::tcp_table::{CLASSES, Cell, STATES, cell, flags};

const CLIENT_PORT: u16 = 1111;
const SERVER_PORT: u16 = 80;

/// A client and a server that number their segments as hosts do.
struct Hosts {
    next_seq: [u32; 2],
}

impl Hosts {
    const FIRST_SEQ: [u32; 2] = [1000, 5000];

    fn new() -> Self {
        Self { next_seq: Self::FIRST_SEQ }
    }

    fn send(&mut self, dir: Direction, letters: &str) -> Packet<'static> {
        let (me, other) = (dir.index(), (!dir).index());
        if letters.contains('S') {
            self.next_seq[me] = Self::FIRST_SEQ[me];
        }
        let seq = self.next_seq[me];
        if letters.contains(['S', 'F']) {
            self.next_seq[me] += 1;
        }
        let ack = if letters.contains('A') { self.next_seq[other] } else { 0 };
        let (from, to, ports) = match dir {
            Direction::Original => (CLIENT, SERVER, (CLIENT_PORT, SERVER_PORT)),
            Direction::Reply => (SERVER, CLIENT, (SERVER_PORT, CLIENT_PORT)),
        };
        read(&ip(Protocol::TCP, from, to, &tcp(ports, flags(letters), (seq, ack))))
    }
}

/// A tracker between the two hosts.
struct Scene {
    ct: Conntrack<Owned>,
    now: Instant,
    hosts: Hosts,
}

impl Scene {
    fn new(config: Config) -> Self {
        let ct = Conntrack::new(Owned::new(4), config, Seed([1; 16])).unwrap();
        Self { ct, now: Instant::from_millis(1_000), hosts: Hosts::new() }
    }

    fn entry(&self) -> Option<View> {
        assert!(self.ct.len() < 2, "one connection at most");
        self.ct.iter().next().map(View::from)
    }

    fn hear(&mut self, who: &str, letters: &str) -> Answer {
        let dir = match who {
            ">" => Direction::Original,
            "<" => Direction::Reply,
            other => panic!("{other} is nobody"),
        };
        let packet = self.hosts.send(dir, letters);
        Answer::of(self.ct.track(self.now, &packet), Filter::Accepts)
    }

    /// Plays one line, and holds everything against it that can be seen.
    fn line(&mut self, line: &str) {
        if let Some(millis) = line.strip_prefix('+') {
            let millis: u64 = millis.parse().unwrap();
            self.now = Instant::from_millis(self.now.as_millis() + millis);
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [who, letters, verdict, state, life, marks] = words[..] else {
            panic!("{line}: six words")
        };
        let before = self.entry();
        let answer = self.hear(who, letters);
        assert_eq!(word(answer.verdict), verdict, "{line}");
        let after = self.entry();
        match life {
            "gone" => {
                assert_eq!(answer.ended, Some(Why::Reset), "{line}");
                assert!(after.is_none(), "{line}: {after:?}");
                return;
            }
            "keep" => {
                assert_eq!(answer.timeout, None, "{line}");
                assert_eq!(before.map(|conn| conn.expiry), after.map(|conn| conn.expiry), "{line}");
            }
            seconds => {
                let seconds = seconds.parse().unwrap();
                assert_eq!(answer.timeout, Some(seconds), "{line}");
                assert_eq!(after.unwrap().expiry, self.now.after(seconds), "{line}");
            }
        }
        let name = after.map_or("none", |conn| conn.state.unwrap().name());
        assert_eq!(name, state, "{line}");
        assert_eq!(letters_of(after), marks, "{line}");
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::New => "new",
        Verdict::Established => "est",
        Verdict::Invalid(_) => "inv",
        other => panic!("no TCP segment is {other:?}"),
    }
}

fn letters_of(conn: Option<View>) -> &'static str {
    let has = |bit| conn.is_some_and(|conn| conn.status.has(bit));
    match (has(Status::SEEN_REPLY), has(Status::ASSURED)) {
        (false, false) => "-",
        (true, false) => "R",
        (true, true) => "RA",
        (false, true) => "A",
    }
}

fn play_under(config: Config, story: &str) {
    let mut scene = Scene::new(config);
    story.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| scene.line(line));
}

fn play(story: &str) {
    play_under(Config::DEFAULT, story);
}

#[test]
fn a_connection_opens_speaks_and_closes() {
    play(
        "> S   new SYN_SENT    120    -
         < SA  est SYN_RECV    60     R
         > A   est ESTABLISHED 432000 RA
         < PA  est ESTABLISHED 432000 RA
         > FA  est FIN_WAIT    120    RA
         < A   est CLOSE_WAIT  60     RA
         < FA  est LAST_ACK    30     RA
         > A   est TIME_WAIT   120    RA",
    );
}

#[test]
fn a_syn_that_nobody_answers_is_new_again_and_gains_no_time() {
    play(
        "> S   new SYN_SENT 120  -
         +2000
         > S   new SYN_SENT keep -
         +117999
         > S   new SYN_SENT keep -
         +1
         > S   new SYN_SENT 120  -",
    );
}

#[test]
fn a_reset_before_any_answer_ends_the_connection_at_once() {
    play("> S new SYN_SENT    120 -\n < RA est CLOSE gone -\n > S new SYN_SENT 120 -");
    play("> S new SYN_SENT    120 -\n > R  new CLOSE gone -");
    play("> A new ESTABLISHED 300 -\n > R  new CLOSE gone -");
    play("> A new ESTABLISHED 300 -\n < R  est CLOSE gone -");
    play("> S new SYN_SENT    120 -\n > A  inv SYN_SENT keep -");
}

#[test]
fn what_follows_the_syn_ack_decides_whether_it_is_assured() {
    let answered = "> S new SYN_SENT 120 -\n < SA est SYN_RECV 60 R\n +1000\n";
    for (end, why) in [
        ("> S  est SYN_RECV keep R", "a repeated SYN is ignored"),
        ("< SA est SYN_RECV keep R", "and so is a repeated SYN-ACK"),
        ("< PA est SYN_RECV 60   R", "data of the server's changes nothing"),
        ("> FA est FIN_WAIT 120  R", "who closes before the handshake's end is never assured"),
        (
            "> FA est FIN_WAIT 120  R\n < FA est LAST_ACK 30 R\n > A est TIME_WAIT 120 R",
            "nor later",
        ),
        ("> R  est CLOSE    10   R", "the client's reset"),
        ("< R  est CLOSE    10   R", "the server's reset"),
        ("< S  inv SYN_RECV keep R", "a server does not open"),
        ("> A  est ESTABLISHED 432000 RA\n < S inv ESTABLISHED keep RA", "nor afterwards"),
        (
            "> A  est ESTABLISHED 432000 RA\n > SA inv ESTABLISHED keep RA",
            "a client does not answer",
        ),
        ("> A  est ESTABLISHED 432000 RA\n > P  inv ESTABLISHED keep RA", "flags without an ACK"),
        ("> A  est ESTABLISHED 432000 RA\n > S  est ESTABLISHED keep RA", "a SYN is ignored"),
    ] {
        println!("{why}");
        play(&format!("{answered}{end}"));
    }
}

#[test]
fn an_invalid_segment_gives_no_time() {
    play(
        "> S   new SYN_SENT 120  -
         +1000
         > A   inv SYN_SENT keep -
         +118999
         > A   inv SYN_SENT keep -
         +1
         > A   new ESTABLISHED 300 -",
    );
}

#[test]
fn an_ack_from_the_server_answers_a_syn_without_giving_it_time() {
    play("> S new SYN_SENT 120 -\n +5000\n < A est SYN_SENT keep R\n > R est CLOSE 10 R");
}

#[test]
fn both_may_open_at_once() {
    play(
        "> S   new SYN_SENT    120    -
         < S   est SYN_SENT2   keep   R
         > SA  est SYN_RECV    60     R
         < SA  est SYN_RECV    keep   R
         > A   est ESTABLISHED 432000 RA",
    );
}

#[test]
fn a_connection_is_picked_up_in_its_middle() {
    play(
        "> A   new ESTABLISHED 300    -
         > PA  new ESTABLISHED 300    -
         < A   est ESTABLISHED 300    R
         > A   est ESTABLISHED 432000 RA",
    );
    // Whoever is seen first is the client, whichever he is.
    play("< A  new ESTABLISHED 300 -\n > A est ESTABLISHED 300 R\n > A est ESTABLISHED 432000 RA");
    for first in ["SA", "FA", "R", "RA"] {
        play(&format!("> {first} inv none keep -\n < {first} inv none keep -"));
    }
}

#[test]
fn a_strict_tracker_picks_nothing_up() {
    let config = Config { tcp: TcpConfig { loose: false }, ..Config::DEFAULT };
    play_under(config, "> A inv none keep -\n > S new SYN_SENT 120 -\n < SA est SYN_RECV 60 R");
}

#[test]
fn a_fin_again_counts_as_the_second_one() {
    play(
        "> S  new SYN_SENT 120 -
         < SA est SYN_RECV 60 R
         > A  est ESTABLISHED 432000 RA
         > FA est FIN_WAIT 120 RA
         > FA est LAST_ACK 30 RA",
    );
}

const CLOSED: &str = "> S new SYN_SENT 120 -
    < SA est SYN_RECV 60 R
    > A est ESTABLISHED 432000 RA
    > FA est FIN_WAIT 120 RA
    < FA est LAST_ACK 30 RA
    > A est TIME_WAIT 120 RA\n";

const OPEN: &str = "> S new SYN_SENT 120 -
    < SA est SYN_RECV 60 R
    > A est ESTABLISHED 432000 RA\n";

#[test]
fn a_syn_makes_a_new_connection_of_one_that_is_over() {
    play(&format!("{CLOSED} > S new SYN_SENT 120 -\n < SA est SYN_RECV 60 R"));
    // From the server it opens the other way round: then the client's packets are replies.
    play(&format!("{CLOSED} < S new SYN_SENT 120 -\n > SA est SYN_RECV 60 R"));
    play(&format!("{OPEN} > R est CLOSE 10 RA\n > S new SYN_SENT 120 -"));
    play(&format!(
        "{OPEN} > FA est FIN_WAIT 120 RA\n < R est CLOSE 10 RA\n > S new SYN_SENT 120 -"
    ));
}

#[test]
fn a_syn_after_the_others_reset_is_ignored_until_the_entry_has_run_out() {
    play(&format!(
        "{OPEN} < R est CLOSE 10 RA
         +9999
         > S est CLOSE keep RA
         +1
         > S new SYN_SENT 120 -"
    ));
    play(&format!("{OPEN} > R est CLOSE 10 RA\n < S inv CLOSE keep RA"));
    // Only the segment right before counts, and what was ignored is one.
    play(&format!("{OPEN} > R est CLOSE 10 RA\n < SA est CLOSE keep RA\n > S est CLOSE keep RA"));
}

#[test]
fn a_reopened_connection_leaves_with_its_reason() {
    let mut scene = Scene::new(Config::DEFAULT);
    CLOSED.lines().map(str::trim).for_each(|line| scene.line(line));
    scene.line("> S new SYN_SENT 120 -");
    let keeptrack_core::Step::Ended(ended) = scene.ct.expire(scene.now) else {
        panic!("the old connection waits")
    };
    assert_eq!(ended.why, Why::Reopened);
    assert_eq!(ended.conn.state(), Some(State::Tcp(TcpState::TimeWait)));
    assert!(matches!(scene.ct.expire(scene.now), keeptrack_core::Step::Idle));
    assert_eq!((scene.ct.len(), scene.ct.stats().reopened), (1, 1));
}

#[test]
fn a_reset_shortens_life_and_the_state_is_close() {
    for from in ["> FA est FIN_WAIT 120 RA\n", ""] {
        play(&format!("{OPEN} {from} < R est CLOSE 10 RA\n > R est CLOSE 10 RA"));
        play(&format!("{OPEN} {from} > RA est CLOSE 10 RA\n < A est CLOSE 10 RA"));
    }
}

/// The segments that bring a fresh connection into a state, none of them the server's reset.
fn way_to(state: TcpState) -> &'static [(&'static str, &'static str)] {
    match state {
        TcpState::None => &[],
        TcpState::SynSent => &[(">", "S")],
        TcpState::SynRecv => &[(">", "S"), ("<", "SA")],
        TcpState::Established => &[(">", "S"), ("<", "SA"), (">", "A")],
        TcpState::FinWait => &[(">", "S"), ("<", "SA"), (">", "A"), (">", "FA")],
        TcpState::CloseWait => &[(">", "S"), ("<", "SA"), (">", "A"), (">", "FA"), ("<", "A")],
        TcpState::LastAck => &[(">", "S"), ("<", "SA"), (">", "A"), (">", "FA"), ("<", "FA")],
        TcpState::TimeWait => {
            &[(">", "S"), ("<", "SA"), (">", "A"), (">", "FA"), ("<", "FA"), (">", "A")]
        }
        TcpState::Close => &[(">", "S"), ("<", "SA"), (">", "A"), (">", "R")],
        TcpState::SynSent2 => &[(">", "S"), ("<", "S")],
    }
}

#[test]
fn every_cell_of_both_tables_is_linuxs() {
    for (who, dir) in [(">", Direction::Original), ("<", Direction::Reply)] {
        for state in STATES {
            // Without a connection every segment is an original one.
            if state == TcpState::None && dir == Direction::Reply {
                continue;
            }
            for class in CLASSES {
                let mut scene = Scene::new(Config::DEFAULT);
                for (who, letters) in way_to(state) {
                    scene.hear(who, letters);
                }
                let before = scene.entry();
                let expected = Some(State::Tcp(state)).filter(|_| state != TcpState::None);
                assert_eq!(before.and_then(|conn| conn.state), expected, "the way there");
                let answer = scene.hear(who, class);
                let place = format!("{dir:?} {class} in {state}: {answer:?}");
                match cell(dir, class, state) {
                    Cell::To(new) => {
                        assert_eq!(answer.conn.unwrap().state, Some(State::Tcp(new)), "{place}");
                    }
                    Cell::Ignored => {
                        assert_eq!(answer.verdict, Verdict::Established, "{place}");
                        assert_eq!(answer.timeout, None, "{place}");
                        assert_eq!(answer.conn.unwrap().state, expected, "{place}");
                    }
                    Cell::Invalid => {
                        assert!(matches!(answer.verdict, Verdict::Invalid(_)), "{place}");
                        assert_eq!(scene.entry(), before, "{place}");
                    }
                }
            }
        }
    }
}

#[test]
fn of_all_flags_only_those_are_valid_that_some_tcp_sends() {
    let valid = ["S", "SU", "SA", "R", "RA", "FA", "FAU", "A", "AU"].map(|word| flags(word).0);
    for bits in 0..=u8::MAX {
        let mut scene = Scene::new(Config::DEFAULT);
        scene.hear(">", "S");
        let ends = (CLIENT_PORT, SERVER_PORT);
        let segment = tcp(ends, keeptrack_core::TcpFlags(bits), (1001, 0));
        let packet = read(&ip(Protocol::TCP, CLIENT, SERVER, &segment));
        let verdict = Answer::of(scene.ct.track(scene.now, &packet), Filter::Accepts).verdict;
        let refused = verdict == Verdict::Invalid(Invalid::TcpFlags);
        assert_eq!(
            refused,
            !valid.contains(&(bits & !flags("PEC").0)),
            "{bits:#010b}: {verdict:?}"
        );
    }
}
