//! `AWS::ApiGatewayV2::Stage`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    Stage {
        "ApiId" api_id: Value<String> => Replaces,
        "StageName" stage_name: &'static str => Replaces,
        "AutoDeploy" auto_deploy: bool => Plain,
        "AccessLogSettings" access_log_settings: AccessLogSettings => Plain,
        "DefaultRouteSettings" default_route_settings: DefaultRouteSettings => Compared(throttling),
    }

    AccessLogSettings {
        "DestinationArn" destination_arn: Value<String> => Plain,
        "Format" format: String => Plain,
    }

    DefaultRouteSettings {
        "DetailedMetricsEnabled" detailed_metrics_enabled: bool => Plain,
        "ThrottlingBurstLimit" throttling_burst_limit: Number<1, 5000> => ComparedByParent,
        "ThrottlingRateLimit" throttling_rate_limit: Number<1, 10_000> => ComparedByParent,
    }
}

impl Resource for Stage {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::ApiGatewayV2::Stage",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Apis, &["apigateway:GET"])],
            deploy: &[
                (
                    Target::Apis,
                    &[
                        "apigateway:DELETE",
                        "apigateway:PATCH",
                        "apigateway:POST",
                        "apigateway:TagResource",
                        "apigateway:UntagResource",
                    ],
                ),
                // The gateway sets up the delivery of its access log with the caller's permissions, which no schema says:
                // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html#http-api-logging.permissions
                (
                    Target::Unnamed,
                    &[
                        "logs:CreateLogDelivery",
                        "logs:DeleteLogDelivery",
                        "logs:DescribeResourcePolicies",
                        "logs:GetLogDelivery",
                        "logs:ListLogDeliveries",
                        "logs:PutResourcePolicy",
                        "logs:UpdateLogDelivery",
                    ],
                ),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

/// Without a limit, that of the account applies, which is the highest.
fn throttling(consequences: &mut Consequences, old: &Json, new: &Json) {
    for (name, shown) in
        [("ThrottlingBurstLimit", "requests at once"), ("ThrottlingRateLimit", "requests per second")]
    {
        let limit = |settings: &Json| settings[name].as_u64().unwrap_or(u64::MAX);
        let text =
            |settings: &Json| settings[name].as_u64().map_or("any".to_owned(), |limit| limit.to_string());
        if !old.is_null() && limit(new) > limit(old) {
            consequences.opens(format!("the API accepts {} {shown}, was {}", text(new), text(old)));
        } else if limit(new) < limit(old) {
            consequences.closes(format!("the API accepts {} {shown}, was {}", text(new), text(old)));
        }
    }
}
