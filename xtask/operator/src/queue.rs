//! `cargo xtask queue`: inspects and repairs the restore queue.
//!
//! This covers its dead letters, and packages without a message.

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use command_line::{EnvironmentArgument, Outcome, layout, output, terminal};
use deploy::connection::Connection;
use deploy::queue::{
    DeadLetter, DeadLetters, Queues, Rows, connect_to_platform_database, missing_messages, send,
};
use deploy::{Consent, command_for, require_confirmation};
use sqlx::PgPool;
use stack::Environment;

use crate::connect::connect;

/// Commands about the restore queue.
#[derive(Subcommand)]
pub enum Command {
    /// Show the number of messages, and each dead letter with its package and reason.
    Status(StatusArguments),
    /// Move the dead letters back to the restore queue.
    Redrive(RedriveArguments),
    /// Send messages for packages that have been RESTORING for too long and have no message.
    Repair(RepairArguments),
}

/// Options of `queue status`.
#[derive(Args)]
pub struct StatusArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    #[command(flatten)]
    database: DatabaseArgument,
}

/// Options of `queue redrive`.
#[derive(Args)]
pub struct RedriveArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Do not ask before the dead letters are moved.
    #[arg(long)]
    yes: bool,
}

/// Options of `queue repair`.
#[derive(Args)]
pub struct RepairArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    #[command(flatten)]
    database: DatabaseArgument,
    /// Do not ask before the messages are sent.
    #[arg(long)]
    yes: bool,
}

/// The option that names the platform's database.
#[derive(Args)]
struct DatabaseArgument {
    /// URL of the platform's database, for example of a tunnel; not needed for the local stack.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl DatabaseArgument {
    /// Connects to the database, or returns `None` without a URL.
    ///
    /// The database of an environment on AWS is reachable only from its own network.
    async fn connect(&self, connection: &Connection) -> Result<Option<PgPool>> {
        // The database of the local stack takes precedence over the environment variable.
        let local = connection.local.as_ref().map(|local| local.database_url.as_str());
        match local.or(self.database_url.as_deref()) {
            Some(url) => connect_to_platform_database(url).await.map(Some),
            None => Ok(None),
        }
    }
}

pub(crate) async fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Status(arguments) => status(&arguments.environment.load()?, &arguments.database).await?,
        Command::Repair(arguments) => {
            repair(&arguments.environment.load()?, &arguments.database, arguments.yes).await?;
        }
        Command::Redrive(arguments) => redrive(&arguments.environment.load()?, arguments.yes).await?,
    }
    Ok(Outcome::Done)
}

async fn status(environment: &Environment, database: &DatabaseArgument) -> Result<()> {
    let connection = connect(environment).await?;
    let queues = Queues::find(environment, &connection).await?;
    let mut table = layout::table(["QUEUE", "WAITING", "IN FLIGHT", "OLDEST"]);
    for (name, url) in [("restore", &queues.restore), ("dead letters", &queues.dead_letters)] {
        let depth = queues.depth(url).await?;
        let oldest = match queues.age_of_oldest(url).await? {
            _ if depth.waiting + depth.in_flight == 0 => String::new(),
            Some(age) => in_one_unit(age),
            None => "not in CloudWatch yet".to_owned(),
        };
        let [waiting, in_flight] = [depth.waiting, depth.in_flight].map(|count| count.to_string());
        table.add_row([name.to_owned(), waiting, in_flight, oldest]);
    }
    output::print(&table)?;

    let letters = DeadLetters::new(&queues).peek().await?;
    let pool = database.connect(&connection).await?;
    if let Some(pool) = &pool {
        let stuck = missing_messages(pool, &letters).await?.len();
        output::print(format_args!("\n{stuck} packages are RESTORING without a message"))?;
        if stuck > 0 {
            terminal::say(format!(
                "  To send messages for them, run {}",
                command_for(&environment.name, "queue repair")
            ));
        }
    } else {
        terminal::say(
            "\n  Packages that are RESTORING without a message were not counted: pass --database-url, or set DATABASE_URL.",
        );
    }
    show_letters(environment, &letters, &Rows(pool.as_ref())).await
}

