//! Does any sequence of frames and times break a law of the tracker?
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keeptrack_tests::fuzzing::track(bytes));
