//! Signatures that CloudFront no longer accepts.

use openapi::SignedPackage;
use signing::{BaseUrl, Resource, Signer, SigningKey};

use super::{open, open_and_show, problem, shown, sign, viewer};
use crate::browser::Page;
use crate::client::Client;
use crate::keys::private_keys_of;

/// Returns a signature that expired in 2001. The response says that it is valid, as to a client whose clock is wrong.
async fn expired(client: &Client) -> String {
    let issued = sign(client, &client.stack.dataset_id, &client.stack.packages.viewer).await;
    let pem = private_keys_of(client.stack).await.remove(0);
    let signer = Signer::new(SigningKey::from_pem(&pem, None).unwrap(), issued.key_pair_id.clone());
    let resource = Resource::everything_below(&BaseUrl::parse(&issued.base_url).unwrap());
    let policy = signer.sign_policy(&resource, 1_000_000_000).unwrap();
    let expired = SignedPackage { policy: policy.policy, signature: policy.signature, ..issued };
    serde_json::to_string(&expired).unwrap()
}

fn statuses(page: &Page, client: &Client) -> Vec<Option<u64>> {
    let cdn = page.requests(&client.stack.cdn_url).into_iter();
    cdn.filter(|request| request.method != "OPTIONS").map(|request| request.status).collect()
}

fn signatures(page: &Page) -> usize {
    page.requests("scope=package").iter().filter(|request| request.method == "GET").count()
}

#[tokio::test]
async fn expired_policy_is_renewed_once_for_all_chunks() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    let expired = expired(&client).await;
    let replaced = page.replace_next("*/cloudfront/sign*", expired).await;
    open(&page, &client.stack.assets.zarr).await;
    replaced.await;
    shown(&page).await;
    page.wait_for("/ 16 of 16 chunks/.test(document.querySelector('canvas.image').ariaLabel)").await;
    assert_eq!(signatures(&page), 2, "the expired one and one more");
    let denied = statuses(&page, &client).into_iter().filter(|status| *status == Some(403)).count();
    assert_eq!(denied, 2, "the two requests for metadata that were sent at the same time");
}

#[tokio::test]
async fn second_denial_is_shown_in_words() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    let expired = expired(&client).await;
    let replaced = page.replace("*/cloudfront/sign*", expired, 2).await;
    open(&page, &client.stack.assets.thumbnail).await;
    replaced.await;
    let problem = problem(&page).await;
    assert!(problem.contains("denied") && problem.contains("twice (403)"), "{problem}");
    assert!(problem.contains("keys status"), "it says what to do: {problem}");
    assert!(!problem.contains("Signature=") && !problem.contains("Policy="), "{problem}");
    assert_eq!(statuses(&page, &client), [Some(403), Some(403)]);
    // Nothing of it stays: the next asset opens.
    open_and_show(&page, &client.stack.assets.thumbnail).await;
    // The signature that was denied twice is still that of the reader, so it is renewed first.
    assert_eq!(signatures(&page), 3);
}

#[tokio::test]
async fn expired_token_is_shown_in_words() {
    let client = Client::new().await;
    let page = viewer(&client).await;
    let replaced = page.replace_next("*/token/*", "expired".to_owned()).await;
    open(&page, &client.stack.assets.thumbnail).await;
    replaced.await;
    let problem = problem(&page).await;
    assert!(problem.contains("403") || problem.contains("401"), "{problem}");
    open_and_show(&page, &client.stack.assets.thumbnail).await;
}
