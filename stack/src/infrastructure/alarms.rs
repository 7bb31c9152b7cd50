//! Alarms. The description of each says what is wrong and what to do.

use openapi::{RESTORE_QUEUE_VISIBILITY_SECONDS, restore_retry_delays_seconds};

use super::context::Context;
use super::gateway::Gateway;
use super::{function, platform, restore_function};
use crate::cloudformation::{
    Alarm, Comparison, Dimension, Expression, ExpressionQuery, Measure, Metric, MetricDataQuery, MetricQuery,
    MetricStat, Number, Percentile, Period, Statistic, Template, Value,
};
use crate::function_name::FunctionName;
use crate::rollback_triggers;
use crate::signing_key::{SigningKey, SigningKeys};

/// The logical id of the alarm on the age of the newest signing key.
pub(crate) const KEY_AGE_ALARM: &str = "SigningKeyAgeAlarm";

/// The beginning of the expression for a key's age in seconds; the creation time follows.
const KEY_AGE: &str = "EPOCH(invocations) - ";

const MINUTE: Period = Period::minutes::<1>();
const FIVE_MINUTES: Period = Period::minutes::<5>();
const HOUR: Period = Period::minutes::<60>();
const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

/// The highest age of a message of the restore queue that is retried as designed: all delays between its receives, and
/// either a run of the function at each receive that takes the longest possible time, or one crash, which hides the message
/// for the visibility timeout of the queue. That timeout is as long as all these runs together.
///
/// SQS does not include a message in this metric after its third receive:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>.
/// From then on there is the alarm on dead letters, and the one on errors of a function that keeps crashing. The alarm on a
/// stuck queue reports much earlier that nothing receives.
const LONGEST_EXPLAINED_AGE: u32 = restore_retry_delays_seconds() + RESTORE_QUEUE_VISIBILITY_SECONDS;

/// How many periods of five minutes may pass without a receive. Nothing is received either while all concurrent runs restore
/// large folders, for as long as one run can take.
const STUCK_PERIODS: u32 = restore_function::TIMEOUT_SECONDS / FIVE_MINUTES.seconds() + 1;

pub(super) fn add(template: &mut Template, context: &Context<'_>, gateway: &Gateway, keys: &SigningKeys) {
    let topic = context.environment.alarm_topic.as_ref();
    let topic =
        topic.map(|it| platform::value(template, "AlarmTopicArn", "ARN of the SNS topic for alarms.", it));
    let mut alarms = Alarms { template, context, actions: topic.into_iter().collect() };
    alarms.queues();
    alarms.functions();
    alarms.api(gateway);
    alarms.signing_key_age(keys);
}

/// Makes a deployed alarm on the age of keys watch these keys, and changes nothing else of it. Returns false where the alarm
/// has no expression with a creation time.
pub(crate) fn watch_keys(alarm: &mut serde_json::Value, keys: &SigningKeys) -> bool {
    let created_at = keys.trusted().iter().map(SigningKey::created_at).max();
    let metrics = alarm["Properties"]["Metrics"].as_array_mut().into_iter().flatten();
    let expression = metrics
        .filter_map(|metric| metric.get_mut("Expression"))
        .find(|expression| expression.as_str().is_some_and(|text| text.starts_with(KEY_AGE)));
    let (Some(expression), Some(created_at)) = (expression, created_at) else { return false };
    *expression = format!("{KEY_AGE}{created_at}").into();
    true
}

/// The condition for an alarm.
struct Condition {
    measure: Measure,
    threshold: u64,
    comparison: Comparison,
    periods: Number<1, 1440>,
}

struct Alarms<'a> {
    template: &'a mut Template,
    context: &'a Context<'a>,
    actions: Vec<Value<String>>,
}

