//! What the functions have logged.

mod entry;
mod groups;
mod reader;
mod requests;

use std::sync::Arc;

use anyhow::Result;
use aws_sdk_cloudwatchlogs::Client;
use chrono::{DateTime, Utc};
use stack::{Environment, FunctionName};

pub use self::entry::{Content, Entry};
use self::reader::Reader;
pub use self::requests::Requests;
use crate::connection::Connection;

/// The log of several functions, by time.
pub struct Log {
    reader: Reader,
    requests: Requests,
}

impl Log {
    /// Opens the logs of these functions, or of all, from this time on.
    pub async fn open(
        environment: &Environment,
        connection: &Connection,
        functions: &[FunctionName],
        from: DateTime<Utc>,
    ) -> Result<Self> {
        let groups = groups::of(environment, connection, functions).await?;
        let client = Client::new(&connection.configuration);
        let reader = Reader::new(client, groups, from, Arc::clone(&connection.operator));
        Ok(Self { reader, requests: Requests::default() })
    }

    /// Returns the next line; none at the end of what is there, after which another look begins.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        self.reader.next(&mut self.requests).await
    }

    /// Returns the id that a line's request is known by.
    pub fn request_of<'a>(&'a self, entry: &'a Entry) -> &'a str {
        self.requests.id_of(entry)
    }
}
