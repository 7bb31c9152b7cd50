//! The resources of the actions that CloudFormation takes.

use super::ResourceChange;
use crate::access::{Access, global, regional};
use crate::services::function_name;

/// Returns an action with its resource; nothing if a role would be passed and there is none.
pub(super) fn accesses(change: &ResourceChange, action: &str) -> Vec<Access> {
    if action == "iam:PassRole" {
        return passed_role(change).into_iter().collect();
    }
    let access = Access::new(action, resource(change, action));
    vec![with_conditions(change, access)]
}

fn resource(change: &ResourceChange, action: &str) -> String {
    let (service, verb) = action.split_once(':').unwrap_or((action, ""));
    let identifier = change.identifier.as_deref();
    match service {
        "apigateway" => api_gateway(change, identifier),
        "cloudfront" => cloudfront(change, verb, identifier),
        "cloudwatch" => cloudwatch(change, verb, identifier),
        "iam" => {
            let generated = format!("{}-{}-ABCDEFGHIJKL", change.stack, change.logical_id);
            let name = change.property("RoleName").or(identifier).unwrap_or(&generated);
            global("iam", &format!("role/{name}"))
        }
        "lambda" => lambda(change, verb, identifier),
        "logs" => logs(change, verb),
        "s3" => s3(change, action),
        "sqs" => {
            let name = change.property("QueueName").or_else(|| identifier?.rsplit('/').next());
            regional("sqs", &change.region, name.unwrap_or_default())
        }
        _ => "*".to_owned(),
    }
}

/// Policies name the paths of its API.
fn api_gateway(change: &ResourceChange, identifier: Option<&str>) -> String {
    let property = |name| change.property(name).unwrap_or_default();
    let collection = match change.resource_type.as_str() {
        "AWS::ApiGatewayV2::Stage" => format!("/apis/{}/stages", property("ApiId")),
        "AWS::ApiGatewayV2::Route" => format!("/apis/{}/routes", property("ApiId")),
        "AWS::ApiGatewayV2::ApiMapping" => format!("/domainnames/{}/apimappings", property("DomainName")),
        _ => "/apis".to_owned(),
    };
    let item = identifier.map(|identifier| format!("/{identifier}")).unwrap_or_default();
    format!("arn:aws:apigateway:{}::{collection}{item}", change.region)
}

/// Actions on key groups, public keys and new resources can be allowed only on `*`.
fn cloudfront(change: &ResourceChange, verb: &str, identifier: Option<&str>) -> String {
    let kind = match change.resource_type.as_str() {
        "AWS::CloudFront::CachePolicy" => "cache-policy",
        "AWS::CloudFront::Distribution" => "distribution",
        "AWS::CloudFront::OriginAccessControl" => "origin-access-control",
        "AWS::CloudFront::ResponseHeadersPolicy" => "response-headers-policy",
        _ => return "*".to_owned(),
    };
    match identifier {
        _ if verb.starts_with("Create") => "*".to_owned(),
        // A new resource is read and tagged with the id that it got.
        identifier => global("cloudfront", &format!("{kind}/{}", identifier.unwrap_or("new"))),
    }
}

fn cloudwatch(change: &ResourceChange, verb: &str, identifier: Option<&str>) -> String {
    if change.resource_type == "AWS::CloudWatch::Dashboard" {
        let name = change.property("DashboardName").or(identifier).unwrap_or_default();
        return global("cloudwatch", &format!("dashboard/{name}"));
    }
    let generated = format!("{}-{}-ABCDEFGHIJKL", change.stack, change.logical_id);
    let name = change.property("AlarmName").or(identifier).unwrap_or(&generated);
    // Composite alarms need permissions for all alarms:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
    let is_composite = change.resource_type == "AWS::CloudWatch::CompositeAlarm";
    let name = match verb {
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        "DescribeAlarms" | "PutCompositeAlarm" => "*",
        "DeleteAlarms" if is_composite => "*",
        _ => name,
    };
    regional("cloudwatch", &change.region, &format!("alarm:{name}"))
}

fn lambda(change: &ResourceChange, verb: &str, identifier: Option<&str>) -> String {
    if change.resource_type == "AWS::Lambda::EventSourceMapping" {
        if verb == "CreateEventSourceMapping" {
            return "*".to_owned();
        }
        let id = identifier.unwrap_or("new");
        return regional("lambda", &change.region, &format!("event-source-mapping:{id}"));
    }
    let name = change.property("FunctionName").or(identifier).unwrap_or_default();
    regional("lambda", &change.region, &format!("function:{}", function_name(name)))
}

fn logs(change: &ResourceChange, verb: &str) -> String {
    let group = change.property("LogGroupName").or(change.identifier.as_deref()).unwrap_or_default();
    let group = match verb {
        // Actions on tags are for the group itself; all others include its streams:
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        "ListTagsForResource" | "TagResource" | "UntagResource" => format!("log-group:{group}"),
        "DescribeLogGroups" => "log-group:*:*".to_owned(),
        verb if verb.ends_with("LogDelivery")
            || verb.ends_with("LogDeliveries")
            || verb.contains("ResourcePolic") =>
        {
            return "*".to_owned();
        }
        _ => format!("log-group:{group}:*"),
    };
    regional("logs", &change.region, &group)
}

fn s3(change: &ResourceChange, action: &str) -> String {
    if change.resource_type == "AWS::Lambda::Function" {
        let code = |name: &str| change.properties["Code"][name].as_str().unwrap_or_default();
        return format!("arn:aws:s3:::{}/{}", code("S3Bucket"), code("S3Key"));
    }
    let bucket = change.property("BucketName").or(change.property("Bucket")).or(change.identifier.as_deref());
    let objects = if action.contains("Object") && !action.contains("Bucket") { "/*" } else { "" };
    format!("arn:aws:s3:::{}{objects}", bucket.unwrap_or_default())
}

/// Returns the permission to give a role to the service that will use it.
fn passed_role(change: &ResourceChange) -> Option<Access> {
    let (name, service) = match change.resource_type.as_str() {
        "AWS::Lambda::Function" => ("Role", Some("lambda.amazonaws.com")),
        // CloudWatch Logs does not set the condition key:
        // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1784
        "AWS::Logs::SubscriptionFilter" => ("RoleArn", None),
        _ => return None,
    };
    let access = Access::new("iam:PassRole", change.property(name)?);
    Some(match service {
        Some(service) => access.with("iam:PassedToService", service),
        None => access,
    })
}

fn with_conditions(change: &ResourceChange, mut access: Access) -> Access {
    let is_mapping = change.resource_type == "AWS::Lambda::EventSourceMapping";
    if is_mapping && access.action.starts_with("lambda:") && !access.action.ends_with("TagResource") {
        let function = function_name(change.property("FunctionName").unwrap_or_default());
        let arn = regional("lambda", &change.region, &format!("function:{function}"));
        access = access.with("lambda:FunctionArn", arn);
    }
    if let (Some(boundary), "AWS::IAM::Role") =
        (change.properties["PermissionsBoundary"].as_str(), change.resource_type.as_str())
    {
        access = access.with("iam:PermissionsBoundary", boundary);
    }
    access
}
