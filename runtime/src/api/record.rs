//! What is known about a request when it ends.

use openapi::telemetry::{Metric, Summary};
use openapi::{DatasetNodeId, OrganizationId, PackageNodeId};

use super::error::ApiError;
use crate::http::Response;
use crate::telemetry::{Activity, Ending, Severity, milliseconds};

/// What a request turned out to be about, while it is handled.
#[derive(Default)]
pub(super) struct RequestRecord {
    pub(super) organization: Option<OrganizationId>,
    pub(super) dataset: Option<DatasetNodeId>,
    pub(super) package: Option<PackageNodeId>,
    /// The number of packages that a restore names.
    pub(super) requested: Option<usize>,
    /// The number of packages that a restore has queued.
    pub(super) accepted: Option<usize>,
    /// The age of the key that signed, in seconds.
    pub(super) key_age: Option<i64>,
}

/// A request that has ended.
pub(super) struct EndedRequest<'a> {
    pub(super) id: &'a str,
    /// The route, or what stands for it.
    pub(super) route: String,
    pub(super) record: RequestRecord,
    pub(super) error: Option<ApiError>,
    pub(super) response: &'a Response,
}

impl EndedRequest<'_> {
    /// Returns the outcome, fields and annotations of the request.
    pub(super) fn ending(self, activity: &Activity, is_cold_start: bool) -> Ending {
        let status = self.response.status().as_u16();
        let (outcome, severity) = match status {
            0..400 => ("ok", Severity::Success),
            400..500 => ("refused", Severity::Refusal),
            _ => ("failed", Severity::Failure),
        };
        let mut ending = Ending::new(Summary::Request, module_path!(), severity, is_cold_start);
        ending.annotation("request_id", self.id);
        ending.annotation("route", self.route);
        ending.status(status);
        ending.field("status_class", format!("{}xx", status / 100));
        ending.annotation("outcome", outcome);
        if let Some(error) = self.error {
            ending.annotation("rule", error.rule().name());
            ending.cause(error.to_string());
            if error.is_of_signing() {
                ending.metric(Metric::SIGNING_FAILURES, 1);
            }
        }
        let record = self.record;
        ending.annotation_if_some("organization", record.organization.map(|id| id.0));
        ending.annotation_if_some("dataset", record.dataset.map(|id| id.0));
        ending.annotation_if_some("package", record.package.map(|id| id.0));
        ending.annotation_if_some("requested", record.requested);
        ending.annotation_if_some("accepted", record.accepted);
        if let Some(age) = record.key_age {
            ending.metric(Metric::KEY_AGE, age);
        }
        ending.metric(Metric::REQUESTS, 1);
        ending.metric(Metric::LATENCY, milliseconds(activity.duration_until(crate::clock::now())));
        ending
    }
}
