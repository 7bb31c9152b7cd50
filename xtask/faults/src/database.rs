//! A proxy for PostgreSQL.
//!
//! It parses the messages of the protocol in both directions, as far as needed to detect when a statement is executed
//! and when its response is complete: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::ports;
use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use self::wire::{Bind, Message, Parse, Statements};
use super::tally::CallInProgress;
use super::{Fate, Faults, Moment, Service};

/// A proxy for PostgreSQL, on 127.0.0.1. Dropping it stops it and closes all its connections.
///
/// Clients must not request TLS.
pub struct DatabaseProxy {
    port: u16,
    server: JoinHandle<()>,
}

impl DatabaseProxy {
    /// Starts a proxy for the server at this port of 127.0.0.1.
    pub async fn start(upstream: u16, faults: Arc<Faults>) -> io::Result<Self> {
        let listener = ports::bind(None).await?;
        let port = listener.local_addr()?.port();
        let upstream = SocketAddr::from(([127, 0, 0, 1], upstream));
        let server = tokio::spawn(accept(listener, upstream, faults));
        Ok(Self { port, server })
    }

    /// Returns the port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for DatabaseProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, faults: Arc<Faults>) {
    // Dropping the set closes all connections.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(serve(client, upstream, Arc::clone(&faults)));
    }
}

/// State that both directions of a connection share.
struct Connection {
    faults: Arc<Faults>,
    /// Statements whose response is not complete.
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    calls_in_progress: Vec<CallInProgress>,
    /// The fault for the next response, if it must not arrive.
    loss: Option<Loss>,
}

#[derive(Clone, Copy)]
enum Loss {
    Cut,
    Stop,
}

impl Connection {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a connection until either end closes it or a fault breaks it, then closes both ends.
async fn serve(client: TcpStream, upstream: SocketAddr, faults: Arc<Faults>) -> io::Result<()> {
    let server = TcpStream::connect(upstream).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let connection = Connection { faults, open: Mutex::default() };
    tokio::select! {
        ended = forward_questions(&connection, from_client, to_server) => ended,
        ended = forward_answers(&connection, from_server, to_client) => ended,
    }
}

async fn forward_questions(
    connection: &Connection,
    client: OwnedReadHalf,
    server: OwnedWriteHalf,
) -> io::Result<()> {
    let (mut client, mut server) = (BufReader::new(client), BufWriter::new(server));
    let faults = &connection.faults;
    let mut statements = Statements::default();
    let mut message = Message::read_startup(&mut client).await?;
    loop {
        match message.kind() {
            b'P' => statements.prepare(Parse::from_body(message.body())?),
            b'B' => statements.bind(Bind::from_body(message.body())?),
            b'E' => execute(connection, statements.bound()?).await?,
            b'Q' => execute(connection, wire::simple_query(message.body())?).await?,
            _ => {}
        }
        server.write_all(message.bytes()).await?;
        if message.expects_response() {
            let delay = faults.begin_round_trip();
            if !delay.is_zero() {
                // The timer of the asynchronous runtime is exact to a millisecond only.
                tokio::task::spawn_blocking(move || std::thread::sleep(delay))
                    .await
                    .map_err(io::Error::other)?;
            }
            server.flush().await?;
        }
        if message.is_termination() {
            server.flush().await?;
        }
        message = Message::read(&mut client).await?;
    }
}

/// Counts a statement and applies its fault. An error breaks the connection.
async fn execute(connection: &Connection, statement: super::Statement) -> io::Result<()> {
    let faults = &connection.faults;
    let (fate, call_in_progress) = faults.decide(Service::Database, &statement.text).await;
    faults.record(|| statement);
    let mut loss = None;
    match fate {
        Fate::Forward => {}
        Fate::Delay(delay) => tokio::time::sleep(delay).await,
        Fate::Cut(Moment::After) => loss = Some(Loss::Cut),
        Fate::Stop(Moment::After) => loss = Some(Loss::Stop),
        Fate::Stop(Moment::Before) => {
            faults.stop().await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Fate::Cut(Moment::Before) | Fate::Throttle | Fate::Deny | Fate::Unavailable | Fate::Partly => {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
    let mut open = connection.open();
    open.calls_in_progress.push(call_in_progress);
    open.loss = open.loss.or(loss);
    Ok(())
}

async fn forward_answers(
    connection: &Connection,
    server: OwnedReadHalf,
    client: OwnedWriteHalf,
) -> io::Result<()> {
    let (mut server, mut client) = (BufReader::new(server), BufWriter::new(client));
    loop {
        let message = Message::read(&mut server).await?;
        let is_complete = message.is_ready_for_query();
        let loss = connection.open().loss;
        match loss {
            // The statement is completely executed only when the server is ready for the next one.
            Some(Loss::Cut) if is_complete => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Loss::Stop) if is_complete => {
                connection.faults.stop().await;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Some(_) => continue,
            None => client.write_all(message.bytes()).await?,
        }
        if is_complete {
            connection.open().calls_in_progress.clear();
        }
        if server.buffer().is_empty() {
            client.flush().await?;
        }
    }
}
