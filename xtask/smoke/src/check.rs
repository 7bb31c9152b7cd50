//! Checks and their results.

use serde::Serialize;

/// A program that reads assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// The service's API, asked by this program.
    Api,
    /// curl.
    Curl,
    /// DuckDB with its extension `httpfs`.
    DuckDb,
    /// pyarrow with fsspec.
    PyArrow,
    /// zarr-python with fsspec.
    Zarr,
    /// A page in Chromium.
    Chromium,
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Api => "API",
            Self::Curl => "curl",
            Self::DuckDb => "DuckDB",
            Self::PyArrow => "pyarrow",
            Self::Zarr => "zarr-python",
            Self::Chromium => "Chromium",
        })
    }
}

/// A rule that a client depends on, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The client.
    pub client: Client,
    /// The rule, in the present tense.
    pub rule: &'static str,
    /// Whether it holds.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum CheckResult {
    /// The rule holds.
    Passed {
        /// What was found.
        found: String,
    },
    /// The rule does not hold.
    Failed {
        /// What was found.
        found: String,
        /// What usually causes it, and what to do.
        advice: &'static str,
    },
    /// The rule was not checked.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Check {
    pub(crate) fn passed(client: Client, rule: &'static str, found: impl Into<String>) -> Self {
        Self { client, rule, result: CheckResult::Passed { found: found.into() } }
    }

    pub(crate) fn failed(
        client: Client,
        rule: &'static str,
        found: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self { client, rule, result: CheckResult::Failed { found: found.into(), advice } }
    }

    pub(crate) fn skipped(client: Client, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { client, rule, result: CheckResult::Skipped { reason: reason.into() } }
    }

    /// Passes if `holds`, and fails with an advice otherwise.
    pub(crate) fn of(
        client: Client,
        rule: &'static str,
        holds: bool,
        found: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        if holds { Self::passed(client, rule, found) } else { Self::failed(client, rule, found, advice) }
    }

    /// Returns whether the rule does not hold.
    pub fn has_failed(&self) -> bool {
        matches!(self.result, CheckResult::Failed { .. })
    }
}

/// What usually causes a failed check, and what to do.
pub(crate) mod advice {
    pub(crate) const SIGNATURE_REFUSED: &str = "the CDN does not trust the signing key, or not yet: compare `keys status` with the key group; a new key reaches all edges within minutes";
    pub(crate) const MISSING_IS_FORBIDDEN: &str = "the bucket policy does not allow the distribution s3:ListBucket, so a viewer takes each missing chunk for an expired signature: run `drift --repair`";
    pub(crate) const SIGNATURE_NOT_CHECKED: &str =
        "the behavior trusts no key group, so anybody can read the assets: run `drift --repair`";
    pub(crate) const NO_RANGES: &str = "something between the client and the bucket drops the header Range or Content-Range: look at the behaviors of the distribution with `drift`";
    pub(crate) const NO_RESPONSE: &str = "there was no response: check that the name of the host resolves and that nothing between this machine and the service, such as a proxy, ends the connection; then run the command again";
    pub(crate) const CDN_CORS: &str = "the response headers policy of the distribution has no CORS for this, or is not attached to the behavior: run `drift --repair`";
    pub(crate) const API_CORS: &str = "the API allows other origins than the environment file (cors_origins): deploy the file, or run `drift --repair` if the API was changed by hand";
    pub(crate) const PRESIGN: &str = "the api function may not read the bucket, or the bucket is in another region than its name says: see `logs --errors`";
    pub(crate) const LIBRARY: &str = "if a check of curl above failed too, fix that first; otherwise the library reads the URL in another way than curl: see its section in docs/viewers.md";
}
