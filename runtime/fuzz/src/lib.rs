//! Properties of every input.
//!
//! They are checked by property tests with every `cargo test`, and by fuzzers with `cargo xtask fuzz`.
//!
//! Each `check` computes the expected result by other means than the function, and panics if they differ,
//! which fails the property test or the fuzzer.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a check that fails is a panic"
)]

pub mod asset_path;
pub mod event;
pub mod s3_url;

#[cfg(test)]
mod mutation;
