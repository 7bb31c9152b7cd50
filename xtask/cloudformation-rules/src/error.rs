//! Why the resource provider schemas could not be read.

use std::io;
use std::path::PathBuf;

/// The resource provider schemas could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file could not be read.
    #[error("cannot read {}: {source}; install the pinned cfn-lint again", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not a resource provider schema.
    #[error("{} is not a resource provider schema: {source}; install the pinned cfn-lint again", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
}
