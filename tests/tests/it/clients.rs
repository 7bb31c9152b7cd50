//! Every name opens in every client: signed URLs and presigned ones, fetched by the programs that people use.
//!
//! CloudFront checks the signature of a URL as it arrives, and clients rewrite URLs before they send them.

mod chromium;
mod curl;
mod names;
mod python;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openapi::{SignedFile, SignedPackage};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

use self::names::{REFUSED, names};
use crate::aws::Aws;
use crate::client::{Client, header, json_of, refusal};
use crate::fixture::Dataset;

/// A request that a client is to send.
#[derive(Clone, Serialize)]
struct Request {
    method: &'static str,
    url: String,
    /// Whether a client that rewrites URLs is told not to.
    as_it_is: bool,
}

/// What it was answered.
#[derive(Deserialize)]
struct Answer {
    status: u16,
    /// What the answer says of the object's size.
    size: usize,
    /// In base64.
    body: String,
}

/// How an object is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    File,
    Package,
    PresignedGet,
    PresignedHead,
}

/// An object under an awkward name, and a URL of it.
struct Target {
    name: String,
    way: Way,
    request: Request,
}

/// An own package with an object under each name, and the four URLs of each.
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

fn content(name: &str) -> String {
    format!("the object {name}\n")
}

/// Sends all requests with a client, and looks that each gets its object. `is_lost` tells which the client cannot send
/// as they are by itself: these must be refused, so that the exception is known to be one.
async fn every_name_opens(
    client: &str,
    send: impl AsyncFnOnce(Vec<Request>) -> Vec<Answer>,
    is_lost: impl Fn(&Target) -> bool,
) {
    let targets = targets().await;
    assert!(targets.len() >= 4 * 60, "{} URLs", targets.len());
    let answers = send(targets.iter().map(|target| target.request.clone()).collect()).await;
    assert_eq!(answers.len(), targets.len(), "{client}");
    let mut wrong = Vec::new();
    for (target, answer) in targets.iter().zip(&answers) {
        let content = content(&target.name);
        let is_right = match target.way {
            _ if is_lost(target) => answer.status == 403,
            Way::PresignedHead => answer.status == 200 && answer.size == content.len(),
            _ => answer.status == 200 && STANDARD.decode(&answer.body).unwrap() == content.as_bytes(),
        };
        if !is_right {
            wrong.push(format!("{:?} {:?}: {}", target.name, target.way, answer.status));
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

/// yarl, with which aiohttp and fsspec send, decodes `%2A` in a path. The API cannot sign a raw `*`, which would make a
/// wildcard of the policy. So a client must be told to leave the URL as it is, or use a policy of scope `package`.
fn is_lost_by_yarl(target: &Target) -> bool {
    target.way == Way::File && target.name.contains('*')
}

#[tokio::test]
async fn a_star_opens_in_clients_that_leave_the_url_as_it_is() {
    let targets = targets().await;
    let stars: Vec<&Target> = targets.iter().filter(|target| is_lost_by_yarl(target)).collect();
    assert!(!stars.is_empty());
    let requests: Vec<Request> =
        stars.iter().map(|target| Request { as_it_is: true, ..target.request.clone() }).collect();
    for client in ["aiohttp", "fsspec"] {
        for (target, answer) in stars.iter().zip(python::send(client, &requests).await) {
            assert_eq!(answer.status, 200, "{client}: {:?}", target.name);
            assert_eq!(STANDARD.decode(&answer.body).unwrap(), content(&target.name).as_bytes());
        }
    }
}

#[tokio::test]
async fn names_that_clients_do_not_keep_are_refused() {
    let client = Client::new().await;
    for (name, reason) in REFUSED {
        for path in ["/cloudfront/sign", "/presign/s3"] {
            assert_eq!(
                refusal(client.get(path, &client.asset(name)).await).await.0,
                400,
                "{name:?}: {reason}"
            );
        }
    }
}
