use chrono::TimeDelta;
use serde_json::{Value, json};

use super::testing::ScriptedCloudWatch;
use super::{Query, Series, Span, Summary, catalog, data, measure, series};
use crate::deployed_stack::Outputs;

fn span() -> Span {
    Span::since(TimeDelta::minutes(3), "2026-11-28T16:37:12Z".parse().unwrap()).unwrap()
}

fn query(name: &'static str) -> Query {
    let dimensions = vec![("ApiId".to_owned(), "abc".to_owned())];
    Query { namespace: "AWS/ApiGateway", name, dimensions, statistic: "Sum", period: span().period }
}

/// Returns a result for each query, with one point per page.
fn one_point_each(request: &Value, seconds: i64, value: f64) -> Value {
    let queries = request["MetricDataQueries"].as_array().unwrap().iter();
    let result = |query: &Value| json!({ "Id": query["Id"], "StatusCode": "Complete", "Timestamps": [seconds], "Values": [value] });
    queries.map(result).collect()
}

#[tokio::test]
async fn queries_are_sent_in_batches_of_500_and_all_pages_are_read() {
    let start = span().start.timestamp();
    let cloudwatch = ScriptedCloudWatch::start(move |_, request| {
        Ok(if request["NextToken"].is_null() {
            json!({ "MetricDataResults": one_point_each(request, start, 1.5), "NextToken": "more" })
        } else {
            json!({ "MetricDataResults": one_point_each(request, start + 60, 2.5) })
        })
    })
    .await;
    let queries = vec![query("Count"); 501];
    let points = data::read(&cloudwatch.client(), &queries, span()).await.unwrap();
    assert_eq!(points.len(), 501);
    let expected = [(span().start, 1.5), (span().start + TimeDelta::minutes(1), 2.5)];
    assert!(points.iter().all(|points| points == &expected), "{points:?}");
    let requests = cloudwatch.requests("GetMetricData");
    let sizes: Vec<usize> =
        requests.iter().map(|request| request["MetricDataQueries"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [500, 500, 1, 1]);
    let first = &requests[0];
    assert_eq!((&first["StartTime"], &first["EndTime"]), (&json!(start), &json!(span().end.timestamp())));
    assert_eq!(
        first["MetricDataQueries"][0]["MetricStat"],
        json!({
            "Metric": {
                "Namespace": "AWS/ApiGateway",
                "MetricName": "Count",
                "Dimensions": [{ "Name": "ApiId", "Value": "abc" }],
            },
            "Period": 60,
            "Stat": "Sum",
        })
    );
}

#[tokio::test]
async fn result_that_failed_is_an_error_and_not_a_gap() {
    let cloudwatch = ScriptedCloudWatch::start(|_, _| {
        let messages = json!([{ "Code": "Any", "Value": "try again" }]);
        Ok(json!({ "MetricDataResults": [{ "Id": "q0", "StatusCode": "InternalError", "Messages": messages }] }))
    })
    .await;
    let error = data::read(&cloudwatch.client(), &[query("Count")], span()).await.unwrap_err();
    assert_eq!(error.to_string(), "CloudWatch could not read a metric: try again");
}

#[test]
fn emulator_may_divide_the_span_in_two() {
    let points = [(span().start, 2.0), (span().end, 3.0)];
    let whole = |statistic| Query { statistic, ..query("Latency") }.whole(&points);
    assert_eq!((whole("Sum"), whole("p99")), (Some(5.0), Some(3.0)));
    assert_eq!(query("Count").whole(&[]), None);
}

#[tokio::test]
async fn percentiles_are_those_of_the_whole_span() {
    let start = span().start.timestamp();
    let cloudwatch = ScriptedCloudWatch::start(move |_, request| {
        let values = |query: &Value| match query["MetricStat"]["Stat"].as_str().unwrap() {
            "p50" => json!([12.5]),
            "p99" if query["MetricStat"]["Period"] == 240 => json!([99.5]),
            "p99" => json!([70.5]),
            _ => json!([123.5]),
        };
        let queries = request["MetricDataQueries"].as_array().unwrap().iter();
        let results =
            queries.map(|query| json!({ "Id": query["Id"], "Timestamps": [start], "Values": values(query) }));
        Ok(json!({ "MetricDataResults": results.collect::<Value>() }))
    })
    .await;
    let latency = catalog().into_iter().find(|metric| metric.name == "Latency").unwrap();
    let series = series::known(latency, &Outputs::from_pairs([("ApiId", "abc")]));
    let measured = measure(&cloudwatch.client(), series, span()).await.unwrap();
    assert_eq!(measured[0].trend, [Some(70.5), None, None, None]);
    assert_eq!(measured[0].summary, Summary::Distribution { p50: 12.5, p99: 99.5, highest: 123.5 });
    let json = serde_json::to_value(&measured[0]).unwrap();
    assert_eq!(
        json,
        json!({
            "namespace": "AWS/ApiGateway",
            "name": "Latency",
            "unit": "Milliseconds",
            "meaning": latency.meaning,
            "dimensions": { "ApiId": "abc" },
            "p50": 12.5,
            "p99": 99.5,
            "highest": 123.5,
            "trend": [70.5, null, null, null],
        })
    );
}

#[tokio::test]
async fn all_listed_series_of_the_functions_are_found() {
    let cloudwatch = ScriptedCloudWatch::start(|_, request| {
        let dimensions = |class: &str| {
            json!([
                { "Name": "function_name", "Value": "dev-lambda" },
                { "Name": "route", "Value": "POST /restore" },
                { "Name": "status_class", "Value": class },
            ])
        };
        let metric = |class: &str| json!([{ "MetricName": "requests", "Dimensions": dimensions(class) }]);
        Ok(if request["NextToken"].is_null() {
            json!({ "Metrics": metric("5xx"), "NextToken": "more" })
        } else {
            json!({ "Metrics": metric("2xx") })
        })
    })
    .await;
    let outputs = Outputs::from_pairs([("ApiFunctionName", "dev-lambda")]);
    let found = series::listed(&cloudwatch.client(), &catalog(), &outputs).await.unwrap();
    let labels: Vec<&str> = found.iter().map(|series: &Series| series.label.as_str()).collect();
    assert_eq!(labels, ["api  POST /restore  2xx", "api  POST /restore  5xx"]);
    let request = &cloudwatch.requests("ListMetrics")[0];
    assert_eq!(request["Namespace"], "PackagesService");
    assert_eq!(request["Dimensions"], json!([{ "Name": "function_name", "Value": "dev-lambda" }]));
}
