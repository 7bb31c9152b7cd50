//! Follows the deployed stack while the local stack runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use command_line::terminal;
use edge::Edge;
use lambda::redeployment::Redeployment;
use local_stack::StackFile;
use machine::directory::StateDirectory;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::deployed::DeployedResources;
use operator::terminal::aws_error_message;

/// How often the local stack looks at what is deployed while it changes.
///
/// Each time, it sends a few small requests to the emulator.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after the last request to change something it may still change.
const SETTLING: Duration = Duration::from_secs(10);
/// How often it looks otherwise.
const IDLE_INTERVAL: Duration = Duration::from_secs(30);

/// Serves what is deployed, and describes it in `stack.json`.
pub(super) struct Follower {
    pub(super) cloudformation: aws_sdk_cloudformation::Client,
    pub(super) edge: Arc<Edge>,
    pub(super) redeployment: Redeployment,
    pub(super) directory: Arc<StateDirectory>,
    pub(super) stack_file: Arc<watch::Sender<StackFile>>,
    /// Is marked as changed when something is about to change.
    pub(super) changes: watch::Receiver<()>,
    /// Requests to serve at once what is deployed.
    pub(super) requests: mpsc::Receiver<Request>,
}

/// A request to serve at once what is deployed. The response says why it cannot be served.
pub(super) type Request = oneshot::Sender<Result<(), String>>;

impl Follower {
    /// Follows the stack until `shutdown` completes.
    ///
    /// A deployment that cannot be read or run is reported once and retried. Until it succeeds, the previous one is
    /// served.
    pub(super) async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = shutdown => {}
            () = self.follow() => {}
        }
        self.redeployment.stop().await;
    }

    async fn follow(&mut self) {
        // A problem is reported when it persists: while resources are changed or deleted, some are missing for a moment.
        // It is reported only once.
        let mut problem = Problem::default();
        let mut changed = Instant::now();
        let mut request: Option<Request> = None;
        loop {
            if self.changes.has_changed().unwrap_or_default() {
                self.changes.mark_unchanged();
                changed = Instant::now();
            }
            let current = self.apply().await.err().map(|error| format!("{error:#}"));
            if let Some(request) = request.take() {
                // The receiver may be gone.
                let _ = request.send(current.clone().map_or(Ok(()), Err));
            }
            if let Some(text) = problem.report(current) {
                let error = anyhow!("what is deployed cannot be served yet: {text}");
                terminal::warning(&error, aws_error_message);
            }
            let is_idle = changed.elapsed() >= SETTLING && problem.text.is_none();
            tokio::select! {
                Some(received) = self.requests.recv() => request = Some(received),
                Ok(()) = self.changes.changed(), if is_idle => changed = Instant::now(),
                () = sleep(if is_idle { IDLE_INTERVAL } else { INTERVAL }) => {}
            }
        }
    }

    /// Serves the current deployment.
    async fn apply(&mut self) -> Result<()> {
        let name = self.stack_file.borrow().stack_name.clone();
        let resources = DeployedResources::find(&self.cloudformation, &name).await?;
        self.edge.deploy(resources.as_ref().map(|resources| resources.distribution_id.as_str()));
        self.redeployment.apply(resources.as_ref().map(|resources| &resources.served)).await?;
        let described = describe(&self.stack_file.borrow(), resources.as_ref());
        if described != *self.stack_file.borrow() {
            self.directory.write(machine::STACK_FILE, &described.to_json()?).await?;
            self.stack_file.send_replace(described);
        }
        Ok(())
    }
}

/// The problem that the last check found.
#[derive(Default)]
struct Problem {
    text: Option<String>,
    is_reported: bool,
}

impl Problem {
    /// Returns the problem if it is the same as before, and was not reported yet.
    fn report(&mut self, current: Option<String>) -> Option<&str> {
        if current != self.text {
            *self = Self { text: current, is_reported: false };
            return None;
        }
        let is_new = !std::mem::replace(&mut self.is_reported, true);
        self.text.as_deref().filter(|_| is_new)
    }
}

/// Returns `stack.json` with the addresses and names of these resources.
fn describe(stack_file: &StackFile, resources: Option<&DeployedResources>) -> StackFile {
    let mut described = stack_file.clone();
    described.queues.restore = resources.map(|resources| resources.restore_queue_url.clone());
    described.queues.dead_letters = resources.map(|resources| resources.dead_letter_queue_url.clone());
    described.buckets.assets = resources.map(|resources| resources.assets_bucket.clone());
    described
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn persistent_problem_is_reported_once() {
        let mut problem = Problem::default();
        let mut report = |text: &str| {
            let current = (!text.is_empty()).then(|| text.to_owned());
            problem.report(current).map(str::to_owned)
        };
        let reports = ["", "a", "", "a", "a", "a", "b", "b", "", "b", "b"].map(&mut report);
        let reported: Vec<usize> = (0..reports.len()).filter(|index| reports[*index].is_some()).collect();
        assert_eq!(reported, [4, 7, 10]);
    }
}
