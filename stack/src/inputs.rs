//! What a template is made from.

use crate::artifacts::Artifacts;
use crate::environment::Environment;
use crate::signing_key::SigningKeys;

/// What a template is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What differs between environments.
    pub environment: &'a Environment,
    /// The keys that sign URLs.
    pub signing_keys: &'a SigningKeys,
    /// The functions' code.
    pub artifacts: &'a Artifacts,
}
