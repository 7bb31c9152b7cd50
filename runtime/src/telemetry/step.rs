//! Steps of an event.

use std::borrow::Cow;
use std::time::SystemTime;

use openapi::telemetry::SegmentId;

/// A step that has ended.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: SegmentId,
    pub(super) parent: SegmentId,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) start: SystemTime,
    pub(super) end: SystemTime,
    pub(super) failure: Option<Failure>,
}

/// What a step is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Work of the function, which can contain other steps.
    Work {
        /// Whether its time is part of the summary.
        is_phase: bool,
    },
    /// A statement, whose text has no values.
    Statement(&'static str),
    /// A call to AWS: one HTTP request.
    AwsCall { operation: String, status: Option<u16>, request_id: Option<String> },
    /// A request to another host.
    HttpCall { status: Option<u16> },
}

/// How a step failed, in the terms of X-Ray.
///
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-errors>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// What was asked for is wrong.
    Error,
    /// Too much was asked for.
    Throttle,
    /// The other side failed, or did not respond.
    Fault,
}

impl Failure {
    /// Returns how a call with this status failed.
    pub(super) fn from_status(status: u16) -> Option<Self> {
        match status {
            429 => Some(Self::Throttle),
            400..=499 => Some(Self::Error),
            500.. => Some(Self::Fault),
            _ => None,
        }
    }
}
