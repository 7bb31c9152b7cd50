//! Why requests are refused, and why events fail.

/// Defines the rules with their names in the log, what they mean, and what to do.
macro_rules! rules {
    ($($(#[$documentation:meta])* $rule:ident = $name:literal: $meaning:literal, $remedy:literal;)+) => {
        /// The rule that a request broke, or what made an event fail: the field `rule` of a summary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $($(#[$documentation])* $rule,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// Returns the name in the log.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }

            /// Returns what happened, for people.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$rule => $meaning,)+
                }
            }

            /// Returns what to do about it.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$rule => $remedy,)+
                }
            }
        }
    };
}

rules! {
    /// The request has no bearer token, or names no dataset.
    Identity = "identity":
        "the request has no bearer token, or names no dataset",
        "send the header `Authorization: Bearer TOKEN` and the parameter `dataset_id`";
    /// The token is not valid.
    Token = "token":
        "the token is not one of the issuer, is for another client, or has expired",
        "log in again; if new tokens are refused too, compare the environment's token issuer with that of the client";
    /// The user has no access to the dataset.
    NoAccess = "no-access":
        "the user has no role in the dataset, or the dataset does not exist",
        "check the dataset id, and the user's role in the dataset on the platform; decisions are cached for 5 minutes";
    /// The key set of the token issuer is not usable.
    KeySet = "key-set":
        "the key set of the token issuer could not be read, or does not have the key of the token",
        "check whether the function can reach the URL of the key set (network, DNS, the issuer itself)";
    /// No route has the path.
    UnknownPath = "unknown-path":
        "no route has this path",
        "compare the path with openapi/openapi.json";
    /// The route has no such method.
    MethodNotAllowed = "method-not-allowed":
        "the path has no route with this method",
        "use a method that the header `Allow` of the response lists";
    /// The claims are missing or malformed.
    Claims = "claims":
        "the claims of the authorizer are missing or malformed",
        "check which authorizer the route uses, and what it returns for this user";
    /// The role is too low.
    Role = "role":
        "the user's role in the dataset is too low for this route",
        "give the user a higher role on the platform; decisions are cached for 5 minutes";
    /// The claims are for another dataset.
    OtherDataset = "other-dataset":
        "the claims are for another dataset than the one in `dataset_id`",
        "use a token for this dataset: a callback token is for the dataset of its callback only";
    /// A parameter or the body is malformed.
    MalformedRequest = "malformed-request":
        "a parameter or the body is missing or malformed; the cause names it",
        "correct the client";
    /// The files of the package are infected.
    Infected = "infected":
        "the files of the package are infected, so they cannot be downloaded",
        "nothing; the platform has marked the package";
    /// S3 rejected the presigned URL.
    RejectedByS3 = "rejected-by-s3":
        "S3 rejected the presigned URL of the request",
        "make a new URL: its signature is wrong, its credentials are no longer valid, or its signer may not read the object";
    /// Something does not exist.
    NotFound = "not-found":
        "the package, the dataset or the object does not exist for this request: it may be deleted or in another dataset",
        "check the ids in the line; a deleted package can be restored";
    /// A variable is missing or malformed.
    NotConfigured = "not-configured":
        "an environment variable of the function is missing or malformed; the cause names it",
        "correct the environment file or the platform parameter, then deploy";
    /// The region of a bucket is unknown.
    UnknownRegion = "unknown-region":
        "the region of a bucket could not be determined",
        "check whether the bucket exists and the function may read its location";
    /// AWS or the database is not available.
    Unavailable = "unavailable":
        "AWS or the database could not be reached or used; the cause says which",
        "check the service in the cause; the function connects again by itself";
    /// The signing key cannot be loaded.
    SigningKey = "signing-key":
        "the signing key could not be loaded from the Parameter Store",
        "run `cargo xtask keys status`, then see signing-failures in docs/runbook.md";
    /// The signing key cannot sign.
    Signature = "signature":
        "the signing key could not make a signature",
        "run `cargo xtask keys status`, then rotate the key";
    /// The service has a defect.
    Defect = "defect":
        "the service has a defect",
        "report the cause and the trace; if it began with a release, roll back";
    /// The message is not one that the function reads or writes.
    MalformedMessage = "malformed-message":
        "the body of the message is not a restore message",
        "find out who sent it; it becomes a dead letter and can be deleted";
    /// The package of a message does not exist.
    NoSuchPackage = "no-such-package":
        "the package, dataset or organization of the message does not exist",
        "nothing, if it was removed from the platform; the message becomes a dead letter";
    /// The database failed.
    Database = "database":
        "the database rejected a statement or could not be reached; the cause says which",
        "check the RDS proxy and the database; the message is received again by itself";
    /// A call to AWS failed.
    Aws = "aws":
        "a call to AWS failed after its retries; the cause names it",
        "check the service in the cause; the message is received again by itself";
    /// The changelog could not be sent.
    Changelog = "changelog":
        "the changelog could not be sent to the jobs queue, so nothing was committed",
        "check the jobs queue and its policy; the message is received again by itself";
    /// S3 denies the removal of delete markers.
    Denied = "denied":
        "S3 denies the removal of every delete marker in a bucket",
        "compare the role of the restore function and the policy of the bucket (`cargo xtask drift`), then `cargo xtask queue redrive`";
    /// The time of a batch is over.
    OutOfTime = "out-of-time":
        "the restore did not end within the time of the function",
        "look at the trace for what took the time; the message is received again by itself";
}

impl Rule {
    /// Returns the rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}
