//! Finds resources of a deployed stack that no longer exist.
//!
//! A deployment compares templates, so it does not notice that somebody deleted a resource. Drift detection does, but
//! takes minutes. This looks up only whether each resource exists: alarms in CloudWatch, all others by the identifier of
//! their type in Cloud Control.
//!
//! Types without one property as their identifier are not looked up: API mappings, permissions of functions, and
//! subscription filters. Cloud Control does not support stages of an API.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, anyhow};
use aws_sdk_cloudformation::types::StackResourceSummary;
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use serde_json::Value;

use crate::cloud_control;
use crate::connection::Connection;
use crate::deployed_stack::Deployed;
use crate::stack_resources;

/// The maximum number of resources that are looked up concurrently.
const CONCURRENCY: usize = 8;
const ALARM: &str = "AWS::CloudWatch::Alarm";
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
const ALARMS_PER_REQUEST: usize = 100;

/// How to identify a resource in Cloud Control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identifier {
    /// By its physical ID.
    PhysicalId,
    /// By the physical ID of the resource that this property refers to.
    Property(&'static str),
}

/// The types that are looked up. The identifier is the `primaryIdentifier` in the schema of the type.
const LOOKED_UP: &[(&str, Identifier)] = &[
    ("AWS::ApiGatewayV2::Api", Identifier::PhysicalId),
    ("AWS::CloudFront::CachePolicy", Identifier::PhysicalId),
    ("AWS::CloudFront::Distribution", Identifier::PhysicalId),
    ("AWS::CloudFront::KeyGroup", Identifier::PhysicalId),
    ("AWS::CloudFront::OriginAccessControl", Identifier::PhysicalId),
    ("AWS::CloudFront::PublicKey", Identifier::PhysicalId),
    ("AWS::CloudFront::ResponseHeadersPolicy", Identifier::PhysicalId),
    (ALARM, Identifier::PhysicalId),
    ("AWS::CloudWatch::CompositeAlarm", Identifier::PhysicalId),
    ("AWS::CloudWatch::Dashboard", Identifier::PhysicalId),
    ("AWS::IAM::Role", Identifier::PhysicalId),
    ("AWS::Lambda::EventSourceMapping", Identifier::PhysicalId),
    ("AWS::Lambda::Function", Identifier::PhysicalId),
    ("AWS::Logs::LogGroup", Identifier::PhysicalId),
    ("AWS::S3::Bucket", Identifier::PhysicalId),
    // Older stacks have a generated physical ID.
    ("AWS::S3::BucketPolicy", Identifier::Property("Bucket")),
    ("AWS::SQS::Queue", Identifier::PhysicalId),
];

/// The identifiers of resources in Cloud Control, by logical ID.
pub(crate) type Identifiers = BTreeMap<String, String>;

/// Returns the identifiers of a stack's resources, as far as their types are known.
pub(crate) fn identifiers(resources: &[StackResourceSummary], template: &Value) -> Identifiers {
    lookups(resources, template)
        .into_iter()
        .map(|(identifier, resource)| (resource.resource, identifier))
        .collect()
}

/// The resources of a deployed stack that are not as the stack has them.
///
/// Their properties are not compared.
#[derive(Debug, Default, Serialize)]
pub struct LiveResources {
    /// Resources that no longer exist.
    pub missing: Vec<MissingResource>,
    /// Resources that could not be looked up.
    pub unchecked: Vec<UncheckedResource>,
}

/// A resource that no longer exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingResource {
    /// The logical ID.
    pub resource: String,
    /// The type.
    pub resource_type: String,
    /// The physical ID, which is the name for most types.
    pub name: String,
}

/// A resource that could not be looked up.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct UncheckedResource {
    /// The logical ID, or the name of the stack if its resources could not be listed.
    pub resource: String,
    /// The reason.
    pub reason: String,
}