async fn show_letters(environment: &Environment, letters: &[DeadLetter], rows: &Rows<'_>) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let now = Utc::now();
    let mut table = layout::table(["SENT", "AGE", "RECEIVED", "DATASET", "PACKAGE", "MESSAGE", "REASON"]);
    for letter in letters {
        let (dataset, package) = dataset_and_package(letter);
        table.add_row([
            letter.sent.map_or("?".to_owned(), |sent| sent.format("%Y-%m-%d %H:%M").to_string()),
            letter.sent.map_or("?".to_owned(), |sent| age(sent, now)),
            format!("{} times", letter.receives),
            dataset,
            package,
            letter.message_id.clone(),
            rows.reason(letter).await,
        ]);
    }
    output::print(format_args!("\n{table}"))?;
    let oldest = letters.iter().filter_map(|letter| letter.sent).min();
    if let Some(oldest) = oldest {
        terminal::say(format!("\n  the oldest was sent {} ago", age(oldest, now)));
    }
    let redrive = command_for(&environment.name, "queue redrive");
    terminal::say(format!("  Once the cause is fixed, run {redrive}"));
    Ok(())
}

async fn repair(environment: &Environment, database: &DatabaseArgument, yes: bool) -> Result<()> {
    let connection = connect(environment).await?;
    let Some(pool) = database.connect(&connection).await? else {
        bail!("the platform's database is needed: pass --database-url, or set DATABASE_URL");
    };
    let queues = Queues::find(environment, &connection).await?;
    let letters = DeadLetters::new(&queues).peek().await?;
    let messages = missing_messages(&pool, &letters).await?;
    if messages.is_empty() {
        terminal::say("No package is RESTORING without a message.");
        return Ok(());
    }
    for message in &messages {
        terminal::say(format!("  {}/{}  {}", message.org_id, message.dataset_id, message.package.node_id));
    }
    let question = format!("Send {} messages to the restore queue of {}?", messages.len(), environment.name);
    require_confirmation(Consent::from_yes_flag(yes), &question, &*connection.operator).await?;
    send(&queues, &messages).await?;
    output::print(format_args!("{} sent", messages.len()))?;
    Ok(())
}

async fn redrive(environment: &Environment, yes: bool) -> Result<()> {
    let connection = connect(environment).await?;
    let queues = Queues::find(environment, &connection).await?;
    let depth = queues.depth(&queues.dead_letters).await?;
    if depth.waiting == 0 {
        terminal::say("There are no dead letters.");
        return Ok(());
    }
    let question = format!(
        "Move about {} dead letters back to the restore queue of {}?",
        depth.waiting, environment.name
    );
    require_confirmation(Consent::from_yes_flag(yes), &question, &*connection.operator).await?;
    let outcome = DeadLetters::new(&queues).redrive().await?;
    output::print(format_args!("{} moved", outcome.moved))?;
    if outcome.left > 0 {
        terminal::say(format!(
            "  {} are not restore messages and would fail again; they were left: {} lists them",
            outcome.left,
            command_for(&environment.name, "queue status")
        ));
    }
    Ok(())
}

/// Formats the time between two moments.
fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    in_one_unit(now.signed_duration_since(since))
}

fn in_one_unit(age: TimeDelta) -> String {
    match (age.num_days(), age.num_hours(), age.num_minutes()) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (days, ..) => format!("{days} d"),
    }
}

/// Returns the dataset and the package, as far as the message contains them.
fn dataset_and_package(letter: &DeadLetter) -> (String, String) {
    match &letter.content {
        Ok(message) => {
            (format!("{}/{}", message.org_id, message.dataset_id), message.package.node_id.to_string())
        }
        Err(_) => ("?".to_owned(), "?".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::age;

    #[test]
    fn age_has_one_unit() {
        let now = Utc::now();
        let ages = [59, 61 * 60, 25 * 3600].map(|seconds| age(now - TimeDelta::seconds(seconds), now));
        assert_eq!(ages, ["0 min", "1 h", "1 d"]);
    }
}
