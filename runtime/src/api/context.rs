//! What the endpoints share.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::error::ApiError;
use crate::configuration::{ApiSettings, CdnSettings};
use crate::key_source::LoadedKey;
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;
use crate::platform::http_client::HttpClient;
use crate::telemetry::{self, Telemetry};

/// The settings and connections of the API function.
///
/// Building it opens no connection and calls no service.
pub struct ApiContext {
    pub(super) settings: ApiSettings,
    pub(super) aws: Arc<Aws>,
    pub(super) database: Database,
    pub(super) http: HttpClient,
    pub(super) telemetry: Telemetry,
    key: OnceCell<LoadedKey>,
}

impl ApiContext {
    /// Creates the context for these settings.
    pub fn new(settings: ApiSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForRequests));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        let telemetry = Telemetry::new(&settings.common.telemetry);
        Self { settings, aws, database, http: HttpClient::default(), telemetry, key: OnceCell::new() }
    }

    /// Returns the signing key, which is loaded once per container.
    ///
    /// After a failure, the next request loads it again.
    pub(super) async fn key(&self, cdn: &CdnSettings) -> Result<&LoadedKey, ApiError> {
        let load =
            async || telemetry::step("load the signing key", cdn.key.load(&self.aws.ssm().await)).await;
        Ok(self.key.get_or_try_init(load).await?)
    }
}
