//! Signing keys that change while viewers open URLs.
//!
//! The tests share two stacks and change their keys, one test at a time; each of them leaves one active key. After a test
//! that failed, the next one gets a new stack.

mod changed_parameter;
mod command;
mod emergency;
mod import;
mod overlap;
mod rotation;
mod secrecy;
mod viewer;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;

use self::command::status;
use self::viewer::Viewer;
use crate::aws::Aws;
use crate::client::Client;
use crate::stack::{Running, Stack};
use crate::turns::{Turn, Turns};
use crate::waiting::eventually;

const PARAMETERS: &str = "/local/packages-service/cloudfront";

/// Two stacks, because these tests take the longest.
static TURNS: [Turns; 2] = [Turns::for_stack("keys"), Turns::for_stack("more-keys")];

/// Returns a stack with one active key, for one test at a time.
async fn turn() -> (&'static Running, Turn) {
    let turn = Turns::next_of(&TURNS).await;
    // The test before may have changed the keys.
    wait_until_the_key_signs(&Client::for_stack(&turn.running.stack)).await;
    (turn.running, turn)
}

/// Waits until the local functions sign with a key that CloudFront trusts.
pub(crate) async fn wait_until_the_key_signs(client: &Client) {
    let signs = eventually("the key signs", async || {
        (client.open_signed(&client.stack.assets.thumbnail).await == StatusCode::OK).then_some(())
    });
    signs.await;
}

/// Returns the private halves of all keys, in PEM.
async fn private_keys(running: &'static Running) -> Vec<String> {
    private_keys_of(&running.stack).await
}

/// Returns the private halves of all keys of a stack, in PEM.
pub(crate) async fn private_keys_of(stack: &'static Stack) -> Vec<String> {
    let keys = Aws::for_stack(stack).parameters_below(&format!("{PARAMETERS}/private-key")).await;
    keys.iter().map(|key| String::from_utf8(STANDARD.decode(key).unwrap()).unwrap()).collect()
}

/// Checks that one key signs, is trusted, and is the only one with parameters; returns its fingerprint.
async fn assert_settled(running: &'static Running) -> String {
    let (code, status) = status(running).await;
    assert_eq!((code, &status["phase"]), (Some(0), &"settled".into()), "{status:#}");
    assert_eq!(status["keys"].as_array().unwrap().len(), 1, "{status:#}");
    let key = &status["keys"][0];
    assert_eq!((&key["signs"], &key["trusted"]), (&true.into(), &true.into()), "{status:#}");
    assert_eq!(private_keys(running).await.len(), 1);
    key["fingerprint"].as_str().unwrap().to_owned()
}

/// Checks that everything that a viewer opened was served.
async fn assert_all_served(viewer: Viewer) {
    viewer.wait_for_another_round().await;
    let results = viewer.stop().await;
    assert_eq!(results.rejected, Vec::<String>::new(), "of {}", results.opened);
}

/// Waits until the CDN responds to a URL with a status.
async fn wait_for_status(client: &Client, url: &str, status: StatusCode) {
    eventually("the edge has the deployed keys", async || {
        (client.open(url).await.status() == status).then_some(())
    })
    .await;
}

/// Returns a new EC key in PEM.
pub(crate) fn ec_private_key() -> String {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    pem::encode(&pem::Pem::new("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref()))
}
