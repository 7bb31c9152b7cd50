//! Fuzzes [`fuzz::asset_path`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        fuzz::asset_path::check(text);
    }
});
