//! Alarms on the signing keys.

use openapi::telemetry;

use super::builder::{Alarms, Definition, Notification, Text};
use super::measures::{FIVE_MINUTES, HOUR, input, result, sum};
use crate::cloudformation::{Comparison, Expression, Measure, Number};
use crate::function_name::FunctionName;
use crate::signing_key::{SigningKey, SigningKeys};

/// The logical id of the alarm on the age of the newest signing key.
pub(crate) const KEY_AGE_ALARM: &str = "SigningKeyAgeAlarm";

/// The beginning of the expression for a key's age in seconds; the creation time follows.
const KEY_AGE: &str = "EPOCH(invocations) - ";
const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

pub(super) fn add_failures(alarms: &mut Alarms<'_>) {
    let failures = alarms.own_metric(FunctionName::Api, telemetry::Metric::SIGNING_FAILURES);
    alarms.add(Definition {
        id: "SigningFailuresAlarm",
        text: Text {
            name: "signing-failures",
            meaning: "Requests for a signed URL fail because the signing key cannot be loaded or used.",
            command: "logs --errors --since 1h --function api",
            then: "the cause in each line says which of the two.",
        },
        notification: Notification::ApiHealth,
        measure: sum(failures, FIVE_MINUTES),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<1>(),
    });
    alarms.guards_deployments("SigningFailuresAlarm");
}

/// The age of the newest key is computed with CloudWatch's clock, so that nothing of ours has to run:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>. `EPOCH` needs a metric only
/// for its timestamps, and has a value where the metric has none. The functions' own metric of the age has values only
/// while URLs are signed.
pub(super) fn add_age(alarms: &mut Alarms<'_>, keys: &SigningKeys) {
    let Some(created_at) = newest(keys) else { return };
    let invocations = alarms.function_metric(FunctionName::Api, "Invocations");
    let days = u64::from(alarms.context.environment.signing_key_rotation_days.get());
    alarms.add(Definition {
        id: KEY_AGE_ALARM,
        text: Text {
            name: "signing-key-age",
            meaning: &format!("No signing key is younger than {days} days."),
            command: "keys status",
            then: "unless a rotation is running, start one.",
        },
        notification: Notification::Own,
        measure: Measure::Expression(Expression {
            metrics: vec![
                input("invocations", invocations, HOUR, "Sum"),
                result("age", "Age in seconds", format!("{KEY_AGE}{created_at}")),
            ],
        }),
        comparison: Comparison::GreaterThanThreshold,
        threshold: days * SECONDS_OF_DAY,
        periods: Number::of::<1>(),
    });
}

/// Makes a deployed alarm on the age of keys watch these keys, and changes nothing else of it. Returns false where the alarm
/// has no expression with a creation time.
pub(crate) fn watch_keys(alarm: &mut serde_json::Value, keys: &SigningKeys) -> bool {
    let metrics = alarm["Properties"]["Metrics"].as_array_mut().into_iter().flatten();
    let expression = metrics
        .filter_map(|metric| metric.get_mut("Expression"))
        .find(|expression| expression.as_str().is_some_and(|text| text.starts_with(KEY_AGE)));
    let (Some(expression), Some(created_at)) = (expression, newest(keys)) else { return false };
    *expression = format!("{KEY_AGE}{created_at}").into();
    true
}

/// Returns when the newest key was created, in Unix seconds.
fn newest(keys: &SigningKeys) -> Option<u64> {
    keys.trusted().iter().map(SigningKey::created_at).max()
}
