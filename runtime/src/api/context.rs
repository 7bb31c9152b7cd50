//! What the endpoints share.

use std::sync::Arc;

use signing::Signer;
use tokio::sync::OnceCell;

use super::error::ApiError;
use crate::configuration::{ApiSettings, CdnSettings};
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;
use crate::platform::http_client::HttpClient;

/// The settings and connections of the API function.
///
/// Building it opens no connection and calls no service.
pub struct ApiContext {
    pub(super) settings: ApiSettings,
    pub(super) aws: Arc<Aws>,
    pub(super) database: Database,
    pub(super) http: HttpClient,
    signer: OnceCell<Signer>,
}

impl ApiContext {
    /// Creates the context for these settings.
    pub fn new(settings: ApiSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForRequests));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        Self { settings, aws, database, http: HttpClient::default(), signer: OnceCell::new() }
    }

    /// Returns the signer, which is loaded once per container.
    ///
    /// After a failure, the next request loads it again.
    pub(super) async fn signer(&self, cdn: &CdnSettings) -> Result<&Signer, ApiError> {
        let load = async || {
            let parameters = aws_sdk_ssm::Client::new(self.aws.configuration().await);
            cdn.key.load(&parameters).await.map_err(|error| ApiError::Unavailable(error.to_string()))
        };
        self.signer.get_or_try_init(load).await
    }
}
