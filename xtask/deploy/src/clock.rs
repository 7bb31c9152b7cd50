//! The time according to AWS.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use aws_sdk_ssm::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ssm::error::BoxError;
use chrono::{DateTime, Utc};

/// A clock that reads the time from the responses of any service.
///
/// All machines share this clock. It determines when a key may be removed and when a lock expires. With a local clock
/// that is an hour fast, a key could be removed while its URLs are still valid.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<Option<DateTime<Utc>>>>);

impl Clock {
    /// Returns the time of the last response, to the second.
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
