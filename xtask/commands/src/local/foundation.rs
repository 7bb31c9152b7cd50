//! The base of the local stack: PostgreSQL, the AWS emulator, and the platform around the service.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use command_line::environment;
use command_line::terminal::Step;
use deploy::connection::Connection;
use local_stack::demo::{self, DemoData, DemoTargets};
use local_stack::emulator::Emulator;
use local_stack::platform::{self, PlatformResources};
use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use machine::python::{MINISTACK, POSTGRESQL};
use machine::workspace;
use rights::identity::Credentials;
use sqlx::postgres::{PgPool, PgPoolOptions};
use stack::Environment;

use operator::connect::connect_to_emulator;

/// Not PostgreSQL's default port, which another server on this machine often uses.
const POSTGRES_PORT: u16 = 5433;

/// The processes of the base.
pub(crate) struct Foundation {
    pub(crate) emulator: Emulator,
    pub(crate) postgres: Postgres,
    /// Connects to the platform's database.
    pub(super) pool: PgPool,
}

impl Foundation {
    /// Starts both processes concurrently. `aws_port` is the port of AWS, if that is not the emulator itself.
    pub(crate) async fn start(directory: &StateDirectory, aws_port: Option<u16>, data: Data) -> Result<Self> {
        let (emulator, postgres) =
            tokio::try_join!(start_emulator(directory, aws_port, data), start_postgres(directory, data))?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect(&postgres.url())
            .await
            .context("PostgreSQL accepts no connection")?;
        Ok(Self { emulator, postgres, pool })
    }

    /// Creates the schema, table, and bucket for trials of the restore function.
    pub(crate) async fn prepare_trials(&self) -> Result<()> {
        let connection = self.connect_directly(&environment::load(local_stack::ENVIRONMENT)?).await?;
        let sqs = connection.sqs();
        let dynamodb = aws_sdk_dynamodb::Client::new(&connection.configuration);
        let s3 = connection.s3();
        let resources = Box::pin(platform::create_resources(&sqs, &dynamodb, &s3));
        tokio::try_join!(resources, Box::pin(platform::create_schema(&self.pool, &[])))?;
        Ok(())
    }

    /// Connects to the emulator as the inside of AWS, where nothing is checked.
    pub(crate) async fn connect_directly(&self, environment: &Environment) -> Result<Connection> {
        let credentials = Credentials::of_emulator().into();
        connect_to_emulator(environment, &self.emulator.endpoint_url(), credentials).await
    }

    /// Creates what exists on the platform before the stack is deployed.
    ///
    /// These are the schema, queue, table, bucket, and the platform parameters in the environment file.
    pub(super) async fn prepare_platform(
        &self,
        connection: &Connection,
        issuer: &IssuerUrls,
    ) -> Result<PlatformResources> {
        let step = Step::begin("platform");
        let sqs = connection.sqs();
        let dynamodb = aws_sdk_dynamodb::Client::new(&connection.configuration);
        let ssm = connection.ssm();
        let s3 = connection.s3();
        let resources = Box::pin(platform::create_resources(&sqs, &dynamodb, &s3));
        let organizations = [demo::ORGANIZATION.0];
        let schema = Box::pin(platform::create_schema(&self.pool, &organizations));
        let (resources, ()) = tokio::try_join!(resources, schema)?;
        let parameters = BTreeMap::from([
            ("/local/platform/jobs-queue-url".to_owned(), resources.jobs_queue_url.clone()),
            ("/local/platform/jobs-queue-arn".to_owned(), resources.jobs_queue_arn.clone()),
            ("/local/platform/token-issuer".to_owned(), issuer.issuer.clone()),
            ("/local/platform/token-jwks-url".to_owned(), issuer.jwks_url.clone()),
        ]);
        platform::put_platform_parameters(&ssm, &parameters).await?;
        step.done("database schema, jobs queue, delete records, storage bucket");
        Ok(resources)
    }

    /// Loads the demo data, or finds the data kept by an earlier run.
    pub(super) async fn load_demo_data(
        &self,
        connection: &Connection,
        assets_bucket: &str,
        platform: &PlatformResources,
    ) -> Result<DemoData> {
        let step = Step::begin("demo data");
        let demo = demo::load(&DemoTargets {
            pool: &self.pool,
            s3: &connection.s3(),
            dynamodb: &aws_sdk_dynamodb::Client::new(&connection.configuration),
            storage_bucket: &platform.storage_bucket,
            assets_bucket,
            delete_record_table: &platform.delete_record_table,
        })
        .await?;
        step.done(format!("organization {}, dataset {}", demo.organization_id, demo.dataset_id));
        Ok(demo)
    }

    /// Waits until one of the processes ends unexpectedly.
    pub(super) async fn exited(&self) -> anyhow::Error {
        tokio::select! {
            error = self.emulator.exited() => error.into(),
            error = self.postgres.exited() => error.into(),
        }
    }

    pub(crate) async fn stop(self) {
        self.pool.close().await;
        tokio::join!(self.emulator.stop(), self.postgres.stop());
    }
}

/// The URLs of the token issuer.
pub(super) struct IssuerUrls {
    pub(super) issuer: String,
    pub(super) jwks_url: String,
}

async fn start_emulator(directory: &StateDirectory, aws_port: Option<u16>, data: Data) -> Result<Emulator> {
    let tools = workspace::tools();
    let installation = if let Some(installation) = MINISTACK.find(&tools).await {
        installation
    } else {
        let step = Step::begin("install emulator");
        let installation = MINISTACK.install(directory, &tools).await?;
        step.done(format!("MiniStack {}, once", MINISTACK.version()));
        installation
    };
    let step = Step::begin("AWS emulator");
    let emulator = Emulator::start(directory, &installation, aws_port, data).await?;
    step.done(emulator.endpoint_url());
    Ok(emulator)
}

async fn start_postgres(directory: &StateDirectory, data: Data) -> Result<Postgres> {
    let tools = workspace::tools();
    let server = if let Some(server) = Server::find(&tools).await? {
        server
    } else {
        let step = Step::begin("install PostgreSQL");
        let server = Server::find_or_install(directory, &tools).await?;
        step.done(format!("{} {}, once", POSTGRESQL.package, POSTGRESQL.version()));
        server
    };
    let step = Step::begin("PostgreSQL");
    let postgres = Postgres::start(directory, server, Some(POSTGRES_PORT), data).await?;
    step.done(format!("{}:{}", postgres.host(), postgres.port()));
    Ok(postgres)
}
