//! Reads the logs of the functions.

mod entry;
mod groups;
mod reader;
mod requests;

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use stack::{Environment, FunctionName};

pub use self::entry::{Content, Entry};
use self::reader::Reader;
pub use self::requests::Requests;
use crate::connection::Connection;

/// The merged log of several functions, ordered by time.
pub struct Log {
    reader: Reader,
    requests: Requests,
}

impl Log {
    /// Opens the logs of these functions, or of all, starting at this time.
    pub async fn open(
        environment: &Environment,
        connection: &Connection,
        functions: &[FunctionName],
        from: DateTime<Utc>,
    ) -> Result<Self> {
        let groups = groups::find(environment, connection, functions).await?;
        let client = connection.cloudwatch_logs();
        let reader = Reader::new(client, groups, from, Arc::clone(&connection.operator));
        Ok(Self { reader, requests: Requests::default() })
    }

    /// Returns the next line, or `None` at the end of what exists. The next call then reads again.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        self.reader.next(&mut self.requests).await
    }

    /// Returns the ID by which a line's request is identified.
    pub fn request_of<'a>(&'a self, entry: &'a Entry) -> &'a str {
        self.requests.id_of(entry)
    }
}
