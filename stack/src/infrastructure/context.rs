//! What every part of the infrastructure may need.

use super::names::Names;
use crate::artifacts::Artifacts;
use crate::environment::Environment;

/// What every part may need.
pub(super) struct Context<'a> {
    pub(super) environment: &'a Environment,
    pub(super) artifacts: &'a Artifacts,
    pub(super) names: Names<'a>,
}
