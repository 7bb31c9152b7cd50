//! The metrics that CloudFront publishes of a distribution:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>.

use chrono::Utc;
use cloudwatch::{Metric, Metrics};
use http::StatusCode;

/// Publishes a request that has a response. The average of a rate is the percentage of requests.
pub(super) fn publish(metrics: &Metrics, distribution_id: &str, status: StatusCode) {
    let percentage = |condition: bool| if condition { 100.0 } else { 0.0 };
    for (name, unit, value) in [
        ("Requests", "None", 1.0),
        ("4xxErrorRate", "Percent", percentage(status.is_client_error())),
        ("5xxErrorRate", "Percent", percentage(status.is_server_error())),
        ("TotalErrorRate", "Percent", percentage(status.is_client_error() || status.is_server_error())),
    ] {
        let dimensions = [("Region", "Global"), ("DistributionId", distribution_id)];
        let metric = Metric::new("AWS/CloudFront", name, dimensions);
        metrics.record(&metric, unit, value, Utc::now().timestamp());
    }
}
