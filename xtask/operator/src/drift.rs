//! `cargo xtask drift`: shows the resources that differ from the deployed template.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Result, bail};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output, terminal};
use deploy::drift::{self, Detection, Difference, Drifted, FalsePositive, Repair};
use deploy::live_resources::UncheckedResource;
use deploy::{Consent, command_for};
use machine::command;
use stack::Environment;

use crate::connect::connect;

/// The maximum number of characters shown of a value.
const SHOWN: usize = 100;
/// The number of characters shown before the first difference.
const BEFORE: usize = 30;

/// Options of `drift`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print JSON, for programs.
    #[arg(long, conflicts_with = "repair")]
    json: bool,
    /// Put back what the template says, after showing what differs.
    #[arg(long)]
    repair: bool,
    /// Do not ask before anything is put back.
    #[arg(long, requires = "repair")]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let detection = drift::detect(&environment, &connection).await?;
    if arguments.json {
        let mut report = serde_json::to_value(&detection.report)?;
        report["missing"] = serde_json::to_value(&detection.missing)?;
        report["attached"] = serde_json::to_value(&detection.attached)?;
        report["unchecked"] = serde_json::to_value(&detection.unchecked)?;
        output::print(serde_json::to_string_pretty(&report)?)?;
        return outcome(&detection);
    }
    let advice = if arguments.repair { Advice::Repairing } else { Advice::Repair };
    show(&environment, &detection, advice)?;
    if !arguments.repair || detection.report.is_clean() {
        return outcome(&detection);
    }
    let repair = Repair::new(&environment, &connection);
    let remaining = tokio::select! {
        remaining = repair.run(Consent::from_yes_flag(arguments.yes)) => remaining?,
        interrupted = command::interrupted() => {
            interrupted?;
            terminal::say(repair.interrupt().await);
            // The exit code that shells use for an interrupted program.
            return Ok(Outcome::Code(130));
        }
    };
    if remaining.is_clean() {
        terminal::say("Everything is as the template says.");
    } else {
        show(&environment, &remaining, Advice::ByHand)?;
    }
    outcome(&remaining)
}

fn outcome(detection: &Detection) -> Result<Outcome> {
    if let Some(reason) = &detection.incomplete {
        bail!("CloudFormation could not check some resources: {reason}");
    }
    Ok(if detection.is_clean() { Outcome::Done } else { Outcome::Differences })
}

/// What is advised about the drift that is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// To repair it.
    Repair,
    /// Nothing, because it is repaired now.
    Repairing,
    /// To correct by hand what the repair left.
    ByHand,
}

/// Prints the drift on standard output, and advice on standard error.
fn show(environment: &Environment, detection: &Detection, advice: Advice) -> Result<()> {
    let Detection { report, missing, attached, unchecked, .. } = detection;
    for drifted in &report.drifted {
        output::print(DriftText(drifted))?;
    }
    for FalsePositive { logical_id, path, link } in &report.false_positives {
        terminal::say(format!(
            "CloudFormation reports {path} of {logical_id} as changed, which is a known error: {link}"
        ));
    }
    if !report.not_checked.is_empty() {
        let kinds: BTreeSet<&str> = report.not_checked.iter().map(|it| it.kind.as_str()).collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        terminal::say(format!(
            "CloudFormation did not check resources of these types: {}.",
            kinds.join(", ")
        ));
    }
    for resource in missing {
        output::print(format_args!("{resource}  DELETED"))?;
    }
    for attached in attached {
        output::print(attached)?;
    }
    for UncheckedResource { resource, reason } in unchecked {
        terminal::say(format!("Could not look up what was added to {resource} or removed from it: {reason}"));
    }
    match advice {
        _ if report.is_clean() => {}
        Advice::Repairing => {}
        // CloudFormation compares templates, not resources:
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
        Advice::Repair => terminal::say(format!(
            "A deployment does not revert this: it changes only what differs from the previous template.\n{} puts it \
             back; or, to keep it, change the source accordingly and deploy.",
            command_for(&environment.name, "drift --repair")
        )),
        Advice::ByHand => terminal::say(
            "This could not be put back. Set it by hand to what is deployed; or, to keep it, change the \
             source accordingly and deploy.",
        ),
    }
    let is_deleted = report.drifted.iter().any(|drifted| drifted.differences.is_empty());
    if advice != Advice::Repairing && (is_deleted || !missing.is_empty()) {
        terminal::say(
            "To recreate a deleted resource, create it by hand under the same name, or deploy once without it \
             and once with it.",
        );
    }
    if !attached.is_empty() {
        terminal::say(
            "What was added, deleted, or unprotected beside the stack's own resources has to be put back by hand; or, \
             to keep it, change the source accordingly.",
        );
    }
    Ok(())
}

