//! The signed and presigned URLs that requests use.

use anyhow::{Context, Result};
use local_stack::StackFile;
use openapi::{PresignedObject, SignedFile, SignedPackage};
use reqwest::{Client, Url};
use serde::de::DeserializeOwned;

/// URLs that the API has signed; each is valid for an hour.
pub(super) struct SignedUrls {
    /// An asset in S3.
    pub(super) presigned: String,
    /// An asset behind the CDN.
    pub(super) asset: Url,
    /// A chunk behind the CDN that does not exist.
    pub(super) missing_chunk: Url,
}

impl SignedUrls {
    /// Requests new URLs.
    pub(super) async fn request(http: &Client, stack: &StackFile) -> Result<Self> {
        let parquet = ("path", stack.assets.parquet.as_str());
        let presigned: PresignedObject =
            get(http, stack, "/presign/s3", &[parquet, ("redirect", "false")]).await?;
        let file: SignedFile = get(http, stack, "/cloudfront/sign", &[parquet]).await?;
        let package = sign_package(http, stack).await?;
        Ok(Self {
            presigned: presigned.presigned_url,
            asset: file.signed_url.parse().context("the API signed an invalid URL")?,
            missing_chunk: url_in_package(&package, &format!("{}/0/99/0/0", stack.assets.zarr))?,
        })
    }
}

/// Requests a policy for all assets of the package `viewer`.
pub(crate) async fn sign_package(http: &Client, stack: &StackFile) -> Result<SignedPackage> {
    get(http, stack, "/cloudfront/sign", &[("scope", "package")]).await
}

/// Returns the URL of an asset that the policy of its package covers.
pub(crate) fn url_in_package(package: &SignedPackage, path: &str) -> Result<Url> {
    let parameters = [
        ("Policy", package.policy.as_str()),
        ("Signature", &package.signature),
        ("Key-Pair-Id", &package.key_pair_id),
        ("Hash-Algorithm", package.hash_algorithm.name()),
    ];
    Url::parse_with_params(&format!("{}{path}", package.base_url), parameters)
        .context("the API signed a policy for an invalid URL")
}

async fn get<T: DeserializeOwned>(
    http: &Client,
    stack: &StackFile,
    path: &str,
    parameters: &[(&str, &str)],
) -> Result<T> {
    let viewer = [("dataset_id", stack.dataset_id.as_str()), ("package_id", stack.packages.viewer.as_str())];
    let url = Url::parse_with_params(&format!("{}{path}", stack.api_url), viewer.iter().chain(parameters))
        .context("stack.json has no proper api_url")?;
    let token = stack.tokens.get("viewer").context("stack.json has no token of viewer")?;
    let response =
        http.get(url).bearer_auth(token).send().await.and_then(reqwest::Response::error_for_status);
    // The error of the client would name the URL, whose query is long.
    let response = response.map_err(reqwest::Error::without_url);
    response
        .with_context(|| {
            format!("the API does not sign ({path}); `cargo xtask logs --env local` has the reason")
        })?
        .json()
        .await
        .with_context(|| format!("the API responded to {path} with other JSON"))
}
