//! Every name opens in every client: signed and presigned URLs, fetched by the programs that people use.
//!
//! CloudFront verifies the signature of a URL as it arrives, and clients rewrite URLs before they send them.

pub(crate) mod chromium;
mod curl;
pub(crate) mod duckdb_wasm;
mod names;
mod python;
mod reads;
mod recorder;

use std::process::Stdio;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openapi::{SignedFile, SignedPackage};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::OnceCell;

use self::names::{REFUSED, names};
use crate::aws::Aws;
use crate::client::{Client, error_of, header, json_of};
use crate::fixture::Dataset;

/// A request for a client to send.
#[derive(Clone, Serialize)]
struct Request {
    method: &'static str,
    url: String,
    /// Whether a client that rewrites URLs is configured not to.
    as_it_is: bool,
}

/// A response.
#[derive(Deserialize)]
struct ClientResponse {
    status: u16,
    /// The size of the object in the response.
    size: usize,
    /// In base64.
    body: String,
}

/// How an object is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    File,
    Package,
    PresignedGet,
    PresignedHead,
}

/// An object with an unusual name, and a URL of it.
struct Target {
    name: String,
    way: Way,
    request: Request,
}

/// Returns the four URLs of an object for each name, in a package of their own.
async fn targets() -> Arc<Vec<Target>> {
    static TARGETS: OnceCell<Arc<Vec<Target>>> = OnceCell::const_new();
    Arc::clone(TARGETS.get_or_init(|| async { Arc::new(make_targets().await) }).await)
}

async fn make_targets() -> Vec<Target> {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let mut dataset = Dataset::create().await;
    let package = dataset.live_package("names").await;
    let common = [("dataset_id", dataset.node_id.as_str()), ("package_id", package.node_id.as_str())];
    let signed: SignedPackage = {
        let parameters = [common.as_slice(), &[("scope", "package")]].concat();
        json_of(client.get("/cloudfront/sign", &parameters).await).await
    };
    let prefix = signed.base_url.strip_prefix(&format!("{}/", client.stack.cdn_url)).unwrap().to_owned();
    let mut targets = Vec::new();
    for name in names() {
        aws.put_object(&client.stack.buckets.assets, &format!("{prefix}{name}"), content(&name).as_bytes())
            .await;
        let with = |more: &[(&'static str, &'static str)]| {
            let mut parameters: Vec<(&str, &str)> = common.to_vec();
            parameters.push(("path", &name));
            parameters.extend(more);
            parameters
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<Vec<_>>()
        };
        let get = async |path: &str, more: &[(&'static str, &'static str)]| {
            let parameters = with(more);
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
            client.get(path, &parameters).await
        };
        let file: SignedFile = json_of(get("/cloudfront/sign", &[]).await).await;
        let package: SignedPackage = json_of(get("/cloudfront/sign", &[("scope", "package")]).await).await;
        let presigned: Value = json_of(get("/presign/s3", &[("redirect", "false")]).await).await;
        let parameters = with(&[]);
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let head =
            client.request_as("viewer", Method::HEAD, "/presign/s3", &parameters).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::TEMPORARY_REDIRECT, "{name:?}");
        for (way, method, url) in [
            (Way::File, "GET", file.signed_url),
            (Way::Package, "GET", package.signed_url.unwrap()),
            (Way::PresignedGet, "GET", presigned["presigned_url"].as_str().unwrap().to_owned()),
            (Way::PresignedHead, "HEAD", header(&head, "location")),
        ] {
            let request = Request { method, url, as_it_is: false };
            targets.push(Target { name: name.clone(), way, request });
        }
    }
    targets
}

/// Runs a client with a text on its standard input, and returns its standard output. It must succeed.
async fn run_with_input(mut command: Command, input: &[u8]) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input).await.unwrap();
    drop(stdin);
    let output = process.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{command:?} failed with {}; its errors are above", output.status);
    output.stdout
}

