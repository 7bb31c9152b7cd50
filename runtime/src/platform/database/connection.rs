//! Connections that are kept open between requests.
//!
//! They replace the pool of sqlx, which pings the server whenever a connection is returned: another round
//! trip for every request, in the background after the response, during which Lambda freezes the function.
//! Here a connection is kept only if its user keeps it. One that is dropped discards all others that were
//! opened before, because a failover, a shutdown or a changed schema affects all of them.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sqlx::PgConnection;

/// How long a connection is kept.
///
/// The wall clock continues while the function is frozen, so connections that the server has closed meanwhile
/// are discarded.
const LIFE: Duration = Duration::from_mins(10);

/// The connections that are not in use.
#[derive(Default)]
pub(super) struct IdleConnections {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Increases when connections are discarded.
    ///
    /// Connections of an earlier generation are not kept.
    generation: u64,
    connections: Vec<Opened>,
}

struct Opened {
    connection: PgConnection,
    at: SystemTime,
}

/// A connection in use.
///
/// Dropping it closes it and discards all that were opened before.
pub(super) struct Connection {
    opened: Opened,
    was_kept: bool,
    lease: Lease,
}

struct Lease {
    idle: Arc<IdleConnections>,
    generation: u64,
    is_returned: bool,
}

impl IdleConnections {
    /// Returns a kept connection.
    pub(super) fn take(self: &Arc<Self>, now: SystemTime) -> Option<Connection> {
        let mut state = self.state();
        // After the clock was set back, the age of a connection is unknown.
        state.connections.retain(|opened| now.duration_since(opened.at).is_ok_and(|age| age < LIFE));
        let opened = state.connections.pop()?;
        Some(Connection { opened, was_kept: true, lease: self.lease(&state) })
    }

    /// Wraps a connection that was just opened.
    pub(super) fn opened(self: &Arc<Self>, connection: PgConnection, at: SystemTime) -> Connection {
        let lease = self.lease(&self.state());
        Connection { opened: Opened { connection, at }, was_kept: false, lease }
    }

    fn lease(self: &Arc<Self>, state: &State) -> Lease {
        Lease { idle: Arc::clone(self), generation: state.generation, is_returned: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Returns whether the connection was kept open, and so may have broken unnoticed.
    pub(super) fn was_kept(&self) -> bool {
        self.was_kept
    }

    /// Keeps the connection for the next use.
    pub(super) fn keep(self) {
        let Self { opened, mut lease, .. } = self;
        lease.is_returned = true;
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
        if self.is_returned {
            return;
        }
        let mut state = self.idle.state();
        if state.generation == self.generation {
            state.generation += 1;
            state.connections.clear();
        }
    }
}
