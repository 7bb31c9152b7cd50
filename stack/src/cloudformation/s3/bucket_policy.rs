//! `AWS::S3::BucketPolicy`.

use serde_json::Value as Json;

use crate::cloudformation::policy_document::PolicyDocument;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    BucketPolicy {
        "Bucket" bucket: Value<String> => Replaces,
        "PolicyDocument" policy_document: PolicyDocument => Grants,
    }
}

impl Resource for BucketPolicy {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::S3::BucketPolicy",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants,
        rights: Rights {
            read: &[(Target::Buckets, &["s3:GetBucketPolicy"])],
            deploy: &[(Target::Buckets, &["s3:DeleteBucketPolicy", "s3:PutBucketPolicy"])],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

fn grants(policy: &Json) -> Vec<(String, Json)> {
    vec![("Policy".to_owned(), policy["PolicyDocument"].clone())]
}
