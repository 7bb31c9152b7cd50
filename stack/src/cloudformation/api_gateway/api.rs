//! `AWS::ApiGatewayV2::Api`.

mod document;

use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};

attributes!(ApiAttribute { ApiEndpoint });

properties! {
    /// An HTTP API that is imported from an OpenAPI document. Name and CORS come from the document too.
    Api {
        "Body" body: serde_json::Value => Compared(document::compare),
        "FailOnWarnings" fail_on_warnings: bool => Plain,
    }
}

impl Resource for Api {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::ApiGatewayV2::Api",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Apis, &["apigateway:GET"])],
            deploy: &[
                (
                    Target::Apis,
                    &["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
                ),
                (Target::ApiTags, &["apigateway:DELETE", "apigateway:POST", "apigateway:PUT"]),
                // The gateway is given the role with which it invokes a shared authorizer.
                (Target::AuthorizerRole, &["iam:PassRole"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["ProtocolType"],
    };
    type Attribute = ApiAttribute;
}
