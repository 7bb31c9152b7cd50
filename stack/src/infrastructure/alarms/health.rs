//! Composite alarms, through which alarms notify that one cause makes active together.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html>

use super::builder::{Alarms, Notification, Text};

pub(super) fn add(alarms: &mut Alarms<'_>) {
    let text = Text {
        name: "api-health",
        meaning: "The API fails, is slow, or is throttled: at least one of its alarms is active.",
        command: "status",
        then: "it lists the active alarms, each with a page in the runbook.",
    };
    alarms.add_composite("ApiHealthAlarm", &text, Notification::ApiHealth);
    let text = Text {
        name: "restore-health",
        meaning: "Restores fail, are slow, or wait: at least one of their alarms is active.",
        command: "status",
        then: "it lists the active alarms, each with a page in the runbook.",
    };
    alarms.add_composite("RestoreHealthAlarm", &text, Notification::RestoreHealth);
}
