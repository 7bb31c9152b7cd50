use super::{Comparison, Measure, MetricAlarm, MissingData, Query, QueryData, State};
use crate::{Metric, Metrics, Statistic};

const NOW: i64 = 1_795_545_490;

fn metric(name: &str) -> Metric {
    Metric::new("AWS/SQS", name, [("QueueName", "restore")])
}

fn alarm(measure: Measure, period_seconds: i64, periods: usize) -> MetricAlarm {
    MetricAlarm {
        measure,
        period_seconds,
        comparison: Comparison::Greater,
        threshold: 0.0,
        evaluation_periods: periods,
        datapoints_to_alarm: periods,
        missing_data: MissingData::NotBreaching,
    }
}

fn query(id: &str, name: &str, statistic: Statistic) -> Query {
    Query { id: id.to_owned(), data: QueryData::Statistic(metric(name), statistic), is_result: false }
}

fn result(expression: &str) -> Query {
    Query {
        id: "result".to_owned(),
        data: QueryData::Expression(expression.parse().unwrap()),
        is_result: true,
    }
}

#[test]
fn alarm_becomes_active_with_the_first_breaching_value_and_returns() {
    let metrics = Metrics::default();
    let alarm = alarm(Measure::Statistic(metric("Errors"), Statistic::Sum), 300, 1);
    let state = |now| alarm.evaluate(&metrics, now).unwrap().state.unwrap();
    assert_eq!(state(NOW), State::Ok);
    metrics.record(&metric("Errors"), "Count", 2.0, NOW);
    assert_eq!(state(NOW), State::Alarm);
    let reason = alarm.evaluate(&metrics, NOW).unwrap().reason;
    assert_eq!(reason, "Threshold Crossed: 1 of 1 data points [2] was greater than the threshold (0)");
    // The value leaves the evaluation range of three periods.
    assert_eq!(state(NOW + 14 * 60), State::Alarm);
    assert_eq!(state(NOW + 15 * 60), State::Ok);
    // A newer value that is not breaching ends the alarm earlier.
    metrics.record(&metric("Errors"), "Count", 0.0, NOW + 5 * 60);
    assert_eq!(state(NOW + 5 * 60), State::Ok);
}

#[test]
fn other_dimensions_do_not_matter() {
    let metrics = Metrics::default();
    metrics.record(&Metric::new("AWS/SQS", "Errors", [("QueueName", "other")]), "Count", 9.0, NOW);
    let alarm = alarm(Measure::Statistic(metric("Errors"), Statistic::Sum), 60, 1);
    assert_eq!(alarm.evaluate(&metrics, NOW).unwrap().state, Some(State::Ok));
}

#[test]
fn rate_needs_both_enough_requests_and_errors() {
    let metrics = Metrics::default();
    let expression = "IF(requests >= 20, 100 * errors / requests, 0)";
    let queries = vec![
        query("errors", "5xx", Statistic::Sum),
        query("requests", "Count", Statistic::Sum),
        result(expression),
    ];
    let alarm = MetricAlarm { threshold: 5.0, ..alarm(Measure::Math(queries), 300, 2) };
    let state = |now| alarm.evaluate(&metrics, now).unwrap().state.unwrap();
    for number in 0..20 {
        for minute in [0, 5] {
            metrics.record(&metric("Count"), "Count", 1.0, NOW + minute * 60);
            metrics.record(&metric("5xx"), "Count", f64::from(u8::from(number < 2)), NOW + minute * 60);
        }
    }
    assert_eq!(state(NOW), State::Ok);
    assert_eq!(state(NOW + 5 * 60), State::Alarm);
}

#[test]
fn queue_without_receives_is_stuck() {
    let metrics = Metrics::default();
    let queries = vec![
        query("waiting", "Visible", Statistic::Minimum),
        query("received", "Received", Statistic::Sum),
        result("IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)"),
    ];
    let alarm = alarm(Measure::Math(queries), 300, 2);
    let state = |now| alarm.evaluate(&metrics, now).unwrap().state.unwrap();
    for minute in 0..10 {
        metrics.record(&metric("Visible"), "Count", 3.0, NOW + minute * 60);
    }
    assert_eq!(state(NOW + 9 * 60), State::Alarm);
    metrics.record(&metric("Received"), "Count", 1.0, NOW + 9 * 60);
    assert_eq!(state(NOW + 9 * 60), State::Ok);
}

#[test]
fn age_is_computed_without_data() {
    let queries = vec![
        query("invocations", "Invocations", Statistic::Sum),
        result(&format!("EPOCH(invocations) - {}", NOW - 100_000)),
    ];
    let alarm = MetricAlarm { threshold: 90_000.0, ..alarm(Measure::Math(queries), 3600, 1) };
    let metrics = Metrics::default();
    assert_eq!(alarm.evaluate(&metrics, NOW).unwrap().state, Some(State::Alarm));
    assert_eq!(alarm.evaluate(&metrics, NOW - 20_000).unwrap().state, Some(State::Ok));
}

#[test]
fn queries_that_refer_to_each_other_are_an_error() {
    let other = Query { id: "other".to_owned(), is_result: false, ..result("result + 1") };
    let error =
        |queries| alarm(Measure::Math(queries), 60, 1).evaluate(&Metrics::default(), NOW).unwrap_err();
    let circular = error(vec![result("other * 2"), other]).to_string();
    assert_eq!(circular, "the expression refers to itself by result");
    assert_eq!(error(Vec::new()).to_string(), "no query of the alarm returns data");
}

#[test]
fn unknown_names_are_refused_by_name() {
    assert_eq!("GREEN".parse::<State>().unwrap_err().to_string(), "state GREEN is not emulated");
    let error = "GreaterThanUpperThreshold".parse::<Comparison>().unwrap_err().to_string();
    assert_eq!(error, "comparison GreaterThanUpperThreshold is not emulated");
    assert!("unknown".parse::<MissingData>().is_err());
}
