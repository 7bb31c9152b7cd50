//! The status as text: a line for each part, with a mark that does not depend on color.

use chrono::{DateTime, TimeDelta, Utc};
use command_line::terminal::{Palette, printable};
use deploy::command_for;
use deploy::status::{
    Alarms, Certificate, Deployed, DeployedRelease, Deployment, Distribution, Mark, Part, Restores,
    SigningKey, Status, Traffic,
};
use deploy::time_span::format_span;

use crate::metrics::quantity;

/// Where the second and further lines of a part begin: below its text.
const INDENTATION: &str = "\n                ";

/// Returns the status as text.
pub(super) fn to_text(status: &Status, palette: Palette, now: DateTime<Utc>) -> String {
    let Status { environment, stack, account, deployment, lock, deployed } = status;
    let text = Text { environment, palette, now };
    let mut lines = vec![
        format!("  {:<14}{stack} in account {account}", "stack"),
        text.line("status", deployment, of_deployment),
    ];
    if let Some(deployed) = deployed {
        lines.extend(text.deployed(deployed));
    }
    match lock.value() {
        Some(lock) => lines.extend(lock.holder.iter().map(|holder| {
            let since = format_time(holder.since);
            format!("  {:<14}{} by {} since {since}", "under way", holder.action, holder.by)
        })),
        None => lines.push(text.line("under way", lock, |_| String::new())),
    }
    lines.join("\n")
}

struct Text<'a> {
    environment: &'a str,
    palette: Palette,
    now: DateTime<Utc>,
}

impl Text<'_> {
    fn line<T>(&self, name: &str, part: &Part<T>, describe: impl Fn(&T) -> String) -> String {
        let mark = match part.mark() {
            Mark::Ok => self.palette.paint("✓", "32"),
            Mark::Attention => self.palette.paint("!", "1;31"),
            Mark::Unknown => self.palette.paint("?", "33"),
        };
        let text = match part {
            Part::Known { value, .. } => describe(value),
            Part::Unknown { error, .. } => format!("unknown: {}", printable(error)),
        };
        format!("{mark} {name:<14}{text}")
    }

    fn deployed(&self, deployed: &Deployed) -> Vec<String> {
        let mut lines = vec![
            self.line("deployed", &deployed.release, of_release),
            self.line("alarms", &deployed.alarms, |it| self.alarms(it)),
            self.line("requests", &deployed.traffic, of_traffic),
            self.line("restores", &deployed.restores, |it| self.restores(it)),
            self.line("signing key", &deployed.signing_key, |it| self.signing_key(it)),
            self.line("distribution", &deployed.distribution, of_distribution),
        ];
        lines.extend(
            deployed.certificate.iter().map(|it| self.line("certificate", it, |it| self.certificate(it))),
        );
        lines
    }

    fn alarms(&self, alarms: &Alarms) -> String {
        let all = alarms.alarms.len();
        let active: Vec<String> = alarms
            .active()
            .map(|alarm| {
                let since = alarm.since.map(|since| {
                    format!(" since {} ({})", format_time(since), format_span(self.now - since))
                });
                let runbook = alarm.runbook.as_deref().unwrap_or_default();
                format!("{INDENTATION}{}{}  {runbook}", alarm.name, since.unwrap_or_default())
            })
            .collect();
        if active.is_empty() {
            return format!("none of {all} active");
        }
        format!("{} of {all} active{}", active.len(), active.concat())
    }

    fn restores(&self, restores: &Restores) -> String {
        let Restores { waiting, in_flight, oldest_seconds, dead_letters } = restores;
        let oldest =
            oldest_seconds.map(|age| format!(", the oldest {}", format_span(TimeDelta::seconds(age))));
        let dead_letters = match dead_letters {
            0 => "no dead letters".to_owned(),
            _ => format!("{dead_letters} dead letters: {}", command_for(self.environment, "queue status")),
        };
        format!("{waiting} waiting, {in_flight} in flight{}, {dead_letters}", oldest.unwrap_or_default())
    }

    fn signing_key(&self, key: &SigningKey) -> String {
        let Some(active) = &key.active else {
            return format!("none: {}", command_for(self.environment, "deploy"));
        };
        let age = format_span(TimeDelta::seconds(active.age_seconds));
        let due = active.rotation_due.format("%Y-%m-%d");
        if active.is_due {
            let rotate = command_for(self.environment, "keys rotate");
            format!("{}, {age} old, rotation was due {due}: {rotate}", active.fingerprint)
        } else {
            format!("{}, {age} old, rotation due {due}", active.fingerprint)
        }
    }

    fn certificate(&self, certificate: &Certificate) -> String {
        let expiry = certificate.expires_at.map(|at| {
            let date = at.format("%Y-%m-%d");
            if at > self.now {
                format!(", expires {date} (in {})", format_span(at - self.now))
            } else {
                format!(", expired {date}")
            }
        });
        format!("{} {}{}", certificate.domain, certificate.status, expiry.unwrap_or_default())
    }
}

fn of_deployment(deployment: &Deployment) -> String {
    let condition = deployment.condition.as_deref().unwrap_or("not deployed");
    let since = deployment.changed_at.map(|at| format!(" since {}", format_time(at)));
    format!("{condition}{}", since.unwrap_or_default())
}

fn of_release(deployed: &DeployedRelease) -> String {
    match &deployed.release {
        Some(release) if release.is_verified() => release.description(),
        Some(release) => format!("{}; not verified", release.description()),
        None => "unknown release".to_owned(),
    }
}

fn of_traffic(traffic: &Traffic) -> String {
    let Traffic { requests, failed_percent, latency_p50, latency_p99 } = traffic;
    let mut parts = vec![format!("{} in the last hour", quantity(*requests, "Count"))];
    parts.extend(failed_percent.map(|share| format!("{} failed", quantity(share, "Percent"))));
    for (name, latency) in [("p50", latency_p50), ("p99", latency_p99)] {
        parts.extend(latency.map(|latency| format!("{name} {}", quantity(latency, "Milliseconds"))));
    }
    parts.join(", ")
}

fn of_distribution(distribution: &Distribution) -> String {
    let Distribution { id, domain, status, .. } = distribution;
    format!("{id} {domain} ({status})")
}

fn format_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests;
