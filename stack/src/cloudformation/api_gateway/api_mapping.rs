//! `AWS::ApiGatewayV2::ApiMapping`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    /// A custom domain under which an API is called.
    ApiMapping {
        "ApiId" api_id: Value<String> => Plain,
        "ApiMappingKey" api_mapping_key: String => Compared(path),
        "DomainName" domain_name: Value<String> => Replaces,
        "Stage" stage: Value<String> => Plain,
    }
}

impl Resource for ApiMapping {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::ApiGatewayV2::ApiMapping",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::ApiMappings, &["apigateway:GET"])],
            deploy: &[(
                Target::ApiMappings,
                &["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

fn path(consequences: &mut Consequences, old: &Json, new: &Json) {
    if !old.is_null() && new.is_null() {
        consequences.closes(format!("the path {old} of the API is removed"));
    } else if !old.is_null() && old != new {
        consequences.closes(format!("the path of the API is {new}, was {old}"));
    }
}
