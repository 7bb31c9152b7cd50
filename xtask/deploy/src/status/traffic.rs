//! The requests of the last hour: how many, how many failed, and how long they took.

use anyhow::Result;
use chrono::Utc;
use serde::Serialize;
use stack::OutputName;

use crate::connection::Connection;
use crate::deployed_stack::Outputs;
use crate::metrics::{Query, Span, read_data};

/// The requests to the API in the last hour, as the gateway counts them.
#[derive(Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// How many there were.
    pub requests: f64,
    /// How many percent of them got a response 5xx; `None` without requests.
    pub failed_percent: Option<f64>,
    /// The median of the latency, in milliseconds.
    pub latency_p50: Option<f64>,
    /// The latency that one request in a hundred exceeds, in milliseconds.
    pub latency_p99: Option<f64>,
}

impl Traffic {
    pub(super) async fn read(connection: &Connection, outputs: &Outputs) -> Result<Self> {
        let api = outputs.get(OutputName::ApiId)?;
        let span = Span::last_hour(Utc::now());
        let queries = [("Count", "Sum"), ("5xx", "Sum"), ("Latency", "p50"), ("Latency", "p99")];
        let queries = queries.map(|(name, statistic)| Query {
            namespace: "AWS/ApiGateway",
            name,
            dimensions: vec![("ApiId".to_owned(), api.to_owned())],
            statistic,
            period: span.period,
        });
        let points = read_data(&connection.cloudwatch(), &queries, span).await?;
        let values: Vec<Option<f64>> =
            queries.iter().zip(&points).map(|(query, points)| query.whole(points)).collect();
        let value = |index: usize| values.get(index).copied().flatten();
        let requests = value(0).unwrap_or_default();
        let failed = value(1).unwrap_or_default();
        Ok(Self {
            requests,
            failed_percent: (requests > 0.0).then(|| 100.0 * failed / requests),
            latency_p50: value(2),
            latency_p99: value(3),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Traffic;
    use crate::connection::Connection;
    use crate::deployed_stack::Outputs;
    use crate::metrics::testing::ScriptedCloudWatch;

    /// Reads the traffic of a CloudWatch in which the queries have these values, in their order.
    async fn traffic(values: [Value; 4]) -> Traffic {
        let cloudwatch = ScriptedCloudWatch::start(move |_, request| {
            let start = &request["StartTime"];
            let results = values.iter().enumerate().map(|(index, value)| {
                let times = if value.is_null() { json!([]) } else { json!([start]) };
                let values = if value.is_null() { json!([]) } else { json!([value]) };
                json!({ "Id": format!("q{index}"), "Timestamps": times, "Values": values })
            });
            Ok(json!({ "MetricDataResults": results.collect::<Value>() }))
        })
        .await;
        let connection = Connection::for_test(cloudwatch.configuration.clone());
        Traffic::read(&connection, &Outputs::from_pairs([("ApiId", "abc")])).await.unwrap()
    }

    #[tokio::test]
    async fn rate_is_the_share_of_failed_requests() {
        let traffic = traffic([json!(200.5), json!(4.01), json!(12.5), json!(99.5)]).await;
        assert_eq!(traffic.failed_percent, Some(2.0));
        assert_eq!((traffic.latency_p50, traffic.latency_p99), (Some(12.5), Some(99.5)));
    }

    #[tokio::test]
    async fn without_requests_there_is_no_rate_and_no_latency() {
        let expected = Traffic { requests: 0.0, failed_percent: None, latency_p50: None, latency_p99: None };
        assert_eq!(traffic([Value::Null, Value::Null, Value::Null, Value::Null]).await, expected);
    }
}