impl Alarms<'_> {
    fn queues(&mut self) {
        let queue = |name, metric_name| Metric {
            namespace: "AWS/SQS",
            metric_name,
            dimensions: vec![Dimension { name: "QueueName", value: name }],
        };
        let dead_letters = self.context.names.restore_dead_letter_queue().into();
        self.add(
            "DeadLettersAlarm",
            "restore-dead-letters",
            "Packages could not be restored. Their messages are in the dead-letter queue; the log says why.",
            Condition {
                measure: maximum(queue(dead_letters, "ApproximateNumberOfMessagesVisible"), MINUTE),
                threshold: 0,
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<1>(),
            },
        );
        let restore: Value<String> = self.context.names.restore_queue().into();
        self.add(
            "OldestMessageAlarm",
            "restore-oldest-message",
            "A package waits to be restored for longer than retries explain. See the log of the restore function.",
            Condition {
                measure: maximum(
                    queue(restore.clone(), "ApproximateAgeOfOldestMessage"),
                    FIVE_MINUTES,
                ),
                threshold: LONGEST_EXPLAINED_AGE.into(),
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<1>(),
            },
        );
        // SQS sends no value of a metric while nothing is received, which counts as zero.
        let is_stuck = "IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)".to_owned();
        self.add(
            "StuckQueueAlarm",
            "restore-queue-stuck",
            "Packages wait to be restored, and the restore function takes none. Is its event source mapping enabled?",
            Condition {
                measure: Measure::Expression(Expression {
                    metrics: vec![
                        input(
                            "waiting",
                            queue(restore.clone(), "ApproximateNumberOfMessagesVisible"),
                            FIVE_MINUTES,
                            "Minimum",
                        ),
                        input("received", queue(restore, "NumberOfMessagesReceived"), FIVE_MINUTES, "Sum"),
                        result("stuck", "Waiting, and none received", is_stuck),
                    ],
                }),
                threshold: 0,
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<STUCK_PERIODS>(),
            },
        );
    }

    fn functions(&mut self) {
        for &function in self.context.environment.functions() {
            let id = function::logical_id(function);
            self.add(
                &format!("{id}ErrorsAlarm"),
                &format!("{function}-errors"),
                &format!("The {function} function failed or ran out of time; its log group says why."),
                Condition {
                    measure: sum(self.function_metric(function, "Errors"), FIVE_MINUTES),
                    threshold: 0,
                    comparison: Comparison::GreaterThanThreshold,
                    periods: Number::of::<1>(),
                },
            );
            self.guards_deployments(&format!("{id}ErrorsAlarm"));
            self.add(
                &format!("{id}ThrottlesAlarm"),
                &format!("{function}-throttles"),
                &format!("The {function} function is throttled: the account's concurrency is used up."),
                Condition {
                    measure: sum(self.function_metric(function, "Throttles"), FIVE_MINUTES),
                    threshold: 0,
                    comparison: Comparison::GreaterThanThreshold,
                    periods: Number::of::<1>(),
                },
            );
        }
        self.add(
            "RestoreDurationAlarm",
            "restore-duration",
            "A restore took four fifths of the time it may take; a larger folder will not make it.",
            Condition {
                measure: maximum(self.function_metric(FunctionName::Restore, "Duration"), FIVE_MINUTES),
                threshold: u64::from(restore_function::TIMEOUT_SECONDS) * 1000 * 4 / 5,
                comparison: Comparison::GreaterThanOrEqualToThreshold,
                periods: Number::of::<1>(),
            },
        );
    }

    fn api(&mut self, gateway: &Gateway) {
        let metric = |metric_name| Metric {
            namespace: "AWS/ApiGateway",
            metric_name,
            dimensions: vec![Dimension { name: "ApiId", value: gateway.api.reference() }],
        };
        // One failure among a few requests is not a rate.
        let expression = "IF(requests >= 20, 100 * errors / requests, 0)".to_owned();
        self.add(
            "ApiFailureRateAlarm",
            "api-5xx",
            "More than 5 % of the API's answers are 5xx; the log has the cause under each errorId.",
            Condition {
                measure: Measure::Expression(Expression {
                    metrics: vec![
                        input("errors", metric("5xx"), FIVE_MINUTES, "Sum"),
                        input("requests", metric("Count"), FIVE_MINUTES, "Sum"),
                        result("failure_rate", "5xx in %", expression),
                    ],
                }),
                threshold: 5,
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<2>(),
            },
        );
        self.guards_deployments("ApiFailureRateAlarm");
        self.add(
            "ApiLatencyAlarm",
            "api-latency",
            "One request in a hundred takes more than five seconds. See its trace in X-Ray.",
            Condition {
                measure: Measure::Percentile(Percentile {
                    metric: metric("Latency"),
                    period: FIVE_MINUTES,
                    extended_statistic: "p99",
                }),
                threshold: 5_000,
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<3>(),
            },
        );
        self.guards_deployments("ApiLatencyAlarm");
    }

    /// The age of the newest key is computed with CloudWatch's clock, so that nothing of ours has to run:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>. `EPOCH` needs a metric only
    /// for its timestamps, and has a value where the metric has none.
    fn signing_key_age(&mut self, keys: &SigningKeys) {
        let Some(created_at) = keys.trusted().iter().map(SigningKey::created_at).max() else { return };
        let invocations = self.function_metric(FunctionName::Api, "Invocations");
        let days = u64::from(self.context.environment.signing_key_rotation_days.get());
        self.add(
            KEY_AGE_ALARM,
            "signing-key-age",
            &format!("No signing key is younger than {days} days; rotate it."),
            Condition {
                measure: Measure::Expression(Expression {
                    metrics: vec![
                        input("invocations", invocations, HOUR, "Sum"),
                        result("age", "Age in seconds", format!("{KEY_AGE}{created_at}")),
                    ],
                }),
                threshold: days * SECONDS_OF_DAY,
                comparison: Comparison::GreaterThanThreshold,
                periods: Number::of::<1>(),
            },
        );
    }

    fn function_metric(&self, function: FunctionName, metric_name: &'static str) -> Metric {
        let value = self.context.names.function(function).into();
        Metric {
            namespace: "AWS/Lambda",
            metric_name,
            dimensions: vec![Dimension { name: "FunctionName", value }],
        }
    }

    /// Lets an alarm that becomes active during a deployment roll it back.
    fn guards_deployments(&mut self, id: &str) {
        self.template.add_metadata(rollback_triggers::METADATA, id.to_owned(), "AWS::CloudWatch::Alarm");
    }

    fn add(&mut self, id: &str, name: &str, description: &str, condition: Condition) {
        self.template.add(
            id,
            Alarm {
                alarm_name: self.context.names.service_resource(name),
                alarm_description: description.to_owned(),
                alarm_actions: self.actions.clone(),
                ok_actions: self.actions.clone(),
                comparison_operator: condition.comparison,
                threshold: condition.threshold,
                evaluation_periods: condition.periods,
                treat_missing_data: "notBreaching",
                measure: condition.measure,
            },
        );
    }
}

