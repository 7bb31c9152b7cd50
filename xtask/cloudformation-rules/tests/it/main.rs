//! Checks with the resource provider schemas of the pinned cfn-lint.

mod environments;
mod schemas;
mod support;
