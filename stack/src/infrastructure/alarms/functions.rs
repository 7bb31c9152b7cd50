//! Alarms on the functions.

use openapi::telemetry;

use super::builder::{Alarms, Definition, Notification, Text};
use super::measures::{FIVE_MINUTES, maximum, sum};
use crate::cloudformation::{Comparison, Number};
use crate::function_name::FunctionName;
use crate::infrastructure::{function, restore_function};

pub(super) fn add(alarms: &mut Alarms<'_>) {
    for &function in alarms.context.environment.functions() {
        add_errors(alarms, function);
        add_throttles(alarms, function);
    }
    alarms.add(Definition {
        id: "RestoreDurationAlarm",
        text: Text {
            name: "restore-duration",
            meaning: "A restore took four fifths of the time that the function has; a larger folder may not finish.",
            command: "logs --since 1h --function restore",
            then: "it shows the duration of each restore and its phases.",
        },
        notification: Notification::RestoreHealth,
        measure: maximum(alarms.function_metric(FunctionName::Restore, "Duration"), FIVE_MINUTES),
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        threshold: u64::from(restore_function::TIMEOUT_SECONDS) * 1000 * 4 / 5,
        periods: Number::of::<1>(),
    });
    let left_deleted = alarms.own_metric(FunctionName::Restore, telemetry::Metric::PACKAGES_LEFT_DELETED);
    alarms.add(Definition {
        id: "LeftDeletedAlarm",
        text: Text {
            name: "restore-left-deleted",
            meaning: "Packages could not be restored and stay DELETED; no retry changes that.",
            command: "logs --errors --since 1h --function restore",
            then: "it names each package and the reason.",
        },
        notification: Notification::Own,
        measure: sum(left_deleted, FIVE_MINUTES),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<1>(),
    });
}

fn add_errors(alarms: &mut Alarms<'_>, function: FunctionName) {
    let id = format!("{}ErrorsAlarm", function::logical_id(function));
    alarms.add(Definition {
        id: &id,
        text: Text {
            name: &format!("{function}-errors"),
            meaning: &format!("The {function} function failed or ran out of time."),
            command: &format!("logs --errors --since 1h --function {function}"),
            then: "it shows why.",
        },
        notification: health_of(function),
        measure: sum(alarms.function_metric(function, "Errors"), FIVE_MINUTES),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<1>(),
    });
    alarms.guards_deployments(&id);
}

fn add_throttles(alarms: &mut Alarms<'_>, function: FunctionName) {
    alarms.add(Definition {
        id: &format!("{}ThrottlesAlarm", function::logical_id(function)),
        text: Text {
            name: &format!("{function}-throttles"),
            meaning: &format!(
                "Lambda throttles the {function} function: the concurrency of the account is used up."
            ),
            command: "status",
            then: "it shows which other functions are throttled; then look for the function that uses the \
                   concurrency.",
        },
        notification: health_of(function),
        measure: sum(alarms.function_metric(function, "Throttles"), FIVE_MINUTES),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<1>(),
    });
}

const fn health_of(function: FunctionName) -> Notification {
    match function {
        FunctionName::Api | FunctionName::Authorizer => Notification::ApiHealth,
        FunctionName::Restore => Notification::RestoreHealth,
    }
}
