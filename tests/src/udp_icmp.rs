//! Are UDP, ICMP and what has no tracker of its own tracked as by Linux, and ICMP errors related?

use std::net::IpAddr;

use keeptrack_core::{
    Config, Conntrack, Direction, Instant, Invalid, Malformed, Packet, Protocol, Seed, Status,
};

use crate::answer::{Answer, Filter, Verdict, View};
use crate::frames::{
    CLIENT, CLIENT6, ROUTER, ROUTER6, SERVER, SERVER6, error, icmp_of, ip, query, read, udp,
};
use crate::memory::Owned;

/// Client, server and router of each family.
const FAMILIES: [(IpAddr, IpAddr, IpAddr); 2] =
    [(CLIENT, SERVER, ROUTER), (CLIENT6, SERVER6, ROUTER6)];

struct Scene {
    ct: Conntrack<Owned>,
    now: u64,
}

impl Scene {
    fn at(now: u64) -> Self {
        Self { ct: Conntrack::new(Owned::new(8), Config::DEFAULT, Seed([2; 16])).unwrap(), now }
    }

    fn new() -> Self {
        Self::at(1_000)
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
    }

    fn hear(&mut self, frame: &[u8]) -> Answer {
        self.hear_packet(&read(frame))
    }

    fn hear_packet(&mut self, packet: &Packet<'_>) -> Answer {
        Answer::of(self.ct.track(Instant::from_millis(self.now), packet), Filter::Accepts)
    }

    /// Verdict, seconds and whether it is assured now.
    fn life(&mut self, frame: &[u8]) -> (Verdict, Option<u32>, bool) {
        let answer = self.hear(frame);
        let assured = answer.conn.is_some_and(|conn| conn.status.has(Status::ASSURED));
        (answer.verdict, answer.timeout, assured)
    }

    fn entries(&self) -> Vec<View> {
        self.ct.iter().map(View::from).collect()
    }

    /// That the packet is invalid for this reason and changes nothing.
    #[track_caller]
    fn refuses(&mut self, frame: &[u8], why: Invalid) {
        let before = self.entries();
        assert_eq!(self.hear(frame).verdict, Verdict::Invalid(why));
        assert_eq!(self.entries(), before);
    }
}

fn asks(protocol: Protocol, (client, server): (IpAddr, IpAddr)) -> Vec<u8> {
    ip(protocol, client, server, &udp(2222, 53))
}

fn answers(protocol: Protocol, (client, server): (IpAddr, IpAddr)) -> Vec<u8> {
    ip(protocol, server, client, &udp(53, 2222))
}

#[test]
fn udp_lite_needs_no_age() {
    for epoch in [0, 1, 1_000] {
        let mut scene = Scene::at(epoch);
        let (ask, answer) = (
            asks(Protocol::UDPLITE, (CLIENT, SERVER)),
            answers(Protocol::UDPLITE, (CLIENT, SERVER)),
        );
        assert_eq!(scene.life(&ask), (Verdict::New, Some(30), false));
        assert_eq!(scene.life(&answer), (Verdict::Established, Some(30), false));
        assert_eq!(scene.life(&ask), (Verdict::Established, Some(120), true), "from {epoch} ms on");
    }
}

#[test]
fn udp_of_a_wrong_length_is_invalid_and_renews_nothing() {
    let mut scene = Scene::new();
    scene.hear(&asks(Protocol::UDP, (CLIENT, SERVER)));
    for len in [0, 7, 9] {
        let mut frame = asks(Protocol::UDP, (CLIENT, SERVER));
        frame[25] = len;
        scene.refuses(&frame, Invalid::Malformed(Malformed::UdpHeader));
    }
}

/// Requests and their replies, of both families.
fn queries() -> Vec<(IpAddr, IpAddr, u8, u8)> {
    let v4 = [(8, 0), (13, 14), (15, 16), (17, 18)];
    let v6 = [(128, 129), (139, 140)];
    let of =
        |(client, server)| move |&(request, reply): &(u8, u8)| (client, server, request, reply);
    v4.iter().map(of((CLIENT, SERVER))).chain(v6.iter().map(of((CLIENT6, SERVER6)))).collect()
}

