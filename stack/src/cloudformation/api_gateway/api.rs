//! `AWS::ApiGatewayV2::Api`.

use serde::Serialize;

use crate::cloudformation::resource::{Resource, attributes};

attributes!(ApiAttribute { ApiEndpoint });

/// An HTTP API that is imported from an OpenAPI document. Name and CORS come from the document too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Api {
    pub body: serde_json::Value,
    pub fail_on_warnings: bool,
}

impl Resource for Api {
    const TYPE: &'static str = "AWS::ApiGatewayV2::Api";
    type Attribute = ApiAttribute;
}
