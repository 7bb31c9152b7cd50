//! Determines why a message became a dead letter, as far as possible without the function's log.

use openapi::ReceivedRestoreMessage;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Row};

use super::dead_letters::DeadLetter;

/// The rows of packages, if the platform's database is available.
pub struct Rows<'a>(pub Option<&'a PgPool>);

impl Rows<'_> {
    /// Describes why the restore function could not process a message.
    pub async fn reason(&self, letter: &DeadLetter) -> String {
        let message = match &letter.content {
            Err(error) => return error.to_string(),
            Ok(message) => message,
        };
        let Some(pool) = self.0 else {
            return "in the log of the restore function, under the message's id".to_owned();
        };
        match state_of(pool, message).await {
            Ok(Some(state)) => state_reason(&state).to_owned(),
            Ok(None) => "there is no such package in this dataset".to_owned(),
            // 42P01 means that a table does not exist.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => {
                "there is no such organization".to_owned()
            }
            Err(error) => format!("its row cannot be read: {error}"),
        }
    }
}

async fn state_of(pool: &PgPool, message: &ReceivedRestoreMessage) -> sqlx::Result<Option<String>> {
    // This is safe because the schema's name is an integer.
    let sql = AssertSqlSafe(format!(
        r#"SELECT state FROM "{}".packages WHERE id = $1 AND dataset_id = $2 AND node_id = $3"#,
        message.org_id
    ));
    let query = sqlx::query(sql)
        .bind(message.package.id.0)
        .bind(message.dataset_id.0)
        .bind(message.package.node_id.as_str());
    query.fetch_optional(pool).await?.map(|row| row.try_get(0)).transpose()
}

/// Describes what the state of the package means for its message.
fn state_reason(state: &str) -> &'static str {
    match state {
        "RESTORING" => {
            "the package is still RESTORING: each attempt failed; search the log for the message's id"
        }
        "READY" => "the package is READY: only its delete records may be left, or the message came twice",
        _ => "the package is no longer being restored: it was deleted or changed",
    }
}
