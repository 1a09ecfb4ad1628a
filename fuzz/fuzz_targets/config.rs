//! Does any configuration of a gateway, damaged or made up, break a law of its reader?
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keeptrack_tests::fuzzing::config(bytes));
