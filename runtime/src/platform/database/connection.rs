//! Connections that are kept open between requests.
//!
//! Not sqlx's pool: when a connection is returned, the pool asks the server for a sign of life, in the background, after
//! the function has answered. That is another round trip for every request, and Lambda freezes the function in the middle
//! of it. Here a connection is kept only if its holder says so, and whatever spoils one removes all that were opened with
//! it: a failover, a shutdown or a changed schema strikes all of them at once.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sqlx::PgConnection;

/// How long a connection is kept. The clock goes on while Lambda has frozen the function, and so finds connections that
/// the server has given up meanwhile.
const LIFE: Duration = Duration::from_mins(10);

/// The connections that nobody uses now.
#[derive(Default)]
pub(super) struct IdleConnections {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Grows when connections are discarded: those in use then are not taken back.
    generation: u64,
    connections: Vec<Opened>,
}

struct Opened {
    connection: PgConnection,
    at: SystemTime,
}

/// A connection in use. Dropping it closes it, and discards all that were opened before.
pub(super) struct Connection {
    opened: Opened,
    is_warm: bool,
    lease: Lease,
}

struct Lease {
    idle: Arc<IdleConnections>,
    generation: u64,
    ended_well: bool,
}

impl IdleConnections {
    /// Takes a connection that was kept.
    pub(super) fn take(self: &Arc<Self>, now: SystemTime) -> Option<Connection> {
        let mut state = self.state();
        // A clock that was set back tells nothing of a connection's age.
        state.connections.retain(|opened| now.duration_since(opened.at).is_ok_and(|age| age < LIFE));
        let opened = state.connections.pop()?;
        Some(Connection { opened, is_warm: true, lease: self.lease(&state) })
    }

    /// A connection that has just been opened.
    pub(super) fn opened(self: &Arc<Self>, connection: PgConnection, at: SystemTime) -> Connection {
        let lease = self.lease(&self.state());
        Connection { opened: Opened { connection, at }, is_warm: false, lease }
    }

    fn lease(self: &Arc<Self>, state: &State) -> Lease {
        Lease { idle: Arc::clone(self), generation: state.generation, ended_well: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether it was open before, so that it may have broken unnoticed.
    pub(super) fn is_warm(&self) -> bool {
        self.is_warm
    }

    /// Keeps it for the next use.
    pub(super) fn keep(self) {
        let Self { opened, mut lease, .. } = self;
        lease.ended_well = true;
        let mut state = lease.idle.state();
        if state.generation == lease.generation {
            state.connections.push(opened);
        }
    }
}

impl Deref for Connection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.opened.connection
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.opened.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.ended_well {
            return;
        }
        let mut state = self.idle.state();
        if state.generation == self.generation {
            state.generation += 1;
            state.connections.clear();
        }
    }
}