impl MissingResource {
    /// How to get a missing resource back. CloudFormation compares templates, and does not create it.
    pub const ADVICE: &'static str = "a deployment does not recreate a missing resource: create it by hand under \
                                      the same name, or deploy once without it and once with it";
}

impl std::fmt::Display for MissingResource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({}, {})", self.name, self.resource, self.resource_type)
    }
}

impl LiveResources {
    /// Returns that resources could not be looked up and why, or `None` if all were.
    pub fn obstacle(&self) -> Option<String> {
        let UncheckedResource { resource, reason } = self.unchecked.first()?;
        let others = match self.unchecked.len() - 1 {
            0 => String::new(),
            count => format!(" and {count} others"),
        };
        Some(format!("could not look up whether {resource}{others} exist: {reason}"))
    }

    /// Looks up the resources of a deployed stack. There are none without one.
    ///
    /// Requires only read permissions. A failure is reported in the result and is not an error.
    pub async fn look_up(connection: &Connection, deployed: Option<&Deployed>) -> Self {
        let Some(deployed) = deployed else { return Self::default() };
        let client = connection.cloudformation();
        match stack_resources::list(&client, &deployed.stack.id).await {
            Ok(resources) => look_up(connection, &resources, deployed.template.as_value()).await,
            Err(error) => Self {
                missing: Vec::new(),
                unchecked: vec![UncheckedResource {
                    resource: deployed.stack.id.clone(),
                    reason: format!("{error:#}"),
                }],
            },
        }
    }
}

/// Looks up these resources of a stack.
pub(crate) async fn look_up(
    connection: &Connection,
    resources: &[StackResourceSummary],
    template: &Value,
) -> LiveResources {
    let (alarms, others): (Vec<_>, Vec<_>) =
        lookups(resources, template).into_iter().partition(|(_, resource)| resource.resource_type == ALARM);
    let client = connection.cloud_control();
    let client = &client;
    let looks = others.into_iter().map(async |(identifier, resource)| {
        let found = cloud_control::exists(client, &resource.resource_type, &identifier).await;
        (resource, found)
    });
    let looks = stream::iter(looks).buffered(CONCURRENCY).collect::<Vec<_>>();
    let (looks, alarms) = tokio::join!(looks, look_up_alarms(connection, alarms));
    let mut live = LiveResources::default();
    for (resource, found) in alarms.into_iter().chain(looks) {
        match found {
            Ok(true) => {}
            Ok(false) => live.missing.push(resource),
            Err(error) => live
                .unchecked
                .push(UncheckedResource { resource: resource.resource, reason: format!("{error:#}") }),
        }
    }
    live.missing.sort_by(|one, other| one.resource.cmp(&other.resource));
    live
}

/// Looks up the alarms, with one request for each hundred of them.
async fn look_up_alarms(
    connection: &Connection,
    alarms: Vec<(String, MissingResource)>,
) -> Vec<(MissingResource, Result<bool>)> {
    let client = connection.cloudwatch();
    let mut looks = Vec::new();
    for some in alarms.chunks(ALARMS_PER_REQUEST) {
        let names = some.iter().map(|(name, _)| name.clone()).collect();
        let request = client.describe_alarms().set_alarm_names(Some(names));
        let answer = request.max_records(100).send().await.context("cannot look for the alarms");
        let existing = answer.map(|answer| {
            let alarms = answer.metric_alarms.unwrap_or_default().into_iter();
            alarms.filter_map(|alarm| alarm.alarm_name).collect::<BTreeSet<String>>()
        });
        for (name, resource) in some {
            let found = match &existing {
                Ok(existing) => Ok(existing.contains(name)),
                Err(error) => Err(anyhow!("{error:#}")),
            };
            looks.push((resource.clone(), found));
        }
    }
    looks
}

