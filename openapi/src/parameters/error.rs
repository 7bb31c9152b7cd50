//! Errors of query parameters.

use crate::asset_path::AssetPathError;

/// A query parameter is missing or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parameter `{name}` {problem}")]
pub struct ParameterError {
    /// The name of the parameter.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: ParameterProblem,
}

/// What is wrong with a query parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterProblem {
    /// The query does not have it.
    #[error("is missing")]
    Missing,
    /// It has no value, or one of white space.
    #[error("is blank")]
    Blank,
    /// The query has it more than once.
    #[error("is given more than once")]
    Repeated,
    /// Its percent-encoding is not UTF-8.
    #[error("is not valid UTF-8")]
    NotUtf8,
    /// The database cannot hold its value as a node id.
    #[error("is not a node id")]
    NotANodeId,
    /// It is not a word of [`Scope`](crate::Scope).
    #[error("must be `file` or `package`")]
    NotAScope,
    /// It is not the path of an asset.
    #[error(transparent)]
    AssetPath(#[from] AssetPathError),
}
