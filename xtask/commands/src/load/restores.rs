//! Deletes the demo file again after each restore, as the platform deletes it.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client as DynamoDb;
use command_line::environment;
use deploy::connection::Connection;
use local_stack::StackFile;
use local_stack::demo::{self, DemoTargets};
use local_stack::platform::DELETE_RECORD_TABLE;
use operator::connect::connect_to_emulator;
use serde::Serialize;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

/// How long a restore may take until its file is live.
const LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(200);

/// How many restores succeeded. Requests that arrive while the file is not deleted are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Restores {
    /// The file was live again, and was deleted again.
    pub(super) completed: u64,
    /// The file was not live in time.
    pub(super) not_completed: u64,
}

/// The demo file and where it is stored.
pub(super) struct Deletion {
    stack: StackFile,
    assets_bucket: String,
    connection: Connection,
    pool: PgPool,
}

impl Deletion {
    /// Connects to the database, and to AWS as the administrator, who may delete what the platform deletes.
    pub(super) async fn connect(stack: &StackFile) -> Result<Self> {
        let credentials = stack.credentials.get("administrator");
        let credentials = credentials.context("stack.json has no credentials of administrator")?.clone();
        let environment = environment::load(local_stack::ENVIRONMENT)?;
        let connection =
            connect_to_emulator(&environment, &stack.aws_endpoint_url, credentials.into()).await?;
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(10));
        let pool = pool.connect(&stack.database_url).await.context("cannot connect to the database")?;
        let assets_bucket = stack
            .buckets
            .assets
            .clone()
            .context("no stack is deployed; run `cargo xtask deploy --env local`")?;
        Ok(Self { stack: stack.clone(), assets_bucket, connection, pool })
    }

    /// Deletes the file again after each accepted restore, until no more can come.
    pub(super) async fn follow(self, mut accepted: mpsc::Receiver<()>) -> Result<Restores> {
        let mut restores = Restores::default();
        while accepted.recv().await.is_some() {
            // A request that came during another restore has started none.
            if self.is_deleted().await? {
                continue;
            }
            if timeout(LIMIT, self.delete_restored()).await.unwrap_or(Ok(false))? {
                restores.completed += 1;
            } else {
                restores.not_completed += 1;
            }
        }
        self.pool.close().await;
        Ok(restores)
    }

    /// Waits until the restore has ended, and deletes the file. Returns false if it was not restored.
    async fn delete_restored(&self) -> Result<bool> {
        let mut ticks = interval(INTERVAL);
        loop {
            ticks.tick().await;
            if self.delete().await? {
                return Ok(true);
            }
            if self.is_deleted().await? {
                return Ok(false);
            }
        }
    }

    async fn is_deleted(&self) -> Result<bool> {
        let state = demo::state(&self.pool, &self.stack.packages.deleted_file).await?;
        Ok(state.as_deref() == Some("DELETED"))
    }

    /// Deletes the file if it is live.
    async fn delete(&self) -> Result<bool> {
        let targets = DemoTargets {
            pool: &self.pool,
            s3: &self.connection.s3(),
            dynamodb: &DynamoDb::new(&self.connection.configuration),
            storage_bucket: &self.stack.buckets.storage,
            assets_bucket: &self.assets_bucket,
            delete_record_table: DELETE_RECORD_TABLE,
        };
        Ok(demo::delete(&targets, &self.stack.packages.deleted_file).await?)
    }
}
