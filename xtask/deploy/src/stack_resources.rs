//! Lists the resources of a deployed stack.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackResourceSummary;

/// Returns all resources of a stack.
pub(crate) async fn list(client: &Client, stack_name: &str) -> Result<Vec<StackResourceSummary>> {
    let mut resources = Vec::new();
    let mut token = None;
    loop {
        let page = client.list_stack_resources().stack_name(stack_name).set_next_token(token).send().await;
        let page = page.with_context(|| format!("cannot list the resources of the stack {stack_name}"))?;
        resources.extend(page.stack_resource_summaries.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(resources);
        }
    }
}

/// Returns the physical IDs of resources, by logical ID.
pub(crate) fn physical_ids(resources: &[StackResourceSummary]) -> BTreeMap<&str, &str> {
    resources
        .iter()
        .filter_map(|resource| Some((resource.logical_resource_id()?, resource.physical_resource_id()?)))
        .collect()
}
