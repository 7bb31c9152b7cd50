//! Artifacts: the functions' code, as it lies in the artifact bucket.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::environment::{BucketName, Environment, ServiceName, words};

/// A function of the system; its name is that of its binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionName {
    /// Answers the API's requests.
    Api,
    /// Takes restore messages off the queue.
    Restore,
    /// Decides what a token admits to.
    Authorizer,
}

impl FunctionName {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::Api, Self::Restore, Self::Authorizer];

    /// The name, such as `api`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Restore => "restore",
            Self::Authorizer => "authorizer",
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

words! {
    /// The SHA-256 of a zip, in hexadecimal.
    ArtifactHash: "a SHA-256: 64 small hexadecimal digits",
        |text| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
}

/// Where the code of a function lies: `{service}/{function}/{sha256}.zip`.
///
/// The hash is in the key, so that new code is a new key, and the same code is not uploaded twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactKey(String);

impl ArtifactKey {
    /// The key of a function's zip.
    pub fn new(service: &ServiceName, function: FunctionName, hash: &ArtifactHash) -> Self {
        Self(format!("{service}/{function}/{hash}.zip"))
    }

    /// The S3 key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The code of the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifacts {
    /// The artifact bucket.
    pub bucket: BucketName,
    /// The API function's zip.
    pub api: ArtifactKey,
    /// The restore function's zip.
    pub restore: ArtifactKey,
    /// The authorizer function's zip; not deployed where the environment names a shared authorizer.
    pub authorizer: ArtifactKey,
}

impl Artifacts {
    /// Code that nobody has built: zeros for its hashes, for a template that is not meant to be deployed.
    pub fn unknown(environment: &Environment) -> Self {
        let hash = ArtifactHash("0".repeat(64));
        let key = |function| ArtifactKey::new(&environment.service, function, &hash);
        Self {
            bucket: environment.artifact_bucket.clone(),
            api: key(FunctionName::Api),
            restore: key(FunctionName::Restore),
            authorizer: key(FunctionName::Authorizer),
        }
    }
}
