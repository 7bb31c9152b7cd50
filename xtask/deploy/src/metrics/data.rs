//! Reads statistics from CloudWatch.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime as AwsTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDataQuery, MetricDataResult, MetricStat, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};

use super::span::Span;

/// How many queries a request may have:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>.
const BATCH: usize = 500;

/// A statistic of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) dimensions: Vec<(String, String)>,
    /// Such as `Sum` or `p99`.
    pub(crate) statistic: &'static str,
    pub(crate) period: TimeDelta,
}

/// The statistic of one period, with the beginning of the period.
pub(crate) type Point = (DateTime<Utc>, f64);

/// Returns the points of each query, in no order. Periods without data have none.
pub(crate) async fn read(client: &Client, queries: &[Query], span: Span) -> Result<Vec<Vec<Point>>> {
    let mut points = vec![Vec::new(); queries.len()];
    for (number, batch) in queries.chunks(BATCH).enumerate() {
        let batch: Vec<_> =
            batch.iter().enumerate().map(|(index, query)| query.to_aws(number * BATCH + index)).collect();
        let mut token = None;
        loop {
            let request = client
                .get_metric_data()
                .set_metric_data_queries(Some(batch.clone()))
                .start_time(AwsTime::from_secs(span.start.timestamp()))
                .end_time(AwsTime::from_secs(span.end.timestamp()))
                .set_next_token(token);
            let page = request.send().await.context("cannot read the metrics")?;
            for result in page.metric_data_results.unwrap_or_default() {
                let (index, of_page) = points_of(&result)?;
                points.get_mut(index).context("CloudWatch returned an unknown id")?.extend(of_page);
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    Ok(points)
}

impl Query {
    /// The ID begins with a lowercase letter, as CloudWatch requires.
    fn to_aws(&self, index: usize) -> MetricDataQuery {
        let dimensions =
            self.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let metric = aws_sdk_cloudwatch::types::Metric::builder()
            .namespace(self.namespace)
            .metric_name(self.name)
            .set_dimensions(Some(dimensions.collect()))
            .build();
        let statistic = MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(self.period.num_seconds()).unwrap_or(i32::MAX))
            .stat(self.statistic)
            .build();
        MetricDataQuery::builder().id(format!("q{index}")).metric_stat(statistic).return_data(true).build()
    }

    /// Sums up the points of a query whose period is the whole span.
    ///
    /// CloudWatch returns one point, because the period begins with the span. The emulator divides time at multiples of
    /// the period since 1970 and may return two.
    pub(crate) fn whole(&self, points: &[Point]) -> Option<f64> {
        let values = points.iter().map(|(_, value)| *value);
        match self.statistic {
            "Sum" => (!points.is_empty()).then(|| values.sum()),
            _ => values.reduce(f64::max),
        }
    }
}

fn points_of(result: &MetricDataResult) -> Result<(usize, impl Iterator<Item = Point>)> {
    let id = result.id().and_then(|id| id.strip_prefix('q')?.parse().ok());
    let id = id.context("CloudWatch returned an unknown id")?;
    if let Some(StatusCode::InternalError | StatusCode::Forbidden) = result.status_code() {
        let messages = result.messages().iter().filter_map(|message| message.value());
        let messages: Vec<&str> = messages.collect();
        bail!("CloudWatch could not read a metric: {}", messages.join("; "));
    }
    let times = result.timestamps().iter().filter_map(|time| DateTime::from_timestamp(time.secs(), 0));
    Ok((id, times.zip(result.values().iter().copied())))
}
