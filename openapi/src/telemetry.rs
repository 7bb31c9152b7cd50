//! What the functions tell about their work: the fields of their log lines, their metrics, and the header of
//! their traces.
//!
//! The functions write them, the infrastructure has alarms on them, and the command line reads them.

#[cfg(test)]
mod documents;
mod fields;
mod metrics;
mod rule;
mod schema;
mod trace_header;

pub use fields::{FIELDS, Field, FieldKind, Summary};
pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use rule::Rule;
pub use schema::{SchemaProblem, check_line};
pub use trace_header::{SegmentId, TraceHeader, TraceHeaderError, TraceId};