/// Returns the resources to look up, each with its identifier.
fn lookups(resources: &[StackResourceSummary], template: &Value) -> Vec<(String, MissingResource)> {
    let physical_ids = stack_resources::physical_ids(resources);
    let lookup = |summary: &StackResourceSummary| {
        let (logical_id, resource_type) = (summary.logical_resource_id()?, summary.resource_type()?);
        let status = summary.resource_status()?.as_str();
        // Resources that are being changed may not exist yet, or no more.
        if status.starts_with("DELETE_") || status.ends_with("_IN_PROGRESS") || status == "CREATE_FAILED" {
            return None;
        }
        let name = summary.physical_resource_id().filter(|name| !name.is_empty())?;
        let (_, identifier) = LOOKED_UP.iter().find(|(known, _)| *known == resource_type)?;
        let identifier = match identifier {
            Identifier::PhysicalId => name,
            Identifier::Property(property) => {
                let value = &template["Resources"][logical_id]["Properties"][property];
                value.as_str().or_else(|| physical_ids.get(value["Ref"].as_str()?).copied())?
            }
        };
        let resource = MissingResource {
            resource: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            name: name.to_owned(),
        };
        Some((identifier.to_owned(), resource))
    };
    resources.iter().filter_map(lookup).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::{ResourceStatus, StackResourceSummary};
    use serde_json::json;

    use super::{LOOKED_UP, lookups};

    /// Types without an existence check, as the documentation of this module says.
    const NOT_LOOKED_UP: [&str; 4] = [
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Lambda::Permission",
        "AWS::Logs::SubscriptionFilter",
    ];

    #[test]
    fn every_resource_type_is_looked_up_or_listed_as_not() {
        let template = |name: &String| {
            let environment = command_line::environment::load(name).unwrap();
            stack::preview(&environment).unwrap().to_value()
        };
        let templates: Vec<_> = command_line::environment::names().unwrap().iter().map(template).collect();
        let resources = templates.iter().flat_map(|it| it["Resources"].as_object().unwrap().values());
        let deployed: BTreeSet<&str> = resources.map(|resource| resource["Type"].as_str().unwrap()).collect();
        let known = LOOKED_UP.iter().map(|(resource_type, _)| *resource_type);
        let known: BTreeSet<&str> = known.chain(NOT_LOOKED_UP).collect();
        assert!(deployed.is_subset(&known), "{:?}", deployed.difference(&known).collect::<Vec<_>>());
    }

    fn summary(logical_id: &str, kind: &str, physical_id: &str, status: &str) -> StackResourceSummary {
        StackResourceSummary::builder()
            .logical_resource_id(logical_id)
            .physical_resource_id(physical_id)
            .resource_type(kind)
            .resource_status(ResourceStatus::from(status))
            .last_updated_timestamp(DateTime::from_secs(0))
            .build()
    }

    #[test]
    fn resources_are_identified_as_in_cloud_control() {
        let template = json!({ "Resources": {
            "Policy": { "Properties": { "Bucket": { "Ref": "Bucket" } } },
        }});
        let resources = [
            summary("Bucket", "AWS::S3::Bucket", "assets", "CREATE_COMPLETE"),
            summary("Policy", "AWS::S3::BucketPolicy", "stack-Policy-1ABC", "UPDATE_COMPLETE"),
            summary("Queue", "AWS::SQS::Queue", "https://sqs/queue", "UPDATE_FAILED"),
            summary("Old", "AWS::SQS::Queue", "https://sqs/old", "DELETE_IN_PROGRESS"),
            summary("New", "AWS::SQS::Queue", "https://sqs/new", "CREATE_IN_PROGRESS"),
            summary("Stage", "AWS::ApiGatewayV2::Stage", "$default", "CREATE_COMPLETE"),
        ];
        let lookups = lookups(&resources, &template);
        let lookups: Vec<_> = lookups
            .iter()
            .map(|(identifier, resource)| (resource.resource.as_str(), identifier.as_str()))
            .collect();
        assert_eq!(lookups, [("Bucket", "assets"), ("Policy", "assets"), ("Queue", "https://sqs/queue")]);
    }
}
