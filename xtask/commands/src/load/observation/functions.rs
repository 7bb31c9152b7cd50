//! The statistics of the functions, from the console.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use reqwest::Client;
use serde::{Deserialize, Serialize};

/// The statistics of each function.
pub(super) type Statistics = BTreeMap<String, FunctionStatistics>;

/// Reads the statistics of the functions.
pub(super) struct Functions {
    http: Client,
    url: String,
}

/// The statistics of a function since the start of the stack.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct FunctionStatistics {
    invocations: u64,
    cold_starts: u64,
    errors: u64,
    busy: usize,
    idle: usize,
}

/// What a function did during the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::load) struct FunctionUse {
    pub(in crate::load) name: String,
    pub(in crate::load) invocations: u64,
    pub(in crate::load) cold_starts: u64,
    pub(in crate::load) errors: u64,
    /// The most instances at a time.
    pub(in crate::load) instances: usize,
}

impl Functions {
    pub(super) fn new(http: Client, console_url: &str) -> Self {
        Self { http, url: format!("{console_url}/statistics.json") }
    }

    pub(super) async fn read(&self) -> Result<Statistics> {
        let response = self.http.get(&self.url).send().await.context("the console does not respond")?;
        response.json().await.context("the console returned other statistics")
    }
}

impl FunctionStatistics {
    pub(super) fn instances(&self) -> usize {
        self.busy + self.idle
    }
}

/// Returns what the functions did between two readings.
pub(super) fn functions_used(
    before: &Statistics,
    after: &Statistics,
    most_instances: &BTreeMap<String, usize>,
) -> Vec<FunctionUse> {
    let used = |(name, after): (&String, &FunctionStatistics)| {
        let before = before.get(name).copied().unwrap_or_default();
        FunctionUse {
            name: name.clone(),
            invocations: after.invocations.saturating_sub(before.invocations),
            cold_starts: after.cold_starts.saturating_sub(before.cold_starts),
            errors: after.errors.saturating_sub(before.errors),
            instances: most_instances.get(name).copied().unwrap_or_default(),
        }
    };
    after.iter().map(used).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_during_the_run_counts() {
        let read = |text| serde_json::from_str::<Statistics>(text).unwrap();
        let before =
            read(r#"{"api": {"invocations": 5, "cold_starts": 1, "errors": 1, "busy": 0, "idle": 1}}"#);
        let after = read(
            r#"{"api": {"invocations": 9, "cold_starts": 3, "errors": 1, "busy": 1, "idle": 1, "other": true},
                "restore": {"invocations": 2, "cold_starts": 1, "errors": 0, "busy": 0, "idle": 1}}"#,
        );
        let most = [("api".to_owned(), 3)].into();
        let used = functions_used(&before, &after, &most);
        let figures: Vec<_> = used
            .iter()
            .map(|it| (&*it.name, it.invocations, it.cold_starts, it.errors, it.instances))
            .collect();
        assert_eq!(figures, [("api", 4, 2, 0, 3), ("restore", 2, 1, 0, 0)]);
    }
}
