//! Calls what core has for a full table.

use keeptrack_core::raw::{ChainId, Hook, Matches, RawTable, Target, WhenFull};
use keeptrack_core::{
    Adaptive, Class, Config, Conntrack, Direction, EarlyDrop, GhostOf, Lent, OnRefusal, Prefix,
    Rank, Ranked, Refusal, Refused, SourceCap, SourcePlace, Storage, TcpFlags, Tracked, Why, Zone,
    ZoneCap, ZoneCaps,
};

use super::{NOW, SEED, Wrong, confirm, ensure, length, parse, segment};

/// All policies in one type, so that the image holds the tracker's code once for all of them.
type Policy<'p> = (Caps<'p>, Option<Adaptive>, (Option<EarlyDrop>, Option<Ranked>), GhostOf<4>);
type Caps<'p> = (Option<SourceCap<&'p mut [SourcePlace]>>, Option<ZoneCaps<&'p mut [ZoneCap]>>);
type Tracker<'p> = Conntrack<Lent<'p>, Policy<'p>, RawTable<1, 2>>;

/// No caps, and nobody has to leave.
const fn refuse<'p>() -> Policy<'p> {
    ((None, None), None, (None, None), GhostOf::new())
}

/// A SYN from that port.
fn syn(port: u8) -> [u8; 40] {
    let mut bytes = segment(TcpFlags::SYN, Direction::Original);
    bytes[21] = port;
    bytes
}

/// A tracker over two slots.
fn tracker<'p>(storage: &'p mut Storage<2>, policy: Policy<'p>) -> Result<Tracker<'p>, Wrong> {
    let ct = Conntrack::new(storage.lend(), Config::DEFAULT, SEED)?;
    Ok(ct.on_full(policy).with_rules(RawTable::new()))
}

/// The same after two SYNs, so that it is full.
fn filled<'p>(storage: &'p mut Storage<2>, policy: Policy<'p>) -> Result<Tracker<'p>, Wrong> {
    let mut ct = tracker(storage, policy)?;
    for port in [1, 2] {
        ensure(confirm(&mut ct, &syn(port))?.is_ok(), "a free slot")?;
    }
    Ok(ct)
}

/// Why somebody leaves for a newcomer, under each policy that finds somebody; and that nobody does
/// under the one that does not.
pub(super) fn victims() -> Result<(), Wrong> {
    let mut policies = [refuse(), refuse(), refuse()];
    let [ranked, sampled, adaptive] = &mut policies;
    ranked.2.1 = Some(Ranked::new(0));
    sampled.2.0 = Some(EarlyDrop::new(1));
    adaptive.1 = Some(Adaptive::new(0, 1));
    let reasons = [Why::DroppedEarly, Why::DroppedEarly, Why::Shrunk];
    for (policy, why) in policies.into_iter().zip(reasons) {
        let mut storage = Storage::new();
        let evicted = confirm(&mut filled(&mut storage, policy)?, &syn(3))?;
        ensure(evicted.is_ok_and(|evicted| evicted == Some(why)), why.name())?;
    }
    let mut storage = Storage::new();
    let mut ct = filled(&mut storage, refuse())?;
    is_refused_for(&mut ct, Refusal::TableFull)?;
    let (.., ghost) = ct.policy();
    ensure((ghost.would_need(), ghost.deviation()) == (3, 0), "Ghost")
}

fn is_refused_for(ct: &mut Tracker<'_>, why: Refusal) -> Result<(), Wrong> {
    let refused = confirm(ct, &syn(3))?;
    ensure(refused.is_err_and(|refused| refused.why == why), why.name())
}

