//! The stack's outputs.

use std::fmt;

use serde::Serialize;

macro_rules! outputs {
    ($($name:ident: $description:literal;)+) => {
        /// An output of the stack, by which everything else learns what was deployed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum OutputName {
            $(#[doc = $description] $name,)+
        }

        impl OutputName {
            /// Every output.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The output's key in the stack.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            pub(crate) const fn description(self) -> &'static str {
                match self { $(Self::$name => $description),+ }
            }
        }
    };
}

outputs! {
    ApiFunctionArn: "ARN of the API function.";
    ApiFunctionName: "Name of the API function.";
    ApiId: "Id of the HTTP API.";
    ApiUrl: "What comes before /restore in a URL of the API.";
    AssetsBucketName: "Name of the bucket of the viewer assets.";
    AuthorizerFunctionArn: "ARN of the authorizer function; absent where the environment shares the platform's.";
    AuthorizerFunctionName: "Name of the authorizer function; absent where the environment shares the platform's.";
    DistributionDomainName: "Domain that serves the viewer assets.";
    DistributionId: "Id of the distribution.";
    KeyGroupId: "Id of the key group; absent as long as there is no signing key.";
    RestoreDeadLetterQueueUrl: "URL of the dead-letter queue of the restore queue.";
    RestoreFunctionArn: "ARN of the restore function.";
    RestoreFunctionName: "Name of the restore function.";
    RestoreQueueUrl: "URL of the restore queue.";
}

impl fmt::Display for OutputName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
