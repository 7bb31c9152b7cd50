//! Looks up names of CloudFront resources, which CloudFront identifies by generated IDs.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{CachePolicyType, ResponseHeadersPolicyType};

/// A kind of resource with names that are unique in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    CachePolicy,
    KeyGroup,
    OriginAccessControl,
    PublicKey,
    ResponseHeadersPolicy,
}

/// Some of the names, and the marker of the next page.
type Page = (Vec<String>, Option<String>);

/// Returns all names of a kind in the account.
pub(crate) async fn names(client: &Client, kind: Kind) -> Result<BTreeSet<String>> {
    let (mut names, mut marker) = (BTreeSet::new(), None);
    loop {
        let page = page(client, kind, marker).await;
        let (found, next) =
            page.with_context(|| format!("cannot list resources of CloudFront ({kind:?})"))?;
        names.extend(found);
        marker = next.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn page(client: &Client, kind: Kind, marker: Option<String>) -> Result<Page> {
    Ok(match kind {
        Kind::CachePolicy => {
            let request = client.list_cache_policies().r#type(CachePolicyType::Custom);
            let list = request.set_marker(marker).send().await?.cache_policy_list.context("no list")?;
            let items = list.items.unwrap_or_default().into_iter();
            let name = |policy: aws_sdk_cloudfront::types::CachePolicySummary| {
                Some(policy.cache_policy?.cache_policy_config?.name)
            };
            (items.filter_map(name).collect(), list.next_marker)
        }
        Kind::ResponseHeadersPolicy => {
            let request = client.list_response_headers_policies().r#type(ResponseHeadersPolicyType::Custom);
            let response = request.set_marker(marker).send().await?;
            let list = response.response_headers_policy_list.context("no list")?;
            let items = list.items.unwrap_or_default().into_iter();
            let name = |policy: aws_sdk_cloudfront::types::ResponseHeadersPolicySummary| {
                Some(policy.response_headers_policy?.response_headers_policy_config?.name)
            };
            (items.filter_map(name).collect(), list.next_marker)
        }
        Kind::KeyGroup => {
            let request = client.list_key_groups().set_marker(marker);
            let list = request.send().await?.key_group_list.context("no list")?;
            let items = list.items.unwrap_or_default().into_iter();
            let name = |group: aws_sdk_cloudfront::types::KeyGroupSummary| {
                Some(group.key_group?.key_group_config?.name)
            };
            (items.filter_map(name).collect(), list.next_marker)
        }
        Kind::PublicKey => {
            let request = client.list_public_keys().set_marker(marker);
            let list = request.send().await?.public_key_list.context("no list")?;
            (list.items.unwrap_or_default().into_iter().map(|key| key.name).collect(), list.next_marker)
        }
        Kind::OriginAccessControl => {
            let request = client.list_origin_access_controls().set_marker(marker);
            let list = request.send().await?.origin_access_control_list.context("no list")?;
            let names = list.items.unwrap_or_default().into_iter().map(|control| control.name);
            (names.collect(), list.next_marker)
        }
    })
}
