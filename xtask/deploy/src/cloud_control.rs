//! Reads and changes single resources through Cloud Control.
//!
//! It handles all types alike and uses the properties that a template has. It reads a resource with the caller's
//! permissions and with the handler that CloudFormation uses for drift detection:
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-read.html>.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::operation::get_resource::GetResourceError;
use aws_sdk_cloudcontrol::types::{OperationStatus, ProgressEvent};
use serde_json::{Value, json};

use crate::connection::request_token;

/// The type of API mappings.
pub(crate) const MAPPING: &str = "AWS::ApiGatewayV2::ApiMapping";

/// The time limit of an update.
const UPDATE_LIMIT: Duration = Duration::from_mins(5);

/// A resource in a list.
pub(crate) struct ListedResource {
    /// Its primary identifier. If that has several parts, `|` is between them.
    pub(crate) identifier: String,
    /// Its properties.
    pub(crate) properties: Value,
}

/// Returns the properties of a resource, or `None` if it does not exist.
pub(crate) async fn properties(
    client: &Client,
    resource_type: &str,
    identifier: &str,
) -> Result<Option<Value>> {
    let request = client.get_resource().type_name(resource_type).identifier(identifier);
    let response = match request.send().await {
        Ok(response) => response,
        Err(error)
            if error.as_service_error().is_some_and(GetResourceError::is_resource_not_found_exception) =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot look for {identifier} ({resource_type})"));
        }
    };
    let properties = response.resource_description.and_then(|description| description.properties);
    let properties = properties.with_context(|| format!("Cloud Control does not describe {identifier}"))?;
    let properties = serde_json::from_str(&properties);
    Ok(Some(properties.with_context(|| format!("Cloud Control describes {identifier}, but not as JSON"))?))
}

/// Returns whether a resource exists.
pub(crate) async fn exists(client: &Client, resource_type: &str, identifier: &str) -> Result<bool> {
    Ok(properties(client, resource_type, identifier).await?.is_some())
}

/// Lists the resources of a type that belong to another resource, such as the routes of an API.
///
/// `parent` has the property that refers to that resource. A list is only required to contain the identifiers, so
/// resources without the property `needed` are read one by one:
/// <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-list.html>.
pub(crate) async fn list(
    client: &Client,
    resource_type: &str,
    parent: &Value,
    needed: &str,
) -> Result<Vec<ListedResource>> {
    let request = client.list_resources().type_name(resource_type).resource_model(parent.to_string());
    let mut pages = request.into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.with_context(|| format!("cannot list the resources of {resource_type} for {parent}"))?;
        for description in page.resource_descriptions.unwrap_or_default() {
            let Some(identifier) = description.identifier else { continue };
            let known: Value = description
                .properties
                .and_then(|properties| serde_json::from_str(&properties).ok())
                .unwrap_or_default();
            let properties = if known[needed].is_null() {
                // A resource that was deleted meanwhile is not listed.
                let Some(read) = properties(client, resource_type, &identifier).await? else { continue };
                read
            } else {
                known
            };
            listed.push(ListedResource { identifier, properties });
        }
    }
    Ok(listed)
}

/// Returns whether an API mapping for `domain/key` exists.
pub(crate) async fn mapping_exists(client: &Client, name: &str) -> Result<bool> {
    let (domain, key) = name.split_once('/').context("a mapping has a domain and a key")?;
    let mappings = list(client, MAPPING, &json!({ "DomainName": domain }), "ApiMappingKey").await?;
    Ok(mappings.iter().any(|mapping| mapping.properties["ApiMappingKey"] == key))
}

/// Changes properties of a resource, and waits until they are changed.
///
/// `patch` is a JSON Patch ([RFC 6902](https://datatracker.ietf.org/doc/html/rfc6902)).
pub(crate) async fn update(
    client: &Client,
    resource_type: &str,
    identifier: &str,
    patch: &Value,
) -> Result<()> {
    let request = client
        .update_resource()
        .type_name(resource_type)
        .identifier(identifier)
        .patch_document(patch.to_string())
        .client_token(request_token("update"));
    let response = request.send().await.with_context(|| format!("cannot change {identifier}"))?;
    let started = response.progress_event.context("Cloud Control returned no progress")?;
    tokio::time::timeout(UPDATE_LIMIT, wait_for(client, started))
        .await
        .with_context(|| {
            format!("{identifier} was not changed within {} minutes", UPDATE_LIMIT.as_secs() / 60)
        })?
        .with_context(|| format!("{identifier} was not changed"))
}

async fn wait_for(client: &Client, mut progress: ProgressEvent) -> Result<()> {
    let mut pause = Duration::from_millis(200);
    loop {
        match progress.operation_status {
            Some(OperationStatus::Success) => return Ok(()),
            Some(OperationStatus::Failed | OperationStatus::CancelComplete) => {
                bail!(progress.status_message.unwrap_or("no reason given".to_owned()));
            }
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_secs(5));
        let token = progress.request_token.context("Cloud Control returned no token for the change")?;
        let response = client.get_resource_request_status().request_token(token).send().await;
        let response = response.context("cannot read the progress of the change")?;
        progress = response.progress_event.context("Cloud Control returned no progress")?;
    }
}
