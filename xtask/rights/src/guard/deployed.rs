//! The policies that are deployed now.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::forward::Upstream;
use crate::denial::Denial;
use crate::policies::{Policies, Stored};

/// The resource of the shim with all policies.
const PATH: &str = "/_local/policies";
/// How old the policies may be. IAM itself takes seconds:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>.
const FRESH: Duration = Duration::from_millis(500);

/// Policies as the emulator stores them, read again from time to time.
#[derive(Debug)]
pub(super) struct DeployedPolicies {
    upstream: Upstream,
    known: Mutex<Option<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    /// Nothing if something may have changed.
    read_at: Option<Instant>,
    text: Bytes,
    policies: Arc<Policies>,
}

impl DeployedPolicies {
    pub(super) fn new(upstream: Upstream) -> Self {
        Self { upstream, known: Mutex::default() }
    }

    /// Returns the policies.
    pub(super) async fn current(&self) -> Result<Arc<Policies>, Denial> {
        let known = self.cached();
        if let Some(Known { read_at: Some(read_at), policies, .. }) = &known
            && read_at.elapsed() < FRESH
        {
            return Ok(Arc::clone(policies));
        }
        let read_at = Some(Instant::now());
        let text = self.upstream.get(PATH).await?;
        let policies = match known {
            Some(known) if known.text == text => known.policies,
            _ => Arc::new(parse(&text)?),
        };
        let known = Known { read_at, text, policies: Arc::clone(&policies) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(policies)
    }

    /// Reads them again for the next request.
    pub(super) fn forget(&self) {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            known.read_at = None;
        }
    }

    /// Returns the policies that were read last, if they were read.
    pub(super) fn known(&self) -> Option<Arc<Policies>> {
        self.cached().map(|known| known.policies)
    }

    fn cached(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn parse(text: &[u8]) -> Result<Policies, Denial> {
    let stored: Stored = serde_json::from_slice(text)
        .map_err(|error| Denial::Unavailable(format!("its policies cannot be read: {error}")))?;
    Ok(Policies::new(&stored))
}
