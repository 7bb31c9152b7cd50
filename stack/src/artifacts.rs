//! Artifacts: the functions' code in the artifact bucket.

use crate::environment::{BucketName, Environment, ServiceName, string_types};
use crate::function_name::FunctionName;

string_types! {
    /// The SHA-256 of a zip, in hexadecimal.
    ArtifactHash: "a SHA-256: 64 lowercase hexadecimal digits",
        |text| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
}

/// The place of a function's code in the artifact bucket: `{service}/{function}/{sha256}.zip`.
///
/// It contains the hash, so new code has a new key, and the same code is not uploaded twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactKey(String);

impl ArtifactKey {
    /// Returns the key of a function's zip.
    pub fn new(service: &ServiceName, function: FunctionName, hash: &ArtifactHash) -> Self {
        Self(format!("{service}/{function}/{hash}.zip"))
    }

    /// Returns the S3 key.
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
    /// The authorizer function's zip; not deployed where the environment has a shared authorizer.
    pub authorizer: ArtifactKey,
}

impl Artifacts {
    /// Returns artifacts with zeros for their hashes, for a template that is not deployed.
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
