//! The stack's outputs.

use serde::Serialize;
use strum::EnumMessage;

/// An output of the stack, with which everything else finds what was deployed. Its documentation is its description there.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    strum::Display,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum OutputName {
    /// ARN of the API function.
    ApiFunctionArn,
    /// Name of the API function.
    ApiFunctionName,
    /// Id of the HTTP API.
    ApiId,
    /// What comes before /restore in a URL of the API.
    ApiUrl,
    /// Name of the bucket of the viewer assets.
    AssetsBucketName,
    /// ARN of the authorizer function; absent where the environment shares the platform's.
    AuthorizerFunctionArn,
    /// Name of the authorizer function; absent where the environment shares the platform's.
    AuthorizerFunctionName,
    /// Domain that serves the viewer assets.
    DistributionDomainName,
    /// Id of the distribution.
    DistributionId,
    /// Id of the key group; absent as long as there is no signing key.
    KeyGroupId,
    /// URL of the dead-letter queue of the restore queue.
    RestoreDeadLetterQueueUrl,
    /// ARN of the restore function.
    RestoreFunctionArn,
    /// Name of the restore function.
    RestoreFunctionName,
    /// URL of the restore queue.
    RestoreQueueUrl,
}

impl OutputName {
    /// Every output.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Returns the output's key in the stack.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub(crate) fn description(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}
