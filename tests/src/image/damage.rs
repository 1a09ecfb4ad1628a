//! Is any damage to an image noticed, and does it still say what a damaged one means?

use keeptrack_gateway::image::{self, ImageError, VERSION};
use keeptrack_gateway::settings::Fail;
use proptest::collection::vec;
use proptest::prelude::*;

use super::made;

/// The bytes in front of the body.
const HEADER_LEN: usize = 16;

fn closed() -> Vec<u8> {
    let plan = image::plan(image::BUILT_IN).unwrap();
    image::write(&image::Plan { fail: Fail::Closed, ..plan }).unwrap()
}

fn flipped(image: &[u8], bit: usize) -> Vec<u8> {
    let mut image = image.to_vec();
    image[bit / 8] ^= 1 << (bit % 8);
    image
}

#[test]
fn no_bit_can_be_wrong() {
    let image = closed();
    for bit in 0..image.len() * 8 {
        let damaged = flipped(&image, bit);
        let read = image::read(&damaged);
        assert!(read.is_err_and(|why| !why.is_absent()), "{bit}");
        assert_eq!(image::fail(&damaged), Fail::Closed, "{bit}");
    }
}

#[test]
fn no_byte_can_be_missing() {
    let image = closed();
    for len in 0..image.len() {
        let read = image::read(&image[..len]);
        let why = if len < HEADER_LEN { ImageError::Absent } else { ImageError::Length };
        assert_eq!(read, Err(why), "{len}");
        let fail = if len < HEADER_LEN { Fail::Default } else { Fail::Closed };
        assert_eq!(image::fail(&image[..len]), fail, "{len}");
    }
    let behind = [&image[..], &[0xff; 100]].concat();
    assert_eq!(image::read(&behind), image::read(&image), "erased flash behind it does not count");
}

#[test]
fn what_it_says_of_failing_is_understood_with_three_wrong_bits() {
    for fail in Fail::ALL {
        let plan = image::plan(image::BUILT_IN).unwrap();
        let image = image::write(&image::Plan { fail, ..plan }).unwrap();
        assert_eq!(image::fail(&image), fail);
        for bits in [[0, 8, 31], [48, 52, 63], [49, 50, 51]] {
            let damaged = bits.into_iter().fold(image.clone(), |image, bit| flipped(&image, bit));
            assert_eq!(image::fail(&damaged), fail, "{bits:?}");
        }
        let other = (0..4).fold(image.clone(), |image, bit| flipped(&image, bit));
        assert_eq!(image::fail(&other), Fail::Default, "no image any more");
    }
}

#[test]
fn other_versions_are_named_and_still_fail_as_they_say() {
    let mut image = closed();
    let version = VERSION + 0x0301;
    image[4..6].copy_from_slice(&version.to_le_bytes());
    assert_eq!(image::read(&image), Err(ImageError::Version(version)));
    assert_eq!(image::fail(&image), Fail::Closed);
    assert!(ImageError::Version(version).to_string().contains("770"), "{version}");
}

#[test]
fn erased_flash_is_no_damage() {
    for byte in [0, 0xff] {
        let flash = [byte; 512];
        assert_eq!(image::read(&flash), Err(ImageError::Absent));
        assert_eq!(image::fail(&flash), Fail::Default);
    }
    assert_eq!(image::read(&[0x7f; 512]), Err(ImageError::Magic));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn of_any_image_no_bits_can_be_wrong(plan in made::plan(), bits in vec(any::<usize>(), 1..4)) {
        let image = image::write(&plan).unwrap();
        let bits: std::collections::BTreeSet<usize> =
            bits.into_iter().map(|bit| bit % (image.len() * 8)).collect();
        let damaged = bits.iter().fold(image, |image, &bit| flipped(&image, bit));
        prop_assert!(image::read(&damaged).is_err());
    }

    #[test]
    fn anything_may_lie_in_flash(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(image::read(&bytes).is_err());
        crate::fuzzing::config(&bytes);
    }
}
