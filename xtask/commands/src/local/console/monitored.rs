//! What the console shows of metrics and alarms.

use cloudwatch::Metrics;
use local_stack::console::graphs::{ShownQueue, graphs};
use local_stack::monitoring::AlarmStatus;
use local_stack::{Queues, StackFile};
use serde_json::{Value, json};
use stack::Environment;

/// Returns the graphs of the last hour and the alarms.
pub(super) fn document(
    metrics: &Metrics,
    alarms: &[AlarmStatus],
    stack_file: &StackFile,
    environment: &Environment,
    now: i64,
) -> Value {
    let mut document = graphs(metrics, &shown(&stack_file.queues), now);
    let alarm = |alarm: &AlarmStatus| {
        let mut shown = json!(alarm);
        shown["short_name"] = json!(stack::short_name(environment, &alarm.name));
        shown
    };
    document["alarms"] = alarms.iter().map(alarm).collect();
    document
}

fn shown(queues: &Queues) -> Vec<ShownQueue<'_>> {
    [("restore queue", &queues.restore), ("dead letters", &queues.dead_letters)]
        .into_iter()
        .filter_map(|(label, url)| Some(ShownQueue { label, name: url.as_deref()?.rsplit('/').next()? }))
        .collect()
}
