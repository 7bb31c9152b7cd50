//! `AWS::CloudWatch::Dashboard`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dashboard {
    pub dashboard_name: String,
    /// A JSON document as text.
    pub dashboard_body: Value<String>,
}

impl Resource for Dashboard {
    const TYPE: &'static str = "AWS::CloudWatch::Dashboard";
    type Attribute = NoAttribute;
}
