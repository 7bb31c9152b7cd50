//! The PostgreSQL server of the local stack, as a process.
//!
//! The server is the one installed on this machine, or one from a Python package. Its cluster is made for the run, listens
//! on 127.0.0.1 only, and takes nothing but a random password.

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

/// A password, which shows itself only on request.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself: 32 hexadecimal digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// The running server. Dropping it kills it; [`Postgres::stop`] is the orderly way.
#[derive(Debug)]
pub struct Postgres {
    service: Service,
    // After the service, so that it is dropped after it.
    cluster: Cluster,
    port: u16,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// We are root, for whom PostgreSQL refuses to run, and there is nobody else to run it.
    #[error(
        "PostgreSQL does not run as root, and there is no user postgres or nobody; run the command as another \
         user"
    )]
    Root,
    /// No free port, no randomness, or a file system that refuses.
    #[error("cannot prepare PostgreSQL: {0}")]
    Prepare(#[from] std::io::Error),
    /// The state directory refuses.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The server, or the making of its cluster, failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The server runs, but its database could not be made.
    #[error("cannot create the database {DATABASE}: {0}")]
    Create(#[from] sqlx::Error),
}

impl Postgres {
    /// Makes a cluster where none was kept, starts the server, on its usual port if that is free, and waits until it
    /// accepts connections.
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

    /// The address it listens on.
    pub fn host(&self) -> &'static str {
        HOST
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of the superuser.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The password of the superuser.
    pub fn password(&self) -> &Password {
        self.cluster.password()
    }

    /// The name of the database.
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// All of these as a URL, password included.
    pub fn url(&self) -> String {
        format!("postgres://{USER}:{}@{}:{}/{DATABASE}", self.password().expose(), self.host(), self.port)
    }

    /// The process.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until it ends although nobody has asked it to.
    pub async fn exited(&self) -> ServiceError {
        self.service.exited().await
    }

    /// Ends it, whoever is connected, and removes its data unless that is to be kept.
    pub async fn stop(self) {
        self.service.stop().await;
    }

    /// Creates the database; a kept one is there already.
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

/// Starts the server and waits until it takes our password: another server on the port would not.
async fn serve(directory: &StateDirectory, cluster: &Cluster, port: u16) -> Result<Service, ServiceError> {
    let service =
        Service::start(directory, NAME, cluster.server_command(port), StopSignal::Interrupt).await?;
    let connected = async || timeout(CONNECT_LIMIT, connect(port, cluster.password())).await;
    service.ready(READY_LIMIT, async || connected().await.is_ok_and(|connection| connection.is_ok())).await?;
    Ok(service)
}

/// Connects to the database that every cluster has.
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
