//! Finds existing resources with the names that a deployment would use.
//!
//! CloudFormation detects them too, but late: some types while the change set is created, and all others one by one
//! while the stack is created. A first deployment next to an older installation would fail again and again.

mod alias;
mod bucket;
pub(crate) mod cloudfront;
mod names;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_cloudcontrol::Client;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use stack::Environment;

pub use self::bucket::Takeover;
use self::names::{LookupMethod, Name, new_names};
use crate::cloud_control;
use crate::connection::Connection;

/// The maximum number of names that are looked up concurrently.
const CONCURRENCY: usize = 8;

/// Existing resources with the names that a deployment would use.
#[derive(Debug, Default, Serialize)]
pub struct Existing {
    /// Names that are taken. Each makes the deployment fail.
    pub conflicts: Vec<Conflict>,
    /// Resources that a new stack would import.
    pub takeovers: Vec<Takeover>,
    /// Names that could not be checked.
    pub unchecked: Vec<Unchecked>,
}

/// A name that is taken.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The logical ID of the resource that would use the name.
    pub resource: String,
    /// The type of the resource.
    pub resource_type: String,
    /// The name.
    pub name: String,
    /// How to resolve the conflict.
    pub advice: String,
}

/// A name that could not be checked.
#[derive(Debug, Serialize)]
pub struct Unchecked {
    /// The logical ID of the resource that would use the name.
    pub resource: String,
    /// The name.
    pub name: String,
    /// The reason.
    pub reason: String,
}

/// The result of looking up a name.
enum Found {
    Nothing,
    Taken(Conflict),
    Takeover(Takeover),
}

impl Existing {
    /// Looks up every name in the proposed template that is not in the deployed one.
    ///
    /// Requires only read permissions.
    pub async fn find(
        environment: &Environment,
        connection: &Connection,
        deployed: Option<&Value>,
        proposed: &Value,
        parameters: &BTreeMap<String, String>,
    ) -> Self {
        let names = new_names(deployed, proposed, parameters);
        let search = Search {
            environment,
            connection,
            cloud_control: connection.cloud_control(),
            creates_stack: deployed.is_none(),
            proposed,
            parameters,
        };
        let search = &search;
        let lookups = names.iter().map(async |name| (name, search.find(name).await));
        let lookups: Vec<_> = stream::iter(lookups).buffered(CONCURRENCY).collect().await;
        let mut existing = Self::default();
        for (name, found) in lookups {
            match found {
                Ok(found) => existing.extend(found),
                Err(error) => existing.unchecked.push(Unchecked {
                    resource: name.resource.clone(),
                    name: name.value.clone(),
                    reason: format!("{error:#}"),
                }),
            }
        }
        existing
    }

    fn extend(&mut self, found: Vec<Found>) {
        for found in found {
            match found {
                Found::Nothing => {}
                Found::Taken(conflict) => self.conflicts.push(conflict),
                Found::Takeover(takeover) => self.takeovers.push(takeover),
            }
        }
    }
}

/// Where names are looked up.
struct Search<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    cloud_control: Client,
    creates_stack: bool,
    proposed: &'a Value,
    parameters: &'a BTreeMap<String, String>,
}

impl Search<'_> {
    async fn find(&self, name: &Name) -> Result<Vec<Found>> {
        let is_taken = match name.method {
            LookupMethod::CloudControl => {
                cloud_control::exists(&self.cloud_control, &name.resource_type, &name.value).await?
            }
            LookupMethod::Queue => queue_exists(self.connection, &name.value).await?,
            LookupMethod::CloudFront(kind) => {
                cloudfront::names(&self.connection.cloudfront(), kind).await?.contains(&name.value)
            }
            LookupMethod::ApiMapping => {
                cloud_control::mapping_exists(&self.cloud_control, &name.value).await?
            }
            LookupMethod::Alias => return Ok(vec![self.find_alias(name).await?]),
            LookupMethod::Bucket => return self.find_bucket(name).await,
        };
        let found = if is_taken { Found::Taken(self.conflict(name, name.advice())) } else { Found::Nothing };
        Ok(vec![found])
    }

    fn conflict(&self, name: &Name, advice: impl Into<String>) -> Conflict {
        Conflict {
            resource: name.resource.clone(),
            resource_type: name.resource_type.clone(),
            name: name.value.clone(),
            advice: advice.into().replace("ENVIRONMENT", self.environment.name.as_str()),
        }
    }
}

async fn queue_exists(connection: &Connection, name: &str) -> Result<bool> {
    let response = connection.sqs().get_queue_url().queue_name(name).send().await;
    match response {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => {
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("cannot look for the queue {name}")),
    }
}

#[cfg(test)]
mod tests;
