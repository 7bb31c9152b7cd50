//! Runs the PostgreSQL server of the local stack as a process.
//!
//! The server is the one installed on this machine, or one from a Python package. Its cluster is created for the
//! local stack, listens on 127.0.0.1 only, and requires a random password.

mod cluster;
mod private_copy;

use std::fmt;
use std::time::Duration;

use machine::directory::{Data, DirectoryError, StateDirectory};
use machine::ports;
use machine::postgres_server::Server;
use machine::process::{Service, ServiceError, StopSignal};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::timeout;

use cluster::Cluster;

const NAME: &str = "postgres";
const HOST: &str = "127.0.0.1";
const USER: &str = "postgres";
/// The name of the platform's database.
const DATABASE: &str = "pennsieve_postgres";
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const READY_LIMIT: Duration = Duration::from_secs(30);

/// A password, whose `Debug` output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Returns the password: 32 hexadecimal digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// The running server.
///
/// Dropping it kills the process; [`Postgres::stop`] shuts it down cleanly.
#[derive(Debug)]
pub struct Postgres {
    service: Service,
    // Must come after `service`, because fields are dropped in order.
    cluster: Cluster,
    port: u16,
}

/// The reason why the server is not running.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// This process runs as root, which PostgreSQL rejects, and no other account is available to run it.
    #[error(
        "PostgreSQL does not run as root, and there is no user postgres or nobody; run the command as another \
         user"
    )]
    Root,
    /// No port is free, no random numbers are available, or the file system returned an error.
    #[error("cannot prepare PostgreSQL: {0}")]
    Prepare(#[from] std::io::Error),
    /// The state directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The server failed, or the creation of its cluster.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The server runs, but its database could not be created.
    #[error("cannot create the database {DATABASE}: {0}")]
    Create(#[from] sqlx::Error),
}

impl Postgres {
    /// Starts the server, on its usual port if that is free, and waits until it accepts connections.
    ///
    /// Creates a cluster unless one was kept.
    pub async fn start(
        directory: &StateDirectory,
        server: Server,
        usual_port: Option<u16>,
        data: Data,
    ) -> Result<Self, PostgresError> {
        let cluster = Cluster::prepare(directory, server, data).await?;
        let port = ports::free_port(usual_port).await?;
        let (service, port) = match serve(directory, &cluster, port).await {
            Err(error) if ports::was_lost(port, &error).await => {
                let port = ports::free_port(None).await?;
                (serve(directory, &cluster, port).await?, port)
            }
            outcome => (outcome?, port),
        };
        let postgres = Self { service, cluster, port };
        postgres.create_database().await?;
        postgres.cluster.complete(directory).await?;
        Ok(postgres)
    }

    /// Returns the address on which it listens.
    pub fn host(&self) -> &'static str {
        HOST
    }

    /// Returns the port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the name of the superuser.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// Returns the password of the superuser.
    pub fn password(&self) -> &Password {
        self.cluster.password()
    }

    /// Returns the name of the database.
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// Returns the connection URL, including the password.
    pub fn url(&self) -> String {
        format!("postgres://{USER}:{}@{}:{}/{DATABASE}", self.password().expose(), self.host(), self.port)
    }

    /// Returns the process.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until the process ends unexpectedly.
    pub async fn exited(&self) -> ServiceError {
        self.service.exited().await
    }

    /// Stops the server, even if clients are connected, and removes its data unless it is kept.
    pub async fn stop(self) {
        self.service.stop().await;
    }

    /// Creates the database unless it exists in a kept cluster.
    async fn create_database(&self) -> Result<(), sqlx::Error> {
        let mut connection = connect(self.port, self.password()).await?;
        let exists = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(DATABASE);
        if exists.fetch_optional(&mut connection).await?.is_none() {
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {DATABASE}"));
            sqlx::raw_sql(create).execute(&mut connection).await?;
        }
        connection.close().await
    }
}

/// Starts the server and waits until it accepts our password.
///
/// Another server on the port would reject the password.
async fn serve(directory: &StateDirectory, cluster: &Cluster, port: u16) -> Result<Service, ServiceError> {
    let service =
        Service::start(directory, NAME, cluster.server_command(port), StopSignal::Interrupt).await?;
    let connected = async || timeout(CONNECT_LIMIT, connect(port, cluster.password())).await;
    service.ready(READY_LIMIT, async || connected().await.is_ok_and(|connection| connection.is_ok())).await?;
    Ok(service)
}

/// Connects to the default database of the cluster.
async fn connect(port: u16, password: &Password) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .host(HOST)
        .port(port)
        .username(USER)
        .password(password.expose())
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        .connect()
        .await
}