fn sum(metric: Metric, period: Period) -> Measure {
    Measure::Statistic(Statistic { metric, period, statistic: "Sum" })
}

fn maximum(metric: Metric, period: Period) -> Measure {
    Measure::Statistic(Statistic { metric, period, statistic: "Maximum" })
}

fn input(id: &'static str, metric: Metric, period: Period, stat: &'static str) -> MetricDataQuery {
    let metric_stat = MetricStat { metric, period, stat };
    MetricDataQuery::MetricQuery(MetricQuery { id, metric_stat, return_data: false })
}

fn result(id: &'static str, label: &'static str, expression: String) -> MetricDataQuery {
    MetricDataQuery::ExpressionQuery(ExpressionQuery { id, label, expression, return_data: true })
}

#[cfg(test)]
mod tests {
    use openapi::{
        RESTORE_QUEUE_MAXIMUM_RECEIVES, RESTORE_QUEUE_VISIBILITY_SECONDS, restore_retry_delay_seconds,
    };
    use serde_json::Value as Json;

    use super::restore_function;
    use crate::infrastructure::tests::template_of;

    fn alarm(id: &str) -> Json {
        let template: Json = serde_json::from_str(&template_of("prod").to_json()).unwrap();
        template["Resources"][id]["Properties"].clone()
    }

    #[test]
    fn message_retried_as_designed_triggers_no_alarm() {
        let threshold = alarm("OldestMessageAlarm")["Threshold"].as_u64().unwrap();
        let delays = |receives: u32| (1..=receives).map(restore_retry_delay_seconds).sum::<u32>();
        let longest_runs = RESTORE_QUEUE_MAXIMUM_RECEIVES * restore_function::TIMEOUT_SECONDS;
        for age in [
            longest_runs + delays(RESTORE_QUEUE_MAXIMUM_RECEIVES),
            RESTORE_QUEUE_VISIBILITY_SECONDS + delays(RESTORE_QUEUE_MAXIMUM_RECEIVES - 1),
        ] {
            assert!(u64::from(age) <= threshold, "{age} s");
        }
        let half_a_day = 12 * 60 * 60;
        assert!(threshold < half_a_day, "a message that is never received is kept for a few days only");
    }

    #[test]
    fn queue_without_receives_triggers_an_alarm_soon_after_the_longest_run() {
        let alarm = alarm("StuckQueueAlarm");
        let query = |id: &str| {
            let metrics = alarm["Metrics"].as_array().unwrap();
            metrics.iter().find(|query| query["Id"] == id).unwrap().clone()
        };
        let seconds = alarm["EvaluationPeriods"].as_u64().unwrap()
            * query("received")["MetricStat"]["Period"].as_u64().unwrap();
        let longest_run = u64::from(restore_function::TIMEOUT_SECONDS);
        assert!((longest_run + 1..=2 * longest_run).contains(&seconds), "{seconds} s");
        assert_eq!(query("stuck")["Expression"], "IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)");
        assert_eq!(query("waiting")["MetricStat"]["Stat"], "Minimum");
    }
}
