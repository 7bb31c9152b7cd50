//! Alarms and dashboards.

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::{Piece, function, pieces};
use crate::rule::Rule;
use crate::services::{is_true, items, number};
use crate::template::Resource;
use crate::violation::Violation;

const SHORT_PERIODS: &[i64] = &[10, 20, 30];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

pub(super) fn check_alarms(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudWatch::Alarm")
        .flat_map(|(id, alarm)| {
            let found =
                [check_statistic(id, alarm), check_returned_data(id, alarm), check_duration(id, alarm)];
            found.into_iter().flatten().chain(check_periods(id, alarm)).collect::<Vec<_>>()
        })
        .collect()
}

fn check_statistic(id: &str, alarm: &Resource<'_>) -> Option<Violation> {
    let is_set = |name: &str| alarm.properties.get(name).is_some();
    let is_missing = is_set("MetricName") && !is_set("Statistic") && !is_set("ExtendedStatistic");
    let message = "Must provide either Statistic or ExtendedStatistic";
    is_missing.then(|| Violation::of_property(Rule::MissingStatistic, id, "", message))
}

fn check_returned_data(id: &str, alarm: &Resource<'_>) -> Option<Violation> {
    let metrics = items(&alarm.properties["Metrics"]);
    let returned = metrics.iter().filter(|metric| metric.get("ReturnData").is_none_or(is_true)).count();
    let message = "Exactly one element of the metrics list should return data.";
    (!metrics.is_empty() && returned != 1)
        .then(|| Violation::of_property(Rule::AlarmReturnData, id, "/Metrics", message))
}

fn check_periods(id: &str, alarm: &Resource<'_>) -> Vec<Violation> {
    periods(alarm)
        .into_iter()
        .filter(|(_, period)| !SHORT_PERIODS.contains(period) && (*period <= 0 || period % 60 != 0))
        .map(|(pointer, _)| {
            let message = "Period must be 10, 20, 30 or a multiple of 60";
            Violation::of_property(Rule::AlarmPeriod, id, &pointer, message)
        })
        .collect()
}

/// An alarm evaluates a day at most, or a week if its period is an hour or longer.
fn check_duration(id: &str, alarm: &Resource<'_>) -> Option<Violation> {
    let longest = periods(alarm).into_iter().map(|(_, period)| period).max()?;
    let count = number(&alarm.properties["EvaluationPeriods"])?;
    let maximum = if longest >= HOUR { 7 * DAY } else { DAY };
    let message = "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or \
                   a week for periods of an hour or longer.";
    (longest * count > maximum)
        .then(|| Violation::of_property(Rule::AlarmPeriod, id, "/EvaluationPeriods", message))
}

fn periods(alarm: &Resource<'_>) -> Vec<(String, i64)> {
    let metrics = items(&alarm.properties["Metrics"]).iter().enumerate().flat_map(|(index, metric)| {
        [(format!("/Metrics/{index}/MetricStat/Period"), &metric["MetricStat"]["Period"])]
    });
    [("/Period".to_owned(), &alarm.properties["Period"])]
        .into_iter()
        .chain(metrics)
        .filter_map(|(pointer, period)| Some((pointer, number(period)?)))
        .collect()
}

pub(super) fn check_dashboards(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudWatch::Dashboard")
        .filter_map(|(id, dashboard)| {
            let body = text(&dashboard.properties["DashboardBody"])?;
            let is_object = serde_json::from_str::<Value>(&body).is_ok_and(|body| body.is_object());
            let message = "The field DashboardBody must be a valid JSON object";
            (!is_object).then(|| Violation::of_property(Rule::DashboardBody, id, "/DashboardBody", message))
        })
        .collect()
}

/// Returns a text in which a word replaces each name with an unknown value.
fn text(value: &Value) -> Option<String> {
    let text = match function(value) {
        Some(("Fn::Sub", text)) => text.as_str()?,
        _ => value.as_str()?,
    };
    let word = |piece| match piece {
        Piece::Text(text) => text,
        Piece::Name(_) | Piece::Literal(_) => "name",
    };
    Some(pieces(text).into_iter().map(word).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn alarm(properties: &Value) -> Vec<Rule> {
        let alarm = json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": properties });
        rules(&Request::of_resources(&json!({ "Alarm": alarm })))
    }

    fn on_metric(period: u32, count: u32) -> Vec<Rule> {
        alarm(
            &json!({ "MetricName": "Errors", "Statistic": "Sum", "Period": period, "EvaluationPeriods": count }),
        )
    }

    #[test]
    fn period_is_short_or_a_multiple_of_a_minute() {
        assert_eq!(on_metric(10, 1), []);
        assert_eq!(on_metric(300, 1), []);
        assert_eq!(on_metric(45, 1), [Rule::AlarmPeriod]);
        let metric = json!({ "MetricStat": { "Period": 61 } });
        assert_eq!(alarm(&json!({ "Metrics": [metric] })), [Rule::AlarmPeriod]);
    }

    #[test]
    fn alarm_evaluates_a_day_or_a_week() {
        assert_eq!(on_metric(300, 288), []);
        assert_eq!(on_metric(300, 289), [Rule::AlarmPeriod]);
        assert_eq!(on_metric(3_600, 168), []);
        assert_eq!(on_metric(3_600, 169), [Rule::AlarmPeriod]);
    }

    #[test]
    fn alarm_on_a_metric_has_a_statistic() {
        assert_eq!(alarm(&json!({ "MetricName": "Errors", "ExtendedStatistic": "p99" })), []);
        assert_eq!(alarm(&json!({ "MetricName": "Errors" })), [Rule::MissingStatistic]);
    }

    #[test]
    fn one_metric_returns_data() {
        let metrics = |first: bool, second: bool| {
            let metrics = json!([{ "Id": "a", "ReturnData": first }, { "Id": "b", "ReturnData": second }]);
            alarm(&json!({ "Metrics": metrics }))
        };
        assert_eq!(metrics(false, true), []);
        assert_eq!(metrics(true, true), [Rule::AlarmReturnData]);
        assert_eq!(metrics(false, false), [Rule::AlarmReturnData]);
    }

    #[test]
    fn dashboard_body_is_a_json_object() {
        let dashboard = |body: Value| {
            let dashboard =
                json!({ "Type": "AWS::CloudWatch::Dashboard", "Properties": { "DashboardBody": body } });
            rules(&Request::of_resources(
                &json!({ "Dashboard": dashboard, "Queue": { "Type": "AWS::SQS::Queue" } }),
            ))
        };
        assert_eq!(dashboard(json!(r#"{"widgets":[]}"#)), []);
        assert_eq!(dashboard(json!({ "Fn::Sub": r#"{"widgets":["${Queue}"]}"# })), []);
        assert_eq!(dashboard(json!({ "Fn::Sub": r#"{"widgets":["${Queue}]}"# })), [Rule::DashboardBody]);
        assert_eq!(dashboard(json!("[]")), [Rule::DashboardBody]);
    }
}
