//! See `lgc_fuzz_targets::safetensors`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lgc_fuzz_targets::safetensors(data));
