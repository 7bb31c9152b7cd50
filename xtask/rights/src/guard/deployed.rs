//! The policies that are deployed now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::forward::Upstream;
use crate::denial::Denial;
use crate::policies::{Policies, Stored};

/// The path at which the shim serves all policies.
const PATH: &str = "/_local/policies";
/// How old the policies may be while CloudFormation changes resources. IAM itself takes seconds:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>.
const WHILE_CHANGING: Duration = Duration::from_millis(500);
/// How old they may be otherwise. Changes normally go through the guard; this limit covers those that do not.
const OTHERWISE: Duration = Duration::from_secs(30);
/// How long CloudFormation may take to change a resource after it asked the guard.
const SETTLING: Duration = Duration::from_secs(10);

/// Policies as the emulator stores them, read again when they may have changed.
#[derive(Debug)]
pub(super) struct DeployedPolicies {
    upstream: Upstream,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    /// When the last change was announced.
    changing: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Known {
    /// None after a change.
    read_at: Option<Instant>,
    text: Bytes,
    policies: Arc<Policies>,
}

impl DeployedPolicies {
    pub(super) fn new(upstream: Upstream) -> Self {
        Self { upstream, state: Mutex::default() }
    }

    /// Returns the policies.
    pub(super) async fn current(&self) -> Result<Arc<Policies>, Denial> {
        let known = {
            let state = self.state();
            match &state.known {
                Some(known) if state.is_current(known, Instant::now()) => {
                    return Ok(Arc::clone(&known.policies));
                }
                known => known.clone(),
            }
        };
        let read_at = Some(Instant::now());
        let text = self.upstream.get(PATH).await?;
        let policies = match known {
            Some(known) if known.text == text => known.policies,
            _ => Arc::new(parse(&text)?),
        };
        self.state().known = Some(Known { read_at, text, policies: Arc::clone(&policies) });
        Ok(policies)
    }

    /// Records a change: the policies are read again for the next request, and more often for a while.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.changing = Some(Instant::now());
        if let Some(known) = &mut state.known {
            known.read_at = None;
        }
    }

    /// Announces a change: the policies are read more often for a while.
    pub(super) fn may_change(&self) {
        self.state().changing = Some(Instant::now());
    }

    /// Returns the policies that were read last; none before the first request.
    pub(super) fn known(&self) -> Option<Arc<Policies>> {
        self.state().known.as_ref().map(|known| Arc::clone(&known.policies))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_current(&self, known: &Known, now: Instant) -> bool {
        let is_changing = self.changing.is_some_and(|changing| now.duration_since(changing) < SETTLING);
        let limit = if is_changing { WHILE_CHANGING } else { OTHERWISE };
        known.read_at.is_some_and(|read_at| now.duration_since(read_at) < limit)
    }
}

fn parse(text: &[u8]) -> Result<Policies, Denial> {
    let stored: Stored = serde_json::from_slice(text)
        .map_err(|error| Denial::Unavailable(format!("its policies cannot be read: {error}")))?;
    Ok(Policies::new(&stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_again_when_they_may_have_changed() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let is_current = |read_at: Option<u64>, changing: Option<u64>, now| {
            let read_at = read_at.map(after);
            let known = Known { read_at, text: Bytes::new(), policies: Arc::default() };
            State { known: None, changing: changing.map(after) }.is_current(&known, after(now))
        };
        assert!(is_current(Some(0), None, 29_000));
        assert!(!is_current(Some(0), None, 31_000));
        assert!(is_current(Some(1_000), Some(1_000), 1_400));
        assert!(!is_current(Some(1_000), Some(1_000), 1_600));
        assert!(is_current(Some(10_000), Some(1_000), 11_500), "settled");
        assert!(!is_current(None, None, 0), "changed");
    }
}
