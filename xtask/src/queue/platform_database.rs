//! The platform's database, as far as an operator reaches it.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use sqlx::postgres::{PgPool, PgPoolOptions};
use stack::Environment;

use crate::stack_file::StackFile;

/// Enough for a tunnel.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The option that names the platform's database.
#[derive(Args)]
pub(super) struct DatabaseArgument {
    /// URL of the platform's database, reached for example through a tunnel. The local stack knows its own.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl DatabaseArgument {
    /// Connects; none where nobody has told where the database is. That of an environment on AWS lies in its network.
    pub(super) async fn connect(&self, environment: &Environment) -> Result<Option<PgPool>> {
        let is_local = environment.name.as_str() == ::local::ENVIRONMENT;
        let url = match &self.database_url {
            // The local stack's own, whatever a shell has been set up for.
            _ if is_local => StackFile::read_running()?.database_url,
            Some(url) => url.clone(),
            None => return Ok(None),
        };
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIME);
        // The driver's own words do not repeat the URL, which has a password.
        let pool = options.connect(&url).await.context("cannot connect to the platform's database")?;
        Ok(Some(pool))
    }
}
