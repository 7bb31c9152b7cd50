//! Runs the restore function in a test environment, for the end-to-end tests and the benchmark.
//!
//! A trial runs the real binary with its own deleted data, and injects [`Faults`] into its calls to the database and
//! to AWS. It has its own organization, and therefore its own schema, and its own jobs queue. It shares the table,
//! the bucket, the database server and the emulator with everything else that uses them.

mod dataset;
mod end_state;
mod function;
mod objects;
mod queue;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use lambda::pool::{BootstrapError, InvokeError};
use lambda::surroundings;
use local_stack::emulator;
use local_stack::platform::{self, PlatformError};
use openapi::variables as names;
use rights::identity::Credentials;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Row};

pub use self::dataset::{Dataset, Object, Package, Record};
pub use self::end_state::{EndState, Event, PackageState};
use self::function::Function;
pub use self::queue::Delivery;
use crate::{AwsProxy, DatabaseProxy, Faults};

/// The services and files that a trial uses.
#[derive(Clone, Debug)]
pub struct Place {
    /// URL of the platform's database on this machine, with the schema `pennsieve`.
    pub database_url: String,
    /// URL of the emulator, with the platform's table and bucket.
    pub aws_endpoint_url: String,
    /// Credentials for AWS that may do everything.
    pub credentials: Credentials,
    /// The binary of the restore function.
    pub bootstrap: PathBuf,
    /// Directory for the function's files, which no other trial uses.
    pub directory: PathBuf,
    /// Log level of the function.
    pub log_level: &'static str,
}

/// A restore function with its own organization and proxies.
pub struct Trial {
    /// The faults of the function's calls.
    pub faults: Arc<Faults>,
    /// Connections to the database that bypass the proxy.
    pub database: PgPool,
    /// Id of the organization.
    pub organization: i32,
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    jobs_queue_url: String,
    restore_queue_url: String,
    function: Function,
    next_package: AtomicI32,
    _proxies: (AwsProxy, DatabaseProxy),
}

