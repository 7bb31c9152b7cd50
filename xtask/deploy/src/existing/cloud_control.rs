//! Reads resources through Cloud Control.
//!
//! It handles all types alike and returns the properties that a template has. It reads a resource with the caller's
//! permissions and with the handler that CloudFormation uses for drift detection:
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-read.html>.

use anyhow::{Context, Result};
use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::operation::get_resource::GetResourceError;
use serde_json::{Value, json};

const MAPPING: &str = "AWS::ApiGatewayV2::ApiMapping";

/// Returns the properties of a resource, or `None` if it does not exist.
pub(super) async fn properties(
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

/// Returns whether an API mapping for `domain/key` exists.
pub(super) async fn mapping_exists(client: &Client, name: &str) -> Result<bool> {
    let (domain, key) = name.split_once('/').context("a mapping has a domain and a key")?;
    let request = client.list_resources().type_name(MAPPING);
    let mut pages =
        request.resource_model(json!({ "DomainName": domain }).to_string()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("cannot list what is mapped on {domain}"))?;
        for mapping in page.resource_descriptions.unwrap_or_default() {
            // A list is only required to contain the identifiers.
            let listed = mapping.properties.as_deref().and_then(|text| serde_json::from_str(text).ok());
            let described = match (listed, mapping.identifier) {
                (Some(listed @ Value::Object(_)), _) if !listed["ApiMappingKey"].is_null() => Some(listed),
                (_, Some(identifier)) => properties(client, MAPPING, &identifier).await?,
                (_, None) => None,
            };
            if described.is_some_and(|mapping| mapping["ApiMappingKey"] == key) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
