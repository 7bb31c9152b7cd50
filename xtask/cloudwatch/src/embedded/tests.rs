use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::extract;

fn line() -> Json {
    json!({
        "_aws": {
            "Timestamp": 1_795_545_490_123_u64,
            "CloudWatchMetrics": [{
                "Namespace": "PackagesService",
                "Dimensions": [["function", "route"], ["function"]],
                "Metrics": [{ "Name": "latency", "Unit": "Milliseconds", "StorageResolution": 60 }, { "Name": "sizes" }],
            }],
        },
        "function": "api",
        "route": "GET /presign/s3",
        "latency": 12.5,
        "sizes": [1, 2],
        "user": 7,
    })
}

fn error_of(line: &Json) -> String {
    extract(&line.to_string()).error.unwrap().to_string()
}

#[test]
fn each_value_is_counted_under_each_set_of_dimensions() {
    let values = extract(&line().to_string()).values;
    let shown: Vec<_> = values
        .iter()
        .map(|value| {
            let dimensions: Vec<_> = value.metric.dimensions.values().map(String::as_str).collect();
            format!("{} {} {} {:?}", value.metric.name, value.value, value.unit, dimensions.join(","))
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"latency 12.5 Milliseconds "api,GET /presign/s3""#,
            r#"latency 12.5 Milliseconds "api""#,
            r#"sizes 1 None "api,GET /presign/s3""#,
            r#"sizes 2 None "api,GET /presign/s3""#,
            r#"sizes 1 None "api""#,
            r#"sizes 2 None "api""#,
        ]
    );
    assert!(
        values.iter().all(|value| value.time == 1_795_545_490 && value.metric.namespace == "PackagesService")
    );
}

#[test]
fn other_lines_have_no_metrics() {
    for line in
        ["START RequestId: 1", r#"{"level":"INFO"}"#, r#"text "_aws""#, r#"["_aws"]"#, r#"{"a":{"_aws":1}}"#]
    {
        let extracted = extract(line);
        assert!(extracted.values.is_empty() && extracted.error.is_none(), "{line}: {extracted:?}");
    }
}

#[test]
fn set_without_dimensions_is_valid() {
    let mut line = line();
    line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([[]]);
    let values = extract(&line.to_string()).values;
    assert!(values.len() == 3 && values.iter().all(|value| value.metric.dimensions.is_empty()));
}

#[test]
fn invalid_directive_is_reported() {
    type Change = fn(&mut Json);
    let cases: [(Change, &str); 9] = [
        (|it| it["_aws"]["Timestamp"] = json!("now"), "the member _aws is invalid: invalid type"),
        (|it| it["_aws"]["CloudWatchMetrics"][0]["Namespace"] = Json::Null, "the member _aws is invalid"),
        (|it| it["_aws"]["CloudWatchMetrics"][0]["Namespace"] = json!(""), "empty namespace"),
        (
            |it| it["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([["user"]]),
            "dimension user does not refer",
        ),
        (|it| it["route"] = Json::Null, "dimension route does not refer to a text"),
        (|it| it["latency"] = json!("12"), "metric latency does not refer to a number"),
        (|it| it["sizes"] = json!([1, "2"]), "metric sizes does not refer"),
        (|it| it["sizes"] = json!(vec![1; 101]), "a metric has more than 100 values"),
        (
            |it| it["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([vec!["function"; 31]]),
            "a set of dimensions has more than 30 dimensions",
        ),
    ];
    for (change, expected) in cases {
        let mut line = line();
        change(&mut line);
        let error = error_of(&line);
        assert!(error.contains(expected), "{error}");
    }
    let mut line = line();
    line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!(vec![json!({ "Name": "latency" }); 101]);
    assert!(error_of(&line).contains("more than 100 metrics"));
}

#[test]
fn valid_directive_beside_an_invalid_one_is_extracted() {
    let mut line = line();
    let invalid =
        json!({ "Namespace": "Other", "Dimensions": [["user"]], "Metrics": [{ "Name": "latency" }] });
    line["_aws"]["CloudWatchMetrics"].as_array_mut().unwrap().insert(0, invalid);
    let extracted = extract(&line.to_string());
    assert!(extracted.values.len() == 6 && extracted.error.is_some());
}

proptest! {
    #[test]
    fn no_line_causes_a_panic(text in ".{0,40}", timestamp in any::<i64>()) {
        let _ = extract(&text);
        let _ = extract(&format!(r#"{{"_aws":{{"Timestamp":{timestamp},"CloudWatchMetrics":[{text}]}}}}"#));
    }
}
