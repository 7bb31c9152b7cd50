//! Reads the logs of the functions.

mod access;
mod entry;
mod groups;
mod reader;
mod related;
mod requests;

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use stack::{Environment, FunctionName};

pub(crate) use self::access::AccessLine;
pub(crate) use self::access::find as find_access;
#[cfg(test)]
pub(crate) use self::access::testing as access_line;
pub use self::entry::{Content, Entry};
use self::reader::Reader;
pub use self::related::Subject;
pub use self::requests::Requests;
use crate::connection::Connection;

/// The lines with problems, as CloudWatch Logs finds them.
///
/// A pattern for JSON does not find other text, such as that of a panic. The report of its invocation is found.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.
const PROBLEMS: &str = r#"{ ($.level = "ERROR") || ($.level = "WARN") || ($.type = "platform.report" && $.record.status != "success") }"#;

/// Returns all lines about a request or a package since a time, in order, whatever function has logged them.
pub async fn about(
    environment: &Environment,
    connection: &Connection,
    from: DateTime<Utc>,
    subject: &Subject,
) -> Result<Vec<Entry>> {
    let groups = groups::find(environment, connection, &[]).await?;
    related::find(&connection.cloudwatch_logs(), &groups, from, subject).await
}

/// The merged log of several functions, ordered by time.
pub struct Log {
    reader: Reader,
    requests: Requests,
    only_problems: bool,
}

impl Log {
    /// Opens the logs of these functions, or of all, starting at this time: all lines, or only those with problems.
    pub async fn open(
        environment: &Environment,
        connection: &Connection,
        functions: &[FunctionName],
        from: DateTime<Utc>,
        only_problems: bool,
    ) -> Result<Self> {
        let groups = groups::find(environment, connection, functions).await?;
        let client = connection.cloudwatch_logs();
        let pattern = only_problems.then_some(PROBLEMS);
        let reader = Reader::new(client, groups, from, pattern, Arc::clone(&connection.operator));
        Ok(Self { reader, requests: Requests::default(), only_problems })
    }

    /// Returns the next line, or `None` at the end of what exists. The next call then reads again.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            match self.reader.next(&mut self.requests).await? {
                Some(entry) if self.only_problems && !entry.is_problem() => {}
                other => return Ok(other),
            }
        }
    }

    /// Returns the ID by which a line's request is identified.
    pub fn request_of<'a>(&'a self, entry: &'a Entry) -> &'a str {
        self.requests.id_of(entry)
    }
}