#[test]
fn a_query_is_answered_any_number_of_times_and_never_assured() {
    for (client, server, request, reply) in queries() {
        let icmp = icmp_of(client);
        let mut scene = Scene::new();
        let ask = ip(icmp, client, server, &query(request, 0, 77));
        let answer = ip(icmp, server, client, &query(reply, 0, 77));
        scene.refuses(&answer, Invalid::QueryFirst);
        assert_eq!(scene.life(&ask), (Verdict::New, Some(30), false));
        for _ in 0..3 {
            scene.wait(10_000);
            assert_eq!(scene.life(&answer), (Verdict::Established, Some(30), false));
            assert_eq!(scene.life(&ask), (Verdict::Established, Some(30), false));
        }
        let wrong_code = ip(icmp, server, client, &query(reply, 1, 77));
        scene.refuses(&wrong_code, Invalid::QueryFirst);
        let wrong_id = ip(icmp, server, client, &query(reply, 0, 78));
        scene.refuses(&wrong_id, Invalid::QueryFirst);
        let wrong_way = ip(icmp, client, server, &query(reply, 0, 77));
        scene.refuses(&wrong_way, Invalid::QueryFirst);
        assert_eq!(scene.ct.len(), 1);
    }
}

#[test]
fn icmp_that_neither_asks_nor_answers_nor_reports_is_invalid() {
    let mut scene = Scene::new();
    for kind in [1, 2, 6, 7, 9, 10] {
        let frame = ip(Protocol::ICMP, CLIENT, SERVER, &query(kind, 0, 0));
        scene.refuses(&frame, Invalid::QueryFirst);
    }
    for kind in [19, 30, 255] {
        let frame = ip(Protocol::ICMP, CLIENT, SERVER, &query(kind, 0, 0));
        scene.refuses(&frame, Invalid::Malformed(Malformed::IcmpType));
    }
    for kind in [138, 141, 200, 255] {
        let frame = ip(Protocol::ICMPV6, CLIENT6, SERVER6, &query(kind, 0, 0));
        scene.refuses(&frame, Invalid::QueryFirst);
    }
    let wrong = Invalid::Malformed(Malformed::IcmpFamily);
    scene.refuses(&ip(Protocol::ICMP, CLIENT6, SERVER6, &query(8, 0, 0)), wrong);
    scene.refuses(&ip(Protocol::ICMPV6, CLIENT, SERVER, &query(128, 0, 0)), wrong);
    let cut = ip(Protocol::ICMP, CLIENT, SERVER, &query(8, 0, 0)[..7]);
    scene.refuses(&cut, Invalid::Malformed(Malformed::IcmpHeader));
}

#[test]
fn neighbour_discovery_is_never_tracked() {
    let mut scene = Scene::new();
    for kind in [130, 131, 132, 133, 134, 135, 136, 143, 151, 152] {
        let frame = ip(Protocol::ICMPV6, CLIENT6, SERVER6, &query(kind, 0, 0));
        assert_eq!(scene.hear(&frame).verdict, Verdict::Untracked, "type {kind}");
    }
    assert_eq!((scene.ct.len(), scene.ct.stats().untracked), (0, 10));
}

/// ICMP types that report an error, of the family of an address.
const fn errors_of(address: IpAddr) -> &'static [u8] {
    match address {
        IpAddr::V4(_) => &[3, 4, 5, 11, 12],
        IpAddr::V6(_) => &[1, 2, 3, 4, 100, 127],
    }
}

#[test]
fn an_error_is_related_to_the_packet_that_it_speaks_of_and_changes_nothing() {
    for (client, server, router) in FAMILIES {
        let icmp = icmp_of(client);
        let mut scene = Scene::new();
        let ask = asks(Protocol::UDP, (client, server));
        scene.hear(&ask);
        scene.wait(1_500);
        for &kind in errors_of(client) {
            let before = scene.entries();
            // About the client's packet, so to the client: that way the replies go.
            let frame = ip(icmp, router, client, &error(kind, 1, &ask));
            let answer = scene.hear(&frame);
            assert_eq!((answer.verdict, answer.dir), (Verdict::Related, Some(Direction::Reply)));
            // About an answer, which nobody has seen yet, to the server.
            let about = answers(Protocol::UDP, (client, server));
            let answer = scene.hear(&ip(icmp, router, server, &error(kind, 1, &about)));
            assert_eq!((answer.verdict, answer.dir), (Verdict::Related, Some(Direction::Original)));
            assert_eq!(scene.entries(), before, "neither life nor status");
        }
        assert!(!scene.entries()[0].status.has(Status::SEEN_REPLY));
        assert_eq!(scene.hear(&ask).verdict, Verdict::New, "no answer was seen");
    }
}

#[test]
fn an_error_about_a_query_is_related_too() {
    for (client, server, request, reply) in queries() {
        let icmp = icmp_of(client);
        let kind = errors_of(client)[0];
        let mut scene = Scene::new();
        let ask = ip(icmp, client, server, &query(request, 0, 5));
        scene.hear(&ask);
        let frame = ip(icmp, server, client, &error(kind, 0, &ask));
        assert_eq!(scene.hear(&frame).dir, Some(Direction::Reply));
        let answer = ip(icmp, server, client, &query(reply, 0, 5));
        let frame = ip(icmp, client, server, &error(kind, 0, &answer));
        assert_eq!(scene.hear(&frame).dir, Some(Direction::Original));
    }
}