/// The reason why a trial could not run.
///
/// Errors of the function are results, not errors of the trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The database rejected a statement of the trial.
    #[error("the database refused a statement of the trial: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be created.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The emulator rejected a request of the trial.
    #[error("the emulator refused {what}: {source}")]
    Aws {
        /// The operation.
        what: &'static str,
        /// The error of the SDK.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file or a port was not available.
    #[error("the trial cannot be prepared: {0}")]
    Io(#[from] std::io::Error),
    /// The URL of the database is invalid.
    #[error("the URL of the database cannot be used")]
    DatabaseUrl,
    /// The function could not be unpacked.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The function could not be zipped.
    #[error("the function cannot be zipped: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The function could not be invoked.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The function crashed or returned an invalid response.
    #[error("the function answered: {0}")]
    Response(String),
}

impl TrialError {
    fn aws(what: &'static str) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Aws { what, source }
    }
}

impl Trial {
    /// Creates an organization and starts the proxies.
    ///
    /// The function starts with its first invocation.
    pub async fn prepare(place: &Place) -> Result<Self, TrialError> {
        let url: url::Url = place.database_url.parse().map_err(|_| TrialError::DatabaseUrl)?;
        let port = url.port().ok_or(TrialError::DatabaseUrl)?;
        // On the heap, because the futures of a connection and of an SDK client are large.
        let options = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(30));
        let database = Box::pin(options.connect(&place.database_url)).await?;
        let organization: i32 = sqlx::query_scalar(
            "INSERT INTO pennsieve.organizations (name, encryption_key_id) VALUES ('Trial', 'NO_ENCRYPTION_KEY')
             RETURNING id",
        )
        .fetch_one(&database)
        .await?;
        platform::create_schema(&database, &[organization]).await?;

        let configuration = Box::pin(aws_configuration(&place.aws_endpoint_url, &place.credentials)).await;
        let s3 = aws_sdk_s3::config::Builder::from(&configuration).force_path_style(true).build();
        let sqs = aws_sdk_sqs::Client::new(&configuration);
        let jobs_queue_url = queue::create(&sqs, format!("trial-jobs-{organization}")).await?;
        let restore_queue_url = queue::create(&sqs, format!("trial-restore-{organization}")).await?;

        let faults = Faults::new();
        let aws_proxy =
            AwsProxy::start(&place.aws_endpoint_url, [place.credentials.clone()], Arc::clone(&faults))
                .await?;
        let database_proxy = DatabaseProxy::start(port, Arc::clone(&faults)).await?;
        let mut behind_proxy = url.clone();
        behind_proxy.set_port(Some(database_proxy.port())).map_err(|()| TrialError::DatabaseUrl)?;
        // The restore function signs no URLs and needs no distribution.
        let mut variables = surroundings(aws_proxy.url(), "", &behind_proxy);
        let of_function = [
            (names::ENV, local_stack::ENVIRONMENT),
            (names::DELETE_RECORD_DYNAMODB_TABLE_NAME, platform::DELETE_RECORD_TABLE),
            (names::JOBS_QUEUE_ID, &jobs_queue_url),
            (names::RESTORE_PACKAGE_QUEUE_URL, &restore_queue_url),
            (names::LOG_LEVEL, place.log_level),
        ];
        variables.extend(of_function.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let function = Function::new(place, variables).await?;
        Ok(Self {
            faults,
            database,
            organization,
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb: aws_sdk_dynamodb::Client::new(&configuration),
            sqs,
            jobs_queue_url,
            restore_queue_url,
            function,
            next_package: AtomicI32::new(1),
            _proxies: (aws_proxy, database_proxy),
        })
    }

    /// Creates a dataset with these packages.
    pub async fn dataset(&self, packages: &[Package]) -> Result<Dataset, TrialError> {
        let create = self.sql(
            "INSERT INTO {schema}.datasets (node_id, name, state, status_id)
             SELECT 'N:dataset:' || gen_random_uuid(), gen_random_uuid(), 'READY', min(id) FROM {schema}.dataset_status
             RETURNING id",
        );
        let id: i32 = sqlx::query_scalar(create).fetch_one(&self.database).await?;
        let count = i32::try_from(packages.len()).map_err(std::io::Error::other)?;
        let first = self.next_package.fetch_add(count, Ordering::Relaxed);
        let dataset = Dataset::new(self.organization, id, first);
        let markers = objects::create_objects(self, &dataset, packages).await?;
        dataset.insert_rows(self, packages).await?;
        objects::put_records(self, &dataset, packages, &markers).await?;
        Ok(dataset)
    }

    /// Uploads live objects with these keys in a dataset, which belong to no package.
    pub async fn put_live_objects(
        &self,
        dataset: &Dataset,
        keys: impl Iterator<Item = String>,
    ) -> Result<(), TrialError> {
        objects::put_live(self, dataset, keys).await
    }

    /// Replaces the delete record of a package by that of a later deletion, which names another version.
    pub async fn replace_record(
        &self,
        dataset: &Dataset,
        position: usize,
        object: &Object,
    ) -> Result<(), TrialError> {
        objects::replace_record(self, dataset, position, object).await
    }

    /// Invokes the function with a batch of messages and returns the ids of those that failed.
    pub async fn invoke(&self, messages: &[Delivery]) -> Result<Vec<String>, TrialError> {
        self.function.invoke(messages).await
    }

    /// Invokes the function until all calls are stopped, then kills it like `kill -9`.
    ///
    /// Returns true if the function was killed, and false if it responded before.
    pub async fn invoke_and_kill(&self, messages: &[Delivery]) -> Result<bool, TrialError> {
        tokio::select! {
            response = self.function.invoke(messages) => response.map(|_| false),
            () = self.faults.stopped() => {
                self.function.kill().await;
                Ok(true)
            }
        }
    }

    /// Returns the peak resident memory of the running function, in bytes.
    pub async fn peak_memory(&self) -> Result<u64, TrialError> {
        Ok(self.function.peak_memory().await?)
    }

    /// Returns the log of all processes of the function.
    pub async fn log(&self) -> Result<String, TrialError> {
        Ok(self.function.log().await?)
    }

    /// Returns the storage counter of the organization.
    pub async fn organization_storage(&self) -> Result<i64, TrialError> {
        let sql = "SELECT size FROM pennsieve.organization_storage WHERE organization_id = $1";
        let row = sqlx::query(sql).bind(self.organization).fetch_optional(&self.database).await?;
        let size = row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?;
        Ok(size.flatten().unwrap_or(0))
    }

    /// Stops the function.
    pub async fn end(self) {
        self.function.end().await;
        self.database.close().await;
    }

    /// Replaces `{schema}` in a statement with the schema of the organization.
    pub fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        // Safe: the only inserted value is an integer.
        AssertSqlSafe(text.replace("{schema}", &format!("\"{}\"", self.organization)))
    }
}

async fn aws_configuration(endpoint: &str, credentials: &Credentials) -> aws_config::SdkConfig {
    let credentials = aws_sdk_s3::config::Credentials::from(credentials.clone());
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_mins(1)).build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(emulator::REGION))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard())
        .load()
        .await
}
