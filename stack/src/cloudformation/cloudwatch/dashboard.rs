//! `AWS::CloudWatch::Dashboard`.

use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    Dashboard {
        "DashboardName" dashboard_name: String => Replaces,
        /// A JSON document as text.
        "DashboardBody" dashboard_body: Value<String> => Plain,
    }
}

impl Resource for Dashboard {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudWatch::Dashboard",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Dashboard, &["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"])],
            deploy: &[(
                Target::Dashboard,
                &[
                    "cloudwatch:DeleteDashboards",
                    "cloudwatch:PutDashboard",
                    "cloudwatch:TagResource",
                    "cloudwatch:UntagResource",
                ],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
