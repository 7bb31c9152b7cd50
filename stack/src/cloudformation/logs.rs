//! `AWS::Logs`.

mod log_group;
mod subscription_filter;

pub(crate) use log_group::{LogGroup, LogGroupAttribute};
pub(crate) use subscription_filter::SubscriptionFilter;
