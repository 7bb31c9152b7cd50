//! How a deployment ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredEnding", into = "StoredEnding")]
pub struct Ending {
    /// When it ended, or when it was verified.
    pub at: DateTime<Utc>,
    /// The result.
    pub outcome: Outcome,
    /// The error, if the deployment or its verification failed.
    pub reason: Option<String>,
}

/// The result of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stack was not changed to the release.
    Failed,
    /// The stack was changed to the release, and was not verified yet.
    Applied,
    /// The stack was changed to the release, and the verification failed.
    VerificationFailed,
    /// The stack was changed to the release, and the verification succeeded.
    Verified,
}

impl Outcome {
    /// Returns whether the stack was changed to the release.
    pub fn changed_the_stack(self) -> bool {
        self != Self::Failed
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Failed => "failed",
            Self::Applied => "not verified",
            Self::VerificationFailed => "verification failed",
            Self::Verified => "verified",
        })
    }
}

/// An ending as it is stored in a manifest.
///
/// Earlier versions wrote only `at` and `succeeded`, and still read the manifests of this version.
#[derive(Serialize, Deserialize)]
struct StoredEnding {
    at: DateTime<Utc>,
    succeeded: bool,
    outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<StoredEnding> for Ending {
    fn from(stored: StoredEnding) -> Self {
        let StoredEnding { at, succeeded, outcome, reason } = stored;
        // Earlier versions recorded a success before the verification.
        let unknown = if succeeded { Outcome::Applied } else { Outcome::Failed };
        Self { at, outcome: outcome.unwrap_or(unknown), reason }
    }
}

impl From<Ending> for StoredEnding {
    fn from(Ending { at, outcome, reason }: Ending) -> Self {
        Self { at, succeeded: outcome.changed_the_stack(), outcome: Some(outcome), reason }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::{Ending, Outcome};

    #[test]
    fn endings_of_earlier_versions_are_not_verified() {
        for (succeeded, outcome) in [(true, Outcome::Applied), (false, Outcome::Failed)] {
            let stored = json!({ "at": "2026-11-24T18:40:00Z", "succeeded": succeeded });
            assert_eq!(serde_json::from_value::<Ending>(stored).unwrap().outcome, outcome);
        }
    }

    #[test]
    fn ending_is_read_as_it_was_stored_and_earlier_versions_can_read_it() {
        let at = DateTime::from_timestamp(1_795_545_600, 0).unwrap();
        for (outcome, succeeded) in [
            (Outcome::Failed, false),
            (Outcome::Applied, true),
            (Outcome::VerificationFailed, true),
            (Outcome::Verified, true),
        ] {
            let ending = Ending { at, outcome, reason: Some("because".to_owned()) };
            let stored = serde_json::to_value(&ending).unwrap();
            assert_eq!(stored["succeeded"], succeeded);
            assert_eq!(serde_json::from_value::<Ending>(stored).unwrap(), ending);
        }
    }
}
