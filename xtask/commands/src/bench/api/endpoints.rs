//! The requests to each endpoint, in each of its modes.

use anyhow::{Context, Result};
use local_stack::StackFile;
use serde_json::{Value, json};

use super::ApiFunctions;
use super::endpoint::Endpoint;
use super::event::{event, sign_event, with_method};
use crate::bench::single_function::SingleFunction;

/// Returns all requests.
pub(super) async fn all<'a>(
    functions: &'a ApiFunctions,
    authorizer: &'a SingleFunction,
    stack: &StackFile,
) -> Result<Vec<Endpoint<'a>>> {
    let mut endpoints = signatures(functions, stack);
    let function = &functions.ec_sha256;
    let viewer = ("package_id", stack.packages.viewer.as_str());
    let asset = [viewer, ("path", stack.assets.thumbnail.as_str())];
    let asset_in_json = [asset[0], asset[1], ("redirect", "false")];
    let presigned_url = presigned_url(function, stack, &asset_in_json).await?;
    endpoints.extend(presigned_urls(function, stack, asset, &presigned_url)?);
    endpoints.extend(proxied(function, stack, &presigned_url)?);
    let mut restore = with_method("POST", event("/restore", stack, &[]));
    restore["body"] =
        json!(json!({"nodeIds": ["N:package:00000000-0000-4000-8000-000000000000"]}).to_string());
    let restore = Endpoint::new("/restore that finds nothing", function, restore, 200, 2);
    endpoints.push(restore.allow(200).older(0.79, Some(15.4)));
    endpoints.push(admission(authorizer, stack)?);
    Ok(endpoints)
}

/// Returns requests for signed URLs, with each kind of key.
fn signatures<'a>(functions: &'a ApiFunctions, stack: &StackFile) -> Vec<Endpoint<'a>> {
    let sign = sign_event(stack);
    let viewer = stack.packages.viewer.as_str();
    let package = event("/cloudfront/sign", stack, &[("package_id", viewer), ("scope", "package")]);
    let ApiFunctions { ec_sha256, ec_sha1, rsa_sha256, rsa_sha1 } = functions;
    let endpoint = |name, function, event: &Value, allowance| {
        Endpoint::new(name, function, event.clone(), 200, 1).allow(allowance)
    };
    let file = |name, function, allowance| endpoint(name, function, &sign, allowance).older(1.64, Some(6.8));
    vec![
        file("/cloudfront/sign, EC-SHA256", ec_sha256, 100),
        file("/cloudfront/sign, EC-SHA1", ec_sha1, 200),
        file("/cloudfront/sign, RSA-SHA256", rsa_sha256, 550),
        file("/cloudfront/sign, RSA-SHA1", rsa_sha1, 2800),
        endpoint("/cloudfront/sign of a package, EC-SHA256", ec_sha256, &package, 100),
    ]
}

/// Returns requests for presigned URLs.
fn presigned_urls<'a>(
    function: &'a SingleFunction,
    stack: &StackFile,
    asset: [(&str, &str); 2],
    presigned_url: &str,
) -> Result<Vec<Endpoint<'a>>> {
    let in_json = ("redirect", "false");
    let asset_in_json = [asset[0], asset[1], in_json];
    let file = [("package_id", stack.packages.live_file.as_str()), in_json];
    let get = |parameters: &[(&str, &str)]| event("/presign/s3", stack, parameters);
    let head = |parameters: &[(&str, &str)]| with_method("HEAD", get(parameters));
    let endpoint = |name, event, status| Endpoint::new(name, function, event, status, 1);
    Ok(vec![
        endpoint("/presign/s3 of a file", get(&file), 200).allow(100).older(0.79, Some(6.1)),
        endpoint("/presign/s3 of an asset", get(&asset_in_json), 200).allow(100).older(0.79, Some(6.1)),
        endpoint("/presign/s3 of an asset, redirect", get(&asset), 307).allow(100),
        endpoint("HEAD /presign/s3 of an asset, redirect", head(&asset), 307).allow(100),
        endpoint("HEAD /presign/s3 of an asset", head(&asset_in_json), 200).reading(presigned_url)?,
    ])
}

/// Returns requests for presigned URLs that are passed on.
fn proxied<'a>(
    function: &'a SingleFunction,
    stack: &StackFile,
    presigned_url: &str,
) -> Result<Vec<Endpoint<'a>>> {
    let get = event("/proxy/s3", stack, &[("presigned_url", presigned_url)]);
    let head = with_method("HEAD", get.clone());
    Ok(vec![
        Endpoint::new("/proxy/s3", function, get, 307, 0).allow(50).older(0.22, None),
        Endpoint::new("HEAD /proxy/s3, redirect", function, head, 307, 0).reading(presigned_url)?,
    ])
}

/// Returns a request to the authorizer, and one without a token.
fn admission<'a>(authorizer: &'a SingleFunction, stack: &StackFile) -> Result<Endpoint<'a>> {
    let rejected = event("/presign/s3", stack, &[("package_id", stack.packages.live_file.as_str())]);
    let mut admitted = rejected.clone();
    let token = stack.tokens.get("editor").context("stack.json has no token of the editor")?;
    admitted["headers"] = json!({"authorization": format!("Bearer {token}")});
    Ok(Endpoint::admission("the authorizer", authorizer, admitted, rejected, 2))
}

async fn presigned_url(
    function: &SingleFunction,
    stack: &StackFile,
    asset: &[(&str, &str)],
) -> Result<String> {
    let (response, _) = function.invoke(&event("/presign/s3", stack, asset)).await?;
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default())?;
    Ok(body["presigned_url"].as_str().context("the function presigned nothing")?.to_owned())
}