/// A source may have two connections, or a zone.
pub(super) fn caps() -> Result<(), Wrong> {
    let address = parse(&syn(1))?.tuple.source;
    let network = Prefix::new(24, 48).ok_or(Wrong("Prefix::new"))?;
    let (mut places, mut storage) = ([SourcePlace::EMPTY; 3], Storage::new());
    let mut policy = refuse();
    policy.0.0 = Some(SourceCap::new(&mut places[..], SEED, 2).prefix(network));
    let mut ct = filled(&mut storage, policy)?;
    is_refused_for(&mut ct, Refusal::SourceFull)?;
    let ((by_source, _), ..) = ct.policy();
    let counted = by_source.as_ref().map(|cap| cap.count(address, Zone::DEFAULT));
    ensure(counted == Some(2) && ct.stats().source_full == 1, "SourceCap::count")?;
    let (mut zones, mut storage) = ([ZoneCap::new(Zone::DEFAULT, 2)], Storage::new());
    let mut policy = refuse();
    policy.0.1 = Some(ZoneCaps::new(&mut zones[..]));
    let mut ct = filled(&mut storage, policy)?;
    is_refused_for(&mut ct, Refusal::ZoneFull)?;
    let ((_, by_zone), ..) = ct.policy();
    let counted = by_zone.as_ref().and_then(|caps| caps.zones().first());
    let is_right = |cap: &ZoneCap| cap.zone() == Zone::DEFAULT && cap.count() == 2;
    ensure(counted.is_some_and(is_right), "ZoneCaps::zones")
}

/// One of two slots is kept for a class, a rule gives another one; what finds no slot passes.
pub(super) fn reserved() -> Result<(), Wrong> {
    let class = Class::at(0).ok_or(Wrong("Class::at"))?;
    let mut rules = RawTable::<1, 2>::new();
    let full = WhenFull { class: Class::at(1), refused: Some(OnRefusal::Bypass) };
    let chain = ChainId::of(Hook::Prerouting);
    let appended = rules.append(chain, Matches::default(), Target::Full(full));
    ensure(appended.is_ok() && class.index() == 0, "Target::Full")?;
    let mut storage = Storage::new();
    let mut ct = tracker(&mut storage, refuse())?.reserve(class, 1)?.with_rules(rules);
    for (port, is_taken) in [(1, true), (2, false)] {
        let bytes = syn(port);
        let Tracked::First(first) = ct.track(NOW, &parse(&bytes)?) else {
            return Err(Wrong("first"));
        };
        ensure(first.then() == OnRefusal::Bypass, "Unconfirmed::then")?;
        ensure(first.confirm().is_ok() == is_taken, "Conntrack::reserve")?;
    }
    ensure(ct.stats().bypass == 1, "bypass")
}

/// What callers do who are a policy themselves.
pub(super) fn by_hand() -> Result<(), Wrong> {
    let mut storage = Storage::new();
    let mut ct = filled(&mut storage, refuse())?;
    let (old, new) = (syn(1), syn(3));
    let (old, new) = (parse(&old)?, parse(&new)?);
    let Tracked::First(mut first) = ct.track(NOW, &new) else {
        return Err(Wrong("first"));
    };
    ensure(first.find(&old.tuple, Zone::DEFAULT).is_some(), "Unconfirmed::find")?;
    ensure(first.drop_early(&old.tuple, Zone::DEFAULT), "Unconfirmed::drop_early")?;
    let Refused { then, .. } = first.refuse(Refusal::TableFull, OnRefusal::Bypass);
    ensure(then == OnRefusal::Bypass && ct.stats().bypass == 1, "Unconfirmed::refuse")?;
    let other = parse(&syn(2))?.tuple;
    ensure(ct.find(&old.tuple, Zone::DEFAULT).is_none() && ct.len() == 1, "Conntrack::find")?;
    ensure(ct.drop_early(NOW, &other, Zone::DEFAULT) && ct.is_empty(), "Conntrack::drop_early")
}

/// Whatever has a name or can be printed.
pub(super) fn names() -> Result<(), Wrong> {
    ensure(Rank::ALL.iter().all(|rank| !rank.name().is_empty()), "Rank::name")?;
    ensure(Why::ALL.iter().all(|why| !why.name().is_empty()), "Why::ALL")?;
    ensure(length(Refusal::ZoneFull) > 0 && length(OnRefusal::Bypass) > 0, "Refusal")
}
