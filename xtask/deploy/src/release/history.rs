//! The deployments of all releases, from which follow the deployed release and the way back.
//!
//! The stack does not name its release: a tag on a stack is copied to its resources, so a new one would change all of
//! them, and metadata is part of the template. The records of the deployments tell which release is deployed when
//! several have the deployed template.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DeploymentRecord, Release, TemplateHash};

/// All releases of an environment with their deployments.
pub struct History {
    releases: Vec<Release>,
}

impl History {
    /// Creates the history of these releases.
    pub fn new(releases: Vec<Release>) -> Self {
        Self { releases }
    }

    /// Returns the releases in the order in which they were given.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Returns the deployed release, if a template is deployed and a release has deployed it.
    ///
    /// If several releases have the template, it is the one that was deployed last.
    pub fn deployed(&self, template: Option<&TemplateHash>) -> Option<&Release> {
        let template = template?;
        let with_template = self.releases.iter().filter(|release| release.template == *template);
        let applied = with_template.filter_map(|release| Some((times(release.last_application()?), release)));
        applied.max_by_key(|(times, _)| *times).map(|(_, release)| release)
    }

    /// Returns the releases that a rollback can go back to, the latest first.
    ///
    /// A deployment of an earlier release returns to it: the releases between are no longer part of the way back.
    /// A second rollback therefore goes further back, and not to the release that the first one left.
    pub fn way_back(&self, template: Option<&TemplateHash>) -> Vec<&Release> {
        let mut path = self.path();
        if let Some(deployed) = self.deployed(template) {
            visit(&mut path, deployed);
            path.pop();
        }
        path.retain(|release| Some(&release.template) != template);
        path.reverse();
        path
    }

    /// Returns the release that was last deployed, even if a later deployment failed.
    pub fn last_applied(&self) -> Option<&Release> {
        self.path().pop()
    }

    /// Returns the deployed releases in order, without those that a return to an earlier release left.
    fn path(&self) -> Vec<&Release> {
        let mut applications = Vec::new();
        for release in &self.releases {
            let ended = release.deployments.iter().filter_map(|record| {
                let ending = record.ending.as_ref()?;
                ending.outcome.changed_the_stack().then_some((times(record), release))
            });
            applications.extend(ended);
        }
        applications.sort_by_key(|(times, _)| *times);
        let mut path = Vec::new();
        for (_, release) in applications {
            visit(&mut path, release);
        }
        path
    }
}

/// Returns when a deployment started and ended, which orders deployments.
fn times(record: &DeploymentRecord) -> (DateTime<Utc>, DateTime<Utc>) {
    let end = record.ending.as_ref().map_or(DateTime::<Utc>::MAX_UTC, |ending| ending.at);
    (record.started_at, end)
}

/// Returns the time to record next: now, or a later one within the second of the last record.
///
/// AWS tells whole seconds, and a deployment without changes takes less. Their times order deployments.
pub(super) fn next_time<'a>(
    now: DateTime<Utc>,
    releases: impl IntoIterator<Item = &'a Release>,
) -> DateTime<Utc> {
    let records = releases.into_iter().flat_map(|release| &release.deployments);
    let times = records.flat_map(|record| [Some(record.started_at), record.ending.as_ref().map(|it| it.at)]);
    let last = times.flatten().max();
    last.map_or(now, |last| now.max(last + TimeDelta::milliseconds(1)))
}

/// Continues a path with a release: returns to it, or appends it.
fn visit<'a>(path: &mut Vec<&'a Release>, release: &'a Release) {
    match path.iter().position(|earlier| earlier.id == release.id) {
        Some(position) => path.truncate(position + 1),
        None => path.push(release),
    }
}

#[cfg(test)]
mod tests;
