//! Is whatever is wrong in an image whose check sum is right found, and named with its place?

use keeptrack_core::MAX_SECONDS;
use keeptrack_gateway::image::{self, ImageError};
use keeptrack_gateway::rules::{MAX_DEPTH, MAX_WALK, RuleFault};

use crate::fuzzing::sealed;

type Word = [u8; 4];

/// The words of settings.
const SETTINGS: usize = 35;
/// A program without rules.
const EMPTY: [Word; 4] = [[0; 4]; 4];
/// A record of a RETURN that every packet meets.
const RETURN: [Word; 2] = [[2, 0, 0xff, 0x07], [0; 4]];

/// The settings of the built-in image.
fn settings() -> Vec<Word> {
    image::BUILT_IN[16..].as_chunks().0[..SETTINGS].to_vec()
}

fn read(words: &[Word]) -> Option<ImageError> {
    image::read(&sealed(words.as_flattened())).err()
}

/// What is found in a filter of these words.
fn filter(words: &[Word]) -> Option<ImageError> {
    read(&[&settings()[..], &EMPTY, words].concat())
}

/// The program of chains, each with its depth, its longest walk and its records; IPv4 begins in the
/// first.
fn program(chains: &[(u8, u32, Vec<Word>)]) -> Vec<Word> {
    let len = |chains: &[(u8, u32, Vec<Word>)]| -> usize {
        chains.iter().map(|(_, _, records)| records.len()).sum()
    };
    let entries = chains.iter().enumerate().flat_map(|(at, (depth, walk, _))| {
        let [low, high] = u16::try_from(len(&chains[..at])).unwrap().to_le_bytes();
        [[low, high, *depth, 0], walk.to_le_bytes()]
    });
    let records = chains.iter().flat_map(|(_, _, records)| records).copied();
    let count = u8::try_from(chains.len()).unwrap();
    let records_len = u32::try_from(len(chains)).unwrap().to_le_bytes();
    let head = [[count, 0, 0, 0], records_len, [1, 0, 0, 0], [0; 4]];
    head.into_iter().chain(entries).chain(records).collect()
}

/// The program of one chain that leads nowhere.
fn chain(walk: u32, records: &[Word]) -> Vec<Word> {
    program(&[(1, walk, records.to_vec())])
}

/// What is found in a rule of these words, which are one record.
fn rule(words: &[Word]) -> Option<ImageError> {
    filter(&chain(2, &[words, &RETURN].concat()))
}

fn fault(fault: RuleFault, word: usize) -> Option<ImageError> {
    Some(ImageError::Filter(fault, word))
}

#[test]
fn programs_hang_together() {
    assert_eq!(filter(&EMPTY), None);
    assert_eq!(filter(&chain(1, &RETURN)), None);
    let changed = |word: usize, to: Word| {
        let mut words = chain(1, &RETURN);
        words[word] = to;
        filter(&words)
    };
    assert_eq!(changed(0, [1, 0, 1, 0]), fault(RuleFault::Head, 0));
    assert_eq!(changed(0, [2, 0, 0, 0]), fault(RuleFault::Length, 0));
    assert_eq!(changed(1, [3, 0, 0, 0]), fault(RuleFault::Length, 0));
    assert_eq!(changed(1, [0, 0, 0, 1]), fault(RuleFault::Length, 0));
    assert_eq!(changed(1, [1, 0, 0, 0]), fault(RuleFault::Record, 6));
    assert_eq!(changed(2, [2, 0, 0, 0]), fault(RuleFault::Head, 0), "no such chain");
    assert_eq!(changed(3, [1, 0, 2, 0]), fault(RuleFault::Head, 0), "no such policy");
    assert_eq!(changed(4, [1, 0, 1, 0]), fault(RuleFault::Begin, 6));
    assert_eq!(changed(4, [0, 0, 2, 0]), fault(RuleFault::Depth, 6));
    assert_eq!(changed(5, [2, 0, 0, 0]), fault(RuleFault::Walk, 6));
    assert_eq!(changed(6, [2, 1, 0xff, 7]), fault(RuleFault::End, 6), "ACCEPT");
    assert_eq!(changed(6, [2, 0, 0xfe, 7]), fault(RuleFault::End, 6), "but NEW");
    assert_eq!(changed(6, [1, 0, 0xff, 7]), fault(RuleFault::Record, 6));
    assert_eq!(filter(&[&EMPTY[..], &[[0; 4]]].concat()), Some(ImageError::Behind));
    let too_many = [&EMPTY[..1], &[[2, 0, 0, 0]], &EMPTY[2..], &RETURN].concat();
    assert_eq!(filter(&too_many), fault(RuleFault::Record, 4), "records of no chain");
}

#[test]
fn no_walk_is_longer_or_deeper_than_is_said() {
    let rules = |count: u32| (1..count).flat_map(|_| [[2, 5, 0xff, 7], [0; 4]]).chain(RETURN);
    let long = |count| filter(&chain(count, &rules(count).collect::<Vec<_>>()));
    assert_eq!(long(MAX_WALK), None);
    assert_eq!(long(MAX_WALK + 1), fault(RuleFault::Walk, 6));
    let deep = |count: u8| {
        let jump = |next: u8| [&[[2, 3, 0xff, 7], [next, 0, 0, 0]][..], &RETURN].concat();
        let jumps = (1..count).map(|next| {
            let behind = count - next;
            (behind + 1, u32::from(behind) * 2 + 1, jump(next))
        });
        filter(&program(&jumps.chain([(1, 1, RETURN.to_vec())]).collect::<Vec<_>>()))
    };
    let most = u8::try_from(MAX_DEPTH).unwrap();
    assert_eq!(deep(most), None);
    assert_eq!(deep(most + 1), fault(RuleFault::Depth, 4 + 2 * (MAX_DEPTH + 1)));
}

