//! `AWS::Lambda::Permission`.

use serde_json::{Value as Json, json};

use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    Permission {
        "Action" action: &'static str => Replaces,
        "FunctionName" function_name: Value<String> => Replaces,
        "Principal" principal: &'static str => Replaces,
        "SourceArn" source_arn: Value<String> => Replaces,
    }
}

impl Resource for Permission {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::Lambda::Permission",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants,
        rights: Rights {
            read: &[(Target::Functions, &["lambda:GetPolicy"])],
            deploy: &[(Target::Functions, &["lambda:AddPermission", "lambda:RemovePermission"])],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["SourceAccount"],
    };
    type Attribute = NoAttribute;
}

fn grants(permission: &Json) -> Vec<(String, Json)> {
    let statement = json!({
        "Effect": "Allow",
        "Principal": permission["Principal"],
        "Action": permission["Action"],
        "Resource": permission["FunctionName"],
        "Condition": permission["SourceArn"],
    });
    vec![("Permission".to_owned(), json!({ "Statement": [statement] }))]
}
