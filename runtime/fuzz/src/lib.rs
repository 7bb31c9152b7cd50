//! What must hold of any input, stated once and tried twice: by property tests with every `cargo test`, and by fuzzers
//! with `cargo xtask fuzz`.
//!
//! Each `check` works out by other means than the function itself what it may answer, and panics where they disagree:
//! that is how proptest and libFuzzer learn of it.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a check that fails is a panic")]

pub mod asset_path;
pub mod event;
pub mod s3_url;

#[cfg(test)]
mod mutation;
