use std::collections::BTreeMap;

use deploy::metrics::{Measured, Summary, catalog};

use super::{descriptions, named, to_text};

fn measured(namespace: &str, name: &str, label: &str, summary: Summary, trend: &[Option<f64>]) -> Measured {
    let definition = catalog().into_iter().find(|it| (it.namespace, it.name) == (namespace, name)).unwrap();
    let label = label.to_owned();
    Measured { definition, dimensions: BTreeMap::new(), label, summary, trend: trend.to_vec() }
}

#[test]
fn each_series_has_a_line_below_its_metric_and_namespace() {
    let trend = [Some(0.0), Some(10.0), None, Some(50.0), Some(100.0)];
    let counter = |total| Summary::Counter { total, per_minute: total / 180.0 };
    let distribution = Summary::Distribution { p50: 12.34, p99: 1234.5, highest: 29_000.0 };
    let series = [
        measured("PackagesService", "requests", "api  GET /presign/s3  2xx", counter(1234.0), &trend),
        measured("PackagesService", "requests", "api  POST /restore  5xx", counter(2.0), &trend[..3]),
        measured("PackagesService", "latency", "api", distribution, &trend),
        measured("PackagesService", "restored_bytes", "restore", counter(11_900_000.0), &trend),
        measured(
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "restore queue",
            Summary::Level { latest: 61.0, highest: 7200.0 },
            &trend,
        ),
        measured("AWS/CloudFront", "TotalErrorRate", "", Summary::Share { average: 0.25 }, &trend),
    ];
    insta::assert_snapshot!(to_text(&series));
}

#[test]
fn meaning_of_every_metric_can_be_printed() {
    let text = descriptions(&catalog());
    assert!(catalog().iter().all(|metric| text.contains(metric.name) && text.contains(metric.meaning)));
}

#[test]
fn unknown_metric_is_rejected_with_the_known_ones() {
    let names = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        named(&names).map(|found| found.iter().map(|metric| metric.name).collect::<Vec<_>>())
    };
    assert_eq!(names(&["LATENCY", "5xx"]).unwrap(), ["latency", "5xx", "Latency"]);
    assert_eq!(names(&[]).unwrap().len(), catalog().len());
    let error = names(&["speed"]).unwrap_err().to_string();
    assert!(error.starts_with("there is no metric speed; metrics: requests, latency, "), "{error}");
}
