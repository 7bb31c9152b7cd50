//! The last lines of a deployment: what runs now, how long it took, where to look, and what to do next.

use std::fmt::Write as _;
use std::time::Duration;

use deploy::command_for;
use deploy::connection::{Connection, LocalStack};
use deploy::deployed_stack::Outputs;
use deploy::deployment::{Summary, TimedPhase};
use stack::{Environment, OutputName};

/// Returns the lines, each with a line break.
pub(crate) fn to_text(
    environment: &Environment,
    connection: &Connection,
    summary: &Summary,
    outputs: &Outputs,
    phases: &[(TimedPhase, Duration)],
) -> String {
    let mut text = format!("\n  {} runs release {}", environment.name, summary.release);
    let changes = &summary.changes;
    let _ = writeln!(text, "{}", if changes.is_empty() { String::new() } else { format!(": {changes}") });
    let total: Duration = phases.iter().map(|(_, duration)| *duration).sum();
    let parts: Vec<String> = phases
        .iter()
        .map(|(phase, duration)| format!("{} {:.1} s", phase.name(), duration.as_secs_f64()))
        .collect();
    let _ = writeln!(text, "  took {:.1} s: {}", total.as_secs_f64(), parts.join(", "));
    for (name, address) in addresses(environment, connection.local.as_ref(), outputs) {
        let _ = writeln!(text, "  {name:<14}{address}");
    }
    let _ = writeln!(text, "  {} shows its logs", command_for(&environment.name, "logs --follow"));
    text
}

/// Returns where to look, by name.
fn addresses(
    environment: &Environment,
    local: Option<&LocalStack>,
    outputs: &Outputs,
) -> Vec<(&'static str, String)> {
    if let Some(local) = local {
        return vec![("API", local.api_url.clone()), ("console", local.console_url.clone())];
    }
    let region = &environment.region;
    let stack = stack::stack_name(environment);
    let console = |service: &str, rest: &str| {
        format!("https://{region}.console.aws.amazon.com/{service}/home?region={region}#{rest}")
    };
    let mut addresses = Vec::new();
    let mut add = |name, output, address: &dyn Fn(&str) -> String| {
        if let Ok(value) = outputs.get(output) {
            addresses.push((name, address(value)));
        }
    };
    add("API", OutputName::ApiUrl, &str::to_owned);
    add("functions", OutputName::ApiFunctionName, &|name| {
        console("lambda", &format!("/functions/{name}?tab=monitoring"))
    });
    add("distribution", OutputName::DistributionId, &|id| {
        format!("https://console.aws.amazon.com/cloudfront/v4/home#/distributions/{id}")
    });
    addresses.extend([
        (
            "stack",
            console("cloudformation", &format!("/stacks?filteringText={stack}&filteringStatus=active")),
        ),
        ("alarms", console("cloudwatch", &format!("alarmsV2:?search={stack}"))),
        // The console encodes the parameters of this page a second time, with `$` in place of `%`.
        ("logs", console("cloudwatch", &format!("logsV2:log-groups$3FlogGroupNameFilter$3D{stack}"))),
    ]);
    addresses
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use command_line::environment;
    use deploy::deployed_stack::Outputs;
    use deploy::deployment::TimedPhase;

    use super::addresses;

    #[test]
    fn phases_and_addresses_are_for_people() {
        let dev = environment::load("dev").unwrap();
        let outputs = Outputs::from_pairs([("ApiUrl", "https://api.test"), ("DistributionId", "E1")]);
        let addresses = addresses(&dev, None, &outputs);
        let names: Vec<_> = addresses.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["API", "distribution", "stack", "alarms", "logs"]);
        assert!(addresses.iter().all(|(_, address)| address.starts_with("https://")), "{addresses:?}");
        assert_eq!(TimedPhase::Build.name(), "build");
        assert_eq!(Duration::from_secs(1).as_secs(), 1);
    }
}
