//! `cargo xtask lock`: shows and releases the lock of an environment.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use command_line::{EnvironmentArgument, Outcome, output, terminal};
use deploy::Consent;
use deploy::lock::{LockStatus, release};

use crate::connect::connect;

/// Commands about the lock.
#[derive(Subcommand)]
pub enum Command {
    /// Show who holds the lock, since when, and when it expires.
    Status(StatusArguments),
    /// Release the lock of a process that cannot release it itself; that process stops before its next step.
    Release(ReleaseArguments),
}

/// Options of `lock status`.
#[derive(Args)]
pub struct StatusArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Options of `lock release`.
#[derive(Args)]
pub struct ReleaseArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Why the lock is released; its holder and the next one see it.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Do not ask before the lock is released.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Status(arguments) => status(arguments).await?,
        Command::Release(arguments) => release_lock(arguments).await?,
    }
    Ok(Outcome::Done)
}

async fn status(arguments: StatusArguments) -> Result<()> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let status = LockStatus::read(&environment, &connection).await?;
    output::print(if arguments.json { serde_json::to_string_pretty(&status)? } else { to_text(&status) })?;
    Ok(())
}

async fn release_lock(arguments: ReleaseArguments) -> Result<()> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let consent = Consent::from_yes_flag(arguments.yes);
    let show = |status: &LockStatus| {
        terminal::say(format!("{}\n", to_text(status)));
        Ok(())
    };
    let released = release(&environment, &connection, arguments.reason.trim(), consent, show).await?;
    terminal::say(if released.is_some() {
        "Released. The next command that changes the environment shows the reason."
    } else {
        "There is nothing to release."
    });
    Ok(())
}

fn to_text(status: &LockStatus) -> String {
    let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let line = |name: &str, value: &str| format!("{name:<14}{}", terminal::printable(value));
    let state = match status {
        LockStatus { is_held: true, .. } => "held",
        LockStatus { holder: Some(_), .. } => "free: the last holder ended without releasing it",
        _ => "free",
    };
    let mut lines = vec![line("lock", &format!("{state} ({})", status.environment))];
    match &status.holder {
        Some(holder) => {
            lines.push(line("holder", &holder.by));
            let process = format!("{}, process {} on {}", holder.action, holder.process, holder.machine);
            lines.push(line("command", &process));
            lines.push(line("since", &time(holder.since)));
        }
        None if status.is_held => lines.push(line("holder", "could not be read")),
        None => {}
    }
    if let (Some(renewed), Some(expires)) = (status.renewed_at, status.expires_at) {
        lines.push(line("renewed", &time(renewed)));
        let unless = if status.is_held { " unless it is renewed" } else { "" };
        lines.push(line("expires", &format!("{}{unless}", time(expires))));
    }
    if let Some(release) = &status.release {
        lines.push(line("released", &time(release.released_at)));
        lines.push(line("by", &release.released_by));
        lines.push(line("reason", &release.reason));
        if let Some(holder) = &release.holder {
            lines.push(line("holder then", &format!("{} ({})", holder.by, holder.action)));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use deploy::lock::{Holder, LockStatus, Release};
    use serde_json::json;

    use super::to_text;

    fn holder() -> Holder {
        serde_json::from_value(json!({
            "by": "arn:aws:iam::123456789012:user/alice", "action": "deploy", "since": "2026-11-24T18:40:00Z",
            "machine": "desk", "boot": null, "process": 7, "renewals": 3,
        }))
        .unwrap()
    }

    #[test]
    fn status_names_the_holder_and_the_times() {
        let written = DateTime::from_timestamp(1_795_545_600, 0).unwrap();
        let mut status = LockStatus {
            environment: "dev".to_owned(),
            is_held: true,
            holder: Some(holder()),
            renewed_at: Some(written),
            expires_at: Some(written + chrono::TimeDelta::seconds(90)),
            release: None,
        };
        insta::assert_snapshot!(to_text(&status), @r"
        lock          held (dev)
        holder        arn:aws:iam::123456789012:user/alice
        command       deploy, process 7 on desk
        since         2026-11-24 18:40:00 UTC
        renewed       2026-11-24 18:40:00 UTC
        expires       2026-11-24 18:41:30 UTC unless it is renewed
        ");
        status.is_held = false;
        assert!(
            to_text(&status).starts_with("lock          free: the last holder ended without releasing it")
        );
    }

    #[test]
    fn status_of_a_released_lock_has_the_reason_on_one_line() {
        let status = LockStatus {
            environment: "dev".to_owned(),
            is_held: false,
            holder: None,
            renewed_at: None,
            expires_at: None,
            release: Some(Release {
                released_by: "arn:aws:iam::123456789012:user/bob".to_owned(),
                released_at: DateTime::from_timestamp(1_795_545_600, 0).unwrap(),
                reason: "its machine\nis lost".to_owned(),
                holder: Some(holder()),
            }),
        };
        insta::assert_snapshot!(to_text(&status), @r"
        lock          free (dev)
        released      2026-11-24 18:40:00 UTC
        by            arn:aws:iam::123456789012:user/bob
        reason        its machine\nis lost
        holder then   arn:aws:iam::123456789012:user/alice (deploy)
        ");
    }
}