fn content(name: &str) -> String {
    format!("the object {name}\n")
}

/// Sends all requests with a client, and checks that each gets its object. `is_lost` says which ones the client changes:
/// these must be rejected, so that no exception is left that is not needed.
async fn every_name_opens(
    client: &str,
    send: impl AsyncFnOnce(Vec<Request>) -> Vec<ClientResponse>,
    is_lost: impl Fn(&Target) -> bool,
) {
    let targets = targets().await;
    assert!(targets.len() >= 4 * 60, "{} URLs", targets.len());
    let responses = send(targets.iter().map(|target| target.request.clone()).collect()).await;
    assert_eq!(responses.len(), targets.len(), "{client}");
    let mut wrong = Vec::new();
    for (target, response) in targets.iter().zip(&responses) {
        let content = content(&target.name);
        let is_right = match target.way {
            _ if is_lost(target) => response.status == 403,
            Way::PresignedHead => response.status == 200 && response.size == content.len(),
            _ => response.status == 200 && STANDARD.decode(&response.body).unwrap() == content.as_bytes(),
        };
        if !is_right {
            wrong.push(format!("{:?} {:?}: {}", target.name, target.way, response.status));
        }
    }
    assert!(wrong.is_empty(), "{client}, {} of {}:\n{}", wrong.len(), targets.len(), wrong.join("\n"));
}

#[tokio::test]
async fn aiohttp_fetches_every_name() {
    every_name_opens("aiohttp", async |requests| python::send("aiohttp", &requests).await, is_lost_by_yarl)
        .await;
}

#[tokio::test]
async fn fsspec_fetches_every_name() {
    every_name_opens("fsspec", async |requests| python::send("fsspec", &requests).await, is_lost_by_yarl)
        .await;
}

#[tokio::test]
async fn requests_fetches_every_name() {
    every_name_opens("requests", async |requests| python::send("requests", &requests).await, |_| false).await;
}

#[tokio::test]
async fn httpx_fetches_every_name() {
    every_name_opens("httpx", async |requests| python::send("httpx", &requests).await, |_| false).await;
}

#[tokio::test]
async fn curl_fetches_every_name() {
    every_name_opens("curl", async |requests| curl::send(&requests).await, |_| false).await;
}

#[tokio::test]
async fn chromium_fetches_every_name() {
    every_name_opens("Chromium", async |requests| chromium::send(&requests).await, |_| false).await;
}

/// yarl, which aiohttp and fsspec use, decodes `%2A` in a path. The API cannot sign a raw `*`, which would be a wildcard in
/// the policy. So a client must be configured to keep the URL, or use a policy of scope `package`.
fn is_lost_by_yarl(target: &Target) -> bool {
    target.way == Way::File && target.name.contains('*')
}

#[tokio::test]
async fn path_with_a_star_opens_in_clients_that_keep_the_url() {
    let targets = targets().await;
    let stars: Vec<&Target> = targets.iter().filter(|target| is_lost_by_yarl(target)).collect();
    assert!(!stars.is_empty());
    let requests: Vec<Request> =
        stars.iter().map(|target| Request { as_it_is: true, ..target.request.clone() }).collect();
    for client in ["aiohttp", "fsspec"] {
        for (target, response) in stars.iter().zip(python::send(client, &requests).await) {
            assert_eq!(response.status, 200, "{client}: {:?}", target.name);
            assert_eq!(STANDARD.decode(&response.body).unwrap(), content(&target.name).as_bytes());
        }
    }
}

#[tokio::test]
async fn names_that_clients_change_are_rejected() {
    let client = Client::new().await;
    for (name, reason) in REFUSED {
        for path in ["/cloudfront/sign", "/presign/s3"] {
            assert_eq!(
                error_of(client.get(path, &client.asset(name)).await).await.0,
                400,
                "{name:?}: {reason}"
            );
        }
    }
}