struct DriftText<'a>(&'a Drifted);

impl fmt::Display for DriftText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drifted { logical_id, kind, physical_id, status, differences, .. } = self.0;
        writeln!(formatter, "{logical_id}  {kind}  {status}")?;
        writeln!(formatter, "  {physical_id}")?;
        differences.iter().try_for_each(|difference| write_difference(formatter, difference))
    }
}

fn write_difference(formatter: &mut fmt::Formatter<'_>, difference: &Difference) -> fmt::Result {
    let (expected, actual) = excerpts(difference.expected.as_deref(), difference.actual.as_deref());
    writeln!(formatter, "  {}", difference.path)?;
    writeln!(formatter, "    deployed  {expected}")?;
    writeln!(formatter, "    now       {actual}")
}

/// Returns excerpts of two values that fit on one line.
///
/// A long value begins shortly before the first difference.
fn excerpts(expected: Option<&str>, actual: Option<&str>) -> (String, String) {
    let pairs = expected.unwrap_or_default().chars().zip(actual.unwrap_or_default().chars());
    let common = pairs.take_while(|(one, other)| one == other).count();
    let from = |value: &str| if value.chars().count() > SHOWN { common.saturating_sub(BEFORE) } else { 0 };
    let excerpt = |value: Option<&str>| {
        let Some(value) = value else { return "(not there)".to_owned() };
        let from = from(value);
        let shown: String = value.chars().skip(from).take(SHOWN).flat_map(in_one_line).collect();
        let cut = value.chars().count() > from + SHOWN;
        format!("{}{shown}{}", if from > 0 { "…" } else { "" }, if cut { "…" } else { "" })
    };
    (excerpt(expected), excerpt(actual))
}

fn in_one_line(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use deploy::drift::{Difference, Drifted};

    use super::{DriftText, excerpts};

    #[test]
    fn drift_is_shown_property_by_property() {
        let difference = |path: &str, expected: Option<&str>, actual: Option<&str>| Difference {
            path: path.to_owned(),
            expected: expected.map(str::to_owned),
            actual: actual.map(str::to_owned),
        };
        let drifted = Drifted {
            logical_id: "Queue".to_owned(),
            kind: "AWS::SQS::Queue".to_owned(),
            physical_id: "physical Queue".to_owned(),
            status: "MODIFIED".to_owned(),
            expected: serde_json::Value::Null,
            differences: vec![
                difference("/VisibilityTimeout", Some("900"), Some("60")),
                difference("/Tags/0", None, Some(r#"{"Key":"by","Value":"hand"}"#)),
                difference("/RedrivePolicy", Some(r#"{"maxReceiveCount":3}"#), None),
            ],
        };
        insta::assert_snapshot!(DriftText(&drifted), @r#"
        Queue  AWS::SQS::Queue  MODIFIED
          physical Queue
          /VisibilityTimeout
            deployed  900
            now       60
          /Tags/0
            deployed  (not there)
            now       {"Key":"by","Value":"hand"}
          /RedrivePolicy
            deployed  {"maxReceiveCount":3}
            now       (not there)
        "#);
    }

    #[test]
    fn excerpt_of_long_values_shows_the_difference() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(200), "b".repeat(200));
        let (expected, actual) = excerpts(Some(&long("one\n")), Some(&long("other")));
        insta::assert_snapshot!(format!("{expected}\n{actual}"), @r#"
        …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaone\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaotherbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        "#);
        assert_eq!(excerpts(Some("short"), None), ("short".to_owned(), "(not there)".to_owned()));
    }
}
