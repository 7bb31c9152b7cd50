//! CloudWatch on this machine: keeps metrics and evaluates alarms.
//!
//! - [`Metrics`] keeps the values of the last day by minute, and computes statistics of them.
//! - [`embedded`] extracts metrics from log lines.
//! - [`alarm`] evaluates alarms, [`expression`] metric math, [`rule`] the rules of composite alarms.
//!
//! The crate calls no service and reads no clock: each function gets the time that it depends on.

pub mod alarm;
pub mod embedded;
pub mod expression;
mod histogram;
mod metric;
mod metrics;
mod periods;
pub mod rule;
mod statistic;
mod store;

pub use metric::Metric;
pub use metrics::Metrics;
pub use periods::Periods;
pub use statistic::{Statistic, StatisticError};
pub use store::Datum;
