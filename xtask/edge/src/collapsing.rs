//! Concurrent requests for the same bytes share one request to the origin.
//!
//! CloudFront pauses requests for an object that it has already requested from the origin, and responds to them with the
//! same response:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html#request-s3-traffic-spikes>.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OnceCell;

/// The requests to the origin that are in progress.
#[derive(Debug)]
pub(super) struct InProgress<K, T>(Mutex<HashMap<K, Weak<OnceCell<T>>>>);

impl<K, T> Default for InProgress<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone, T: Clone> InProgress<K, T> {
    /// Returns the result of `request`, or of an earlier one for the same key that is still in progress.
    ///
    /// If the viewer whose request is in progress leaves, one of the others sends it again.
    pub(super) async fn share(&self, key: K, request: impl Future<Output = T>) -> T {
        let turn = self.join(key);
        turn.result.get_or_init(async || request.await).await.clone()
    }

    fn join(&self, key: K) -> Turn<'_, K, T> {
        let mut requests = self.requests();
        let result = requests.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let result = Arc::default();
            requests.insert(key.clone(), Arc::downgrade(&result));
            result
        });
        Turn { all: self, key, result }
    }
}

impl<K, T> InProgress<K, T> {
    fn requests(&self) -> MutexGuard<'_, HashMap<K, Weak<OnceCell<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A viewer that waits for a result.
struct Turn<'a, K: Eq + Hash, T> {
    all: &'a InProgress<K, T>,
    key: K,
    result: Arc<OnceCell<T>>,
}

impl<K: Eq + Hash, T> Drop for Turn<'_, K, T> {
    /// The last viewer removes the request, and the next one sends another.
    fn drop(&mut self) {
        let mut requests = self.all.requests();
        drop(std::mem::take(&mut self.result));
        if requests.get(&self.key).is_some_and(|result| result.strong_count() == 0) {
            requests.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn concurrent_requests_share_one_result_and_later_ones_do_not() {
        let requests = InProgress::<&str, usize>::default();
        let (sent, gate) = (AtomicUsize::new(0), Semaphore::new(0));
        let request = async || {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            gate.acquire().await.unwrap().forget();
            number
        };
        let open = async {
            while sent.load(Ordering::Relaxed) < 2 {
                tokio::task::yield_now().await;
            }
            gate.add_permits(2);
        };
        let share = |key| requests.share(key, request());
        let (first, second, other, ()) = tokio::join!(share("a"), share("a"), share("b"), open);
        assert_eq!((first, second, other), (0, 0, 1));
        gate.add_permits(1);
        assert_eq!(share("a").await, 2);
        assert!(requests.requests().is_empty());
    }

    #[tokio::test]
    async fn another_viewer_sends_the_request_of_one_that_left() {
        let requests = InProgress::<&str, &str>::default();
        let leaving = requests.share("a", std::future::pending());
        let staying = requests.share("a", async { "result" });
        tokio::pin!(staying);
        {
            tokio::pin!(leaving);
            tokio::select! {
                biased;
                _ = &mut leaving => unreachable!("it never ends"),
                _ = &mut staying => unreachable!("it waits for the first request"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(staying.await, "result");
        assert!(requests.requests().is_empty());
    }
}
