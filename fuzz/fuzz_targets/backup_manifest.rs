//! See `tests::parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::parsers::check("backup_manifest", bytes));
