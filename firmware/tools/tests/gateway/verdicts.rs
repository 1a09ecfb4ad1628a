//! What the gateway does with frames, and what core alone says of them under the built-in rules.

use keeptrack_core::fragment::Follow;
use keeptrack_core::raw::TrackAll;
use keeptrack_core::{
    Conntrack, CtState, Instant, Lent, LinkType, NoHelpers, Packet, ParseError, Ranked, Seed,
    SourcePlace, Step, Storage, Tracked, Transport,
};
use keeptrack_gateway::{FOLLOWED, Gateway, Keys, Memory, Side, image};
use keeptrack_tools::frames::Churn;

use super::ports::{Manners, Mock};

const SLOTS: usize = 128;
const FRAMES: usize = 100_000;

type Core<'m> = Conntrack<Lent<'m>, Ranked, TrackAll, NoHelpers, Follow<FOLLOWED>>;

/// Whether a frame passes, by core and by the built-in rules as Rust would have them: who is outside
/// may only answer. The frames here have no DHCP in them.
fn passes(ct: &mut Core<'_>, now: Instant, side: Side, frame: &[u8]) -> bool {
    while !matches!(ct.expire(now), Step::Idle) {}
    let packet = match Packet::parse(LinkType::Ethernet, frame) {
        Ok(packet) => packet,
        Err(why) => return matches!(why, ParseError::NotIp(_) | ParseError::Llc(_)),
    };
    let is_inside = side == Side::Left;
    match ct.track(now, &packet) {
        Tracked::First(first) => {
            (is_inside || first.state() != CtState::New) && first.confirm().is_ok()
        }
        Tracked::Known { state: CtState::New, .. } => is_inside,
        Tracked::Known { .. } | Tracked::Related { .. } => true,
        Tracked::Untracked => is_inside || packet.transport == Transport::Neighbour,
        Tracked::Invalid { .. } | Tracked::Held(_) | Tracked::Dropped => false,
    }
}

#[test]
fn the_gateway_does_what_core_says_frame_by_frame_with_another_key() {
    let (mut own, mut other) =
        (Box::new(Storage::<SLOTS>::new()), Box::new(Storage::<SLOTS>::new()));
    let mut sources = vec![SourcePlace::EMPTY; SLOTS + 1];
    let mut gateway = Gateway::waiting(&[]);
    let keys = Keys { table: Seed([7; 16]), sources: Seed([8; 16]) };
    gateway.start(Memory { connections: own.lend(), sources: &mut sources }, keys).unwrap();
    let mut core = Conntrack::new(other.lend(), image::default().config, Seed([9; 16]))
        .unwrap()
        .with_fragments(Follow::new())
        .on_full(Ranked::new(0));
    let mut ports = Side::BOTH.map(|side| Mock::new(side, Manners::default()));
    let mut passed_count = 0;
    for (frame, number) in Churn::new(4).take(FRAMES).zip(0_u64..) {
        let now = Instant::from_millis(1_000_000 + 13 * number);
        let expected = passes(&mut core, now, frame.side, &frame.bytes);
        ports[frame.side as usize].incoming.push_back(frame.bytes.clone());
        let [left, right] = &mut ports;
        let _ = gateway.poll(now, left, right);
        let out = ports[frame.side.other() as usize].outgoing.pop();
        assert_eq!(out.is_some(), expected, "frame {number}: {:02x?}", frame.bytes);
        assert!(out.is_none_or(|out| out == frame.bytes), "frame {number} is another");
        passed_count += usize::from(expected);
    }
    assert_eq!(core.len(), gateway.table().unwrap().len());
    assert!(core.stats().early_drop > 1_000 && passed_count > FRAMES / 2);
}
