//! Replays the statements of a function without the function.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use faults::trial::Trial;
use faults::{Statement, Value};
use local_stack::postgres::Postgres;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Resets the packages, executes the statements with the same values, and returns the duration.
///
/// The time that `psql` takes to start and connect is subtracted.
pub(super) async fn run(trial: &Trial, postgres: &Postgres, statements: &[Statement]) -> Result<Duration> {
    let reset = trial.sql(
        "UPDATE {schema}.packages SET name = '__DELETED__' || node_id || '_' || name,
         state = CASE WHEN parent_id IS NULL THEN 'RESTORING' ELSE 'DELETED' END",
    );
    sqlx::raw_sql(reset).execute(&trial.database).await?;
    let script = script_of(statements)?;
    let nothing = psql(postgres, "SELECT 1;\n").await?;
    Ok(psql(postgres, &script).await?.saturating_sub(nothing))
}

fn script_of(statements: &[Statement]) -> Result<String> {
    let mut script = String::new();
    for (number, statement) in statements.iter().enumerate() {
        let Prepared { prepare, execute } = Prepared::new(statement, &format!("s{number}"))?;
        writeln!(script, "{prepare};\n{execute};")?;
    }
    Ok(script)
}

/// A statement with its values, as two commands: the second one can be repeated.
pub(super) struct Prepared {
    /// The command that prepares it. It is empty for a statement without values, which may be several commands.
    pub(super) prepare: String,
    /// The command that executes it.
    pub(super) execute: String,
}

impl Prepared {
    /// Returns the commands, with a name for the prepared statement.
    pub(super) fn new(statement: &Statement, name: &str) -> Result<Self> {
        let text = statement.text.trim_end_matches(';');
        if statement.values.is_empty() {
            return Ok(Self { prepare: String::new(), execute: text.to_owned() });
        }
        let values: Option<Vec<String>> = statement.values.iter().map(Value::literal).collect();
        let values = values.with_context(|| format!("a value of this is of no known type: {text}"))?;
        let execute = format!("EXECUTE {name} ({})", values.join(", "));
        Ok(Self { prepare: format!("PREPARE {name} AS {text}"), execute })
    }
}

async fn psql(postgres: &Postgres, script: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null", "--file", "-"])
        .env("PGHOST", postgres.host())
        .env("PGPORT", postgres.port().to_string())
        .env("PGUSER", postgres.user())
        .env("PGPASSWORD", postgres.password().expose())
        .env("PGDATABASE", postgres.database())
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("psql cannot be started; it comes with PostgreSQL's client programs")?;
    let mut input = child.stdin.take().context("psql has no input")?;
    input.write_all(script.as_bytes()).await.context("psql does not read its script")?;
    drop(input);
    let status = child.wait().await.context("psql cannot be waited for")?;
    if !status.success() {
        bail!("psql failed ({status}); what it says is above");
    }
    Ok(start.elapsed())
}
