//! `AWS::ApiGatewayV2`.

mod api;
mod api_mapping;
mod stage;

pub(crate) use api::{Api, ApiAttribute};
pub(crate) use api_mapping::ApiMapping;
pub(crate) use stage::{AccessLogSettings, DefaultRouteSettings, Stage};
