//! The time as AWS tells it.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use aws_sdk_ssm::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ssm::error::BoxError;
use chrono::{DateTime, Utc};

/// Reads the time off the answers of a client, whichever the service. When a key may go, and when a lock is stale, is
/// judged by this clock, which all machines share: one that is an hour fast must not remove a key under URLs that are
/// still good.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Option<DateTime<Utc>>>>);

impl Clock {
    /// The time of the last answer, to the second.
    pub fn now(&self) -> Result<DateTime<Utc>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .context("could not read the time from a response of AWS")
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(DateTime::parse_from_rfc2822);
        if let Some(Ok(time)) = date {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(time.to_utc());
        }
        Ok(())
    }
}