#[test]
fn records_say_what_there_is() {
    let target = |target, argument| rule(&[[2, target, 0xff, 7], argument]);
    assert_eq!(target(1, [0; 4]), None);
    assert_eq!(target(1, [1, 0, 0, 0]), fault(RuleFault::Target, 6));
    for (number, is_raw) in [(6, true), (7, true), (8, true), (9, false), (255, false)] {
        assert_eq!(target(number, [0; 4]), fault(RuleFault::Target, 6), "{number} {is_raw}");
    }
    assert_eq!(target(3, [0; 4]), fault(RuleFault::Chain, 6), "into itself");
    assert_eq!(target(4, [1, 0, 0, 0]), fault(RuleFault::Chain, 6), "into none");
    assert_eq!(rule(&[[2, 1, 0xff, 0x0f], [0; 4]]), fault(RuleFault::Facts, 6));
}

#[test]
fn tests_have_their_form() {
    let found = |test: &[Word]| {
        let len = u8::try_from(2 + test.len()).unwrap();
        rule(&[&[[len, 1, 0xff, 7], [0; 4]], test].concat())
    };
    let wrong = fault(RuleFault::Test, 6);
    assert_eq!(found(&[[1, 1, 17, 0]]), None);
    assert_eq!(found(&[[1, 2, 17, 0]]), wrong, "neither so nor not so");
    assert_eq!(found(&[[1, 0, 17, 1]]), wrong);
    assert_eq!(found(&[[0, 0, 0, 0]]), wrong);
    assert_eq!(found(&[[8, 0, 0, 0]]), wrong);
    assert_eq!(found(&[[2, 0, 4, 0], [0; 4], [0; 4]]), None);
    assert_eq!(found(&[[2, 0, 4, 0], [0; 4]]), wrong, "no mask");
    assert_eq!(found(&[[3, 0, 5, 0], [0; 4], [0; 4]]), wrong, "no family");
    assert_eq!(found(&[&[[3, 0, 6, 0]][..], &[[0; 4]; 7]].concat()), wrong, "no mask");
    assert_eq!(found(&[[4, 0, 0, 0]]), wrong, "no ranges");
    assert_eq!(found(&[&[[5, 0, 16, 0]][..], &[[0; 4]; 16]].concat()), wrong);
    assert_eq!(found(&[[6, 0, 2, 0], [0; 4]]), wrong);
    assert_eq!(found(&[[7, 0, 0, 0], [3, 0, 15, 0]]), None);
    assert_eq!(found(&[[7, 0, 0, 0], [3, 0, 15, 1]]), wrong);
    assert_eq!(found(&[[7, 0, 1, 0], [3, 0, 15, 0]]), wrong);
}

#[test]
fn the_raw_table_names_classes_that_there_are() {
    let rule = |target, argument| {
        let records = [&[[2, target, 0xff, 7], argument][..], &RETURN].concat();
        read(&[&settings()[..], &chain(2, &records), &EMPTY].concat())
    };
    let wrong = Some(ImageError::Raw(RuleFault::Target, 6));
    assert_eq!(rule(6, [0; 4]), None);
    assert_eq!(rule(8, [0, 0, 3, 2]), None);
    assert_eq!(rule(8, [0, 0, 4, 0]), wrong, "a fourth class");
    assert_eq!(rule(8, [0, 0, 0, 3]), wrong);
    assert_eq!(rule(8, [1, 0, 0, 0]), wrong);
    assert_eq!(rule(7, [1, 0, 3, 1]), None);
    assert_eq!(rule(7, [1, 0, 4, 1]), wrong, "a fourth class");
    assert_eq!(rule(7, [1, 0, 0, 0]), wrong, "neither drop nor bypass");
}

#[test]
fn settings_are_what_there_is() {
    let with = |word: usize, to: Word| {
        let mut words = settings();
        words[word] = to;
        read(&[&words[..], &EMPTY, &EMPTY].concat())
    };
    let second = (MAX_SECONDS + 1).to_le_bytes();
    for (word, to) in [
        (0, [3, 0, 0, 0]),
        (0, [0, 3, 0, 0]),
        (0, [0, 0, 16, 0]),
        (2, second),
        (27, second),
        (28, [0, 0, 0, 0xc0]),
        (28, [0xe9, 3, 0, 0x40]),
        (28, [0, 0, 0, 0x80]),
        (29, [33, 64, 0, 0]),
        (29, [32, 65, 0, 0]),
        (29, [32, 64, 1, 0]),
        (34, [0, 0, 0, 0x40]),
    ] {
        assert_eq!(with(word, to), Some(ImageError::Setting(word)), "{to:?}");
    }
    assert_eq!(with(28, [0; 4]), Some(ImageError::Setting(29)), "a prefix without a cap");
    assert_eq!(with(30, [1, 0, 0, 0]), Some(ImageError::Setting(31)), "a start without an end");
    assert_eq!(with(31, [1, 0, 0, 0]), None);
    for len in 0..SETTINGS {
        assert_eq!(read(&settings()[..len]), Some(ImageError::Setting(len)));
    }
}
