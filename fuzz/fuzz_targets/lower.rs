//! See `lgc_fuzz_targets::lower`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lgc_fuzz_targets::lower(data));
