//! `AWS::Logs::LogGroup`.

use serde::Serialize;

use crate::cloudformation::resource::{Resource, attributes};

attributes!(LogGroupAttribute { Arn });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LogGroup {
    pub log_group_name: String,
    pub retention_in_days: u32,
}

impl Resource for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    type Attribute = LogGroupAttribute;
}