#[test]
fn an_error_to_another_host_or_about_nothing_known_is_invalid() {
    for (client, server, router) in FAMILIES {
        let (icmp, kind) = (icmp_of(client), errors_of(client)[0]);
        let mut scene = Scene::new();
        let ask = asks(Protocol::UDP, (client, server));
        let frame = ip(icmp, router, client, &error(kind, 0, &ask));
        scene.refuses(&frame, Invalid::ErrorUnknown);
        scene.hear(&ask);
        for other in [router, server] {
            let frame = ip(icmp, router, other, &error(kind, 0, &ask));
            scene.refuses(&frame, Invalid::ErrorAddress);
        }
        let stats = scene.ct.stats();
        assert_eq!((stats.error, stats.invalid, stats.related), (3, 3, 0));
        assert_eq!(stats.invalid_by(Invalid::ErrorAddress), 2);
        scene.wait(30_000);
        let frame = ip(icmp, router, client, &error(kind, 0, &ask));
        assert_eq!(scene.hear(&frame).verdict, Verdict::Invalid(Invalid::ErrorUnknown));
    }
}

#[test]
fn an_error_needs_four_bytes_behind_the_inner_header() {
    let mut scene = Scene::new();
    let ask = asks(Protocol::UDP, (CLIENT, SERVER));
    scene.hear(&ask);
    let frame = |len: usize| ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 1, &ask[..len]));
    scene.refuses(&frame(22), Invalid::Inner(Malformed::IcmpInner));
    scene.refuses(&frame(19), Invalid::Inner(Malformed::IcmpInner));
    assert_eq!(scene.hear(&frame(24)).verdict, Verdict::Related);
    let mut fragment = ask.clone();
    fragment[7] = 1;
    let frame = ip(Protocol::ICMP, ROUTER, CLIENT, &error(3, 1, &fragment));
    scene.refuses(&frame, Invalid::Inner(Malformed::Fragment));
}

#[test]
fn a_redirect_is_related_only_from_a_router_on_the_link() {
    let link_local: IpAddr = "fe80::1".parse().unwrap();
    let ask = asks(Protocol::UDP, (CLIENT6, SERVER6));
    let mut scene = Scene::new();
    scene.hear(&ask);
    let redirect = |from: IpAddr, code: u8, hop_limit: u8| {
        let option_len = u8::try_from((8 + ask.len()).div_ceil(8)).unwrap();
        let head = [&[137, code, 0, 0, 0, 0, 0, 0], &[0; 32][..]].concat();
        let option = [&[4, option_len, 0, 0, 0, 0, 0, 0], &ask[..]].concat();
        let mut frame = ip(Protocol::ICMPV6, from, CLIENT6, &[head, option].concat());
        frame[7] = hop_limit;
        frame
    };
    let refused = Invalid::Malformed(Malformed::Redirect);
    scene.refuses(&redirect(ROUTER6, 0, 255), refused);
    scene.refuses(&redirect(link_local, 0, 64), refused);
    scene.refuses(&redirect(link_local, 1, 255), refused);
    let answer = scene.hear(&redirect(link_local, 0, 255));
    assert_eq!((answer.verdict, answer.dir), (Verdict::Related, Some(Direction::Reply)));
}

#[test]
fn what_the_icmp_check_before_tracking_refuses_is_counted_as_an_error() {
    let short = |kind| query(kind, 0, 0)[..7].to_vec();
    let unknown = ip(Protocol::UDP, CLIENT, SERVER, &udp(1, 2));
    for (protocol, (from, to), body, errors) in [
        (Protocol::ICMP, (CLIENT, SERVER), short(8), 1),
        (Protocol::ICMPV6, (CLIENT6, SERVER6), short(128), 1),
        (Protocol::ICMP, (CLIENT, SERVER), query(19, 0, 0), 1),
        (Protocol::ICMP, (ROUTER, CLIENT), error(3, 1, &unknown), 1),
        (Protocol::ICMP, (ROUTER, CLIENT), error(3, 1, &unknown[..10]), 1),
        // These are refused later, by the tracker of queries.
        (Protocol::ICMP, (CLIENT, SERVER), query(10, 0, 0), 0),
        (Protocol::ICMP, (CLIENT, SERVER), query(0, 0, 0), 0),
        (Protocol::ICMPV6, (CLIENT6, SERVER6), query(200, 0, 0), 0),
    ] {
        let mut scene = Scene::new();
        scene.hear(&ip(protocol, from, to, &body));
        let stats = scene.ct.stats();
        assert_eq!((stats.error, stats.invalid), (errors, 1), "{protocol:?} {body:?}");
    }
}
