//! The credentials of the function.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

use crate::clock;

/// Credentials that expire sooner are loaded again.
///
/// So presigned URLs are valid for a while.
const SHORTEST_REST: Duration = Duration::from_mins(5);

/// A cache of credentials until shortly before they expire.
///
/// The cache of the SDK does not return when they expire, and a URL expires with the credentials that signed
/// it.
#[derive(Debug)]
pub(super) struct KeptCredentials {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Credentials>>,
}

impl KeptCredentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, kept: Mutex::default() }
    }

    async fn current(&self) -> Result<Credentials, CredentialsError> {
        let mut kept = self.kept.lock().await;
        let now = clock::now();
        let last_for = |credentials: &Credentials, time| {
            credentials.expiry().is_none_or(|expiry| expiry.duration_since(now).is_ok_and(|rest| rest > time))
        };
        if let Some(credentials) = kept.as_ref().filter(|kept| last_for(kept, SHORTEST_REST)) {
            return Ok(credentials.clone());
        }
        match self.provider.provide_credentials().await {
            Ok(credentials) => Ok(kept.insert(credentials).clone()),
            Err(error) => kept.clone().filter(|kept| last_for(kept, Duration::ZERO)).ok_or(error),
        }
    }
}

impl ProvideCredentials for KeptCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.current())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

    use super::KeptCredentials;
    use crate::clock;

    /// Provides credentials with these lifetimes, one after the other, and then fails.
    #[derive(Debug)]
    struct Lifetimes(Vec<Option<Duration>>, AtomicUsize);

    impl ProvideCredentials for Lifetimes {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.1.fetch_add(1, Ordering::SeqCst);
            future::ProvideCredentials::ready(match self.0.get(number) {
                Some(life) => {
                    let expiry = life.map(|life| clock::now() + life);
                    Ok(Credentials::new(number.to_string(), "secret", None, expiry, "test"))
                }
                None => Err(CredentialsError::not_loaded_no_source()),
            })
        }
    }

    async fn uses(lives: &[Option<Duration>], count: usize) -> Vec<Option<String>> {
        let provider = SharedCredentialsProvider::new(Lifetimes(lives.to_vec(), AtomicUsize::new(0)));
        let kept = KeptCredentials::new(provider);
        let mut used = Vec::new();
        for _ in 0..count {
            used.push(kept.provide_credentials().await.ok().map(|used| used.access_key_id().to_owned()));
        }
        used
    }

    #[tokio::test]
    async fn credentials_are_loaded_again_only_if_they_expire_soon() {
        let (soon, late) = (Some(Duration::from_mins(4)), Some(Duration::from_mins(6)));
        let read = |numbers: &[&str]| -> Vec<Option<String>> {
            numbers.iter().map(|number| Some((*number).to_owned())).collect()
        };
        assert_eq!(uses(&[None], 3).await, read(&["0", "0", "0"]));
        assert_eq!(uses(&[soon, late], 3).await, read(&["0", "1", "1"]));
        assert_eq!(uses(&[soon], 2).await, read(&["0", "0"]), "they are still valid");
        assert_eq!(uses(&[Some(Duration::ZERO)], 2).await, [Some("0".to_owned()), None]);
    }
}
