//! Does the raw table settle what a full table does with a packet beside how the packet is tracked?

use keeptrack_core::raw::{Hook, Policy, Raw, RawVerdict, Target, Template, WhenFull};
use keeptrack_core::{Class, OnRefusal, Path, Zone};

use super::{DROP, NO_TRACK, OUTPUT, TRACK, along, counts, packet, prerouting, rule, zone};

/// A rule that lets pass what is refused.
const BYPASS: Target = Target::Full(WhenFull { class: None, refused: Some(OnRefusal::Bypass) });

/// A rule that says a class.
fn class() -> Target {
    Target::Full(WhenFull { class: Class::at(2), refused: None })
}

/// What both make of a packet.
fn both() -> Template {
    Template { class: Class::at(2), refused: OnRefusal::Bypass, ..Template::NONE }
}

#[test]
fn of_what_a_full_table_does_the_first_to_say_it_wins() {
    let other = WhenFull { class: Class::at(1), refused: Some(OnRefusal::Drop) };
    let other = Target::Full(other);
    let of_one = Template { class: Class::at(1), ..Template::NONE };
    let nothing = Target::Full(WhenFull::default());
    for (targets, template, effective) in [
        ([class(), BYPASS, other], both(), [1, 1, 0]),
        ([BYPASS, other, class()], Template { class: Class::at(1), ..both() }, [1, 1, 0]),
        ([other, class(), BYPASS], of_one, [1, 0, 0]),
        ([nothing, class(), BYPASS], both(), [0, 1, 1]),
        (
            [class(), Target::Accept, BYPASS],
            Template { refused: OnRefusal::Drop, ..both() },
            [1, 0, 0],
        ),
    ] {
        let mut table = prerouting(&targets);
        assert_eq!(table.classify(&packet()), RawVerdict::Track(template), "{targets:?}");
        let counted = counts(&table, Hook::Prerouting);
        assert_eq!(counted.iter().map(|rule| rule.1).collect::<Vec<_>>(), effective, "{targets:?}");
    }
}

#[test]
fn what_a_full_table_does_is_beside_how_a_packet_is_tracked() {
    let ct = Target::Ct(zone(1));
    let expected = RawVerdict::Track(Template { zone: Zone(1), ..both() });
    for targets in [[ct, class(), BYPASS], [class(), ct, BYPASS], [class(), BYPASS, ct]] {
        let mut table = prerouting(&targets);
        assert_eq!(table.classify(&packet()), expected, "{targets:?}");
        assert_eq!(counts(&table, Hook::Prerouting), [(1, 1, 0); 3], "{targets:?}");
    }
    // A template may say it, too; what a rule of its own says comes before that.
    let mut table = prerouting(&[Target::Ct(both())]);
    assert_eq!(table.classify(&packet()), RawVerdict::Track(both()));
    let dropped = WhenFull { class: Class::at(0), refused: Some(OnRefusal::Drop) };
    let mut table = prerouting(&[Target::Ct(both()), Target::Full(dropped)]);
    let expected = Template { class: Class::at(0), ..Template::NONE };
    assert_eq!(table.classify(&packet()), RawVerdict::Track(expected));
}

#[test]
fn what_a_full_table_does_is_void_for_a_packet_that_comes_to_none() {
    for target in [Target::NoTrack, Target::Drop] {
        for targets in [[class(), target], [target, class()]] {
            let mut table = prerouting(&targets);
            table.classify(&packet());
            let counted = counts(&table, Hook::Prerouting);
            let full = counted.iter().zip(targets).find(|(_, target)| *target == class());
            assert_eq!(full.unwrap().0.1, 0, "{targets:?}");
        }
    }
    let mut table = prerouting(&[class()]);
    table.set_policy(Hook::Prerouting, Policy::Drop);
    assert_eq!(table.classify(&packet()), DROP);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 0, 0)]);
}

#[test]
fn a_looping_packet_comes_to_a_full_table_as_output_says() {
    let mut table = prerouting(&[class()]);
    assert_eq!(table.classify(&along(Path::Loops)), TRACK);
    assert_eq!(counts(&table, Hook::Prerouting), [(1, 0, 1)]);
    rule(&mut table, OUTPUT, BYPASS);
    let bypass = Template { refused: OnRefusal::Bypass, ..Template::NONE };
    assert_eq!(table.classify(&along(Path::Loops)), RawVerdict::Track(bypass));
    assert_eq!(counts(&table, Hook::Output)[1], (1, 1, 0));
    rule(&mut table, OUTPUT, Target::NoTrack);
    assert_eq!(table.classify(&along(Path::Loops)), NO_TRACK);
    assert_eq!(counts(&table, Hook::Prerouting)[0], (3, 0, 2), "untracked before, not too late");
}
