//! Sends values of metrics to the emulator, so that every client of CloudWatch reads them there.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use cloudwatch::{Datum, Metrics};

/// The limits of `PutMetricData`:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>.
const MAXIMUM_VALUES: usize = 150;
const MAXIMUM_DATA: usize = 500;

/// Sends what was recorded since the last call. After an error, the rest is lost for clients; alarms do not need it.
pub(super) async fn deliver(client: &Client, metrics: &Metrics) -> Result<(), aws_sdk_cloudwatch::Error> {
    for (namespace, data) in by_namespace(metrics.take_undelivered()) {
        for some in data.chunks(MAXIMUM_DATA) {
            let request = client.put_metric_data().namespace(&namespace);
            request.set_metric_data(Some(some.to_vec())).send().await?;
        }
    }
    Ok(())
}

fn by_namespace(data: Vec<Datum>) -> BTreeMap<String, Vec<MetricDatum>> {
    let mut namespaces: BTreeMap<String, Vec<MetricDatum>> = BTreeMap::new();
    for Datum { metric, unit, time, values } in data {
        let dimension =
            |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
        let dimensions: Vec<_> = metric.dimensions.iter().map(dimension).collect();
        let found = namespaces.entry(metric.namespace).or_default();
        found.extend(values.chunks(MAXIMUM_VALUES).map(|some| {
            MetricDatum::builder()
                .metric_name(&metric.name)
                .set_dimensions(Some(dimensions.clone()))
                .unit(StandardUnit::from(unit.as_str()))
                .timestamp(DateTime::from_secs(time))
                .set_values(Some(some.iter().map(|(value, _)| *value).collect()))
                .set_counts(Some(some.iter().map(|(_, count)| *count).collect()))
                .build()
        }));
    }
    namespaces
}

#[cfg(test)]
mod tests {
    use cloudwatch::{Metric, Metrics};

    use super::by_namespace;

    #[test]
    fn values_are_sent_by_namespace_and_in_portions() {
        let metrics = Metrics::default();
        for number in 0..151 {
            metrics.record(&Metric::new("A", "m", [("d", "v")]), "Count", f64::from(number), 61);
        }
        metrics.record(&Metric::new("B", "m", []), "Count", 1.0, 61);
        let namespaces = by_namespace(metrics.take_undelivered());
        let sizes = |name: &str| {
            let data = namespaces[name].iter();
            data.map(|datum| (datum.values().len(), datum.counts().len())).collect::<Vec<_>>()
        };
        assert_eq!(sizes("A"), [(150, 150), (1, 1)]);
        assert_eq!(sizes("B"), [(1, 1)]);
        let datum = &namespaces["A"][0];
        assert_eq!(datum.timestamp().map(aws_sdk_cloudwatch::primitives::DateTime::secs), Some(60));
        assert_eq!(datum.dimensions()[0].value(), Some("v"));
    }
}
