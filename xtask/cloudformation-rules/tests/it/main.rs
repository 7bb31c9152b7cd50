//! Checks with the resource provider schemas of the pinned cfn-lint.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod document;
mod environments;
mod schemas;
mod support;
