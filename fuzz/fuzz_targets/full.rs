//! Does any sequence of operations break a law of a full table, under any policy?
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keeptrack_tests::fuzzing::full(bytes));
