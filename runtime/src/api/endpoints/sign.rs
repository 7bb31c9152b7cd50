//! `GET /cloudfront/sign`.

use lambda_http::http::StatusCode;
use openapi::{AssetPath, SIGNED_URL_LIFETIME_SECONDS, Scope, SignParameters, SignedFile, SignedPackage};
use signing::KeyError;

use crate::api::admission::AdmittedDataset;
use crate::api::context::ApiContext;
use crate::api::error::ApiError;
use crate::api::packages::asset_prefix;
use crate::api::record::RequestRecord;
use crate::clock;
use crate::http::Response;
use crate::key_source::LoadedKey;
use crate::telemetry;

/// What a request signs.
enum Target {
    File(AssetPath),
    Package(Option<AssetPath>),
}

/// Signs a URL, or a policy for all assets of a package.
pub(in crate::api) async fn sign(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    SignParameters { package_id, path, scope }: SignParameters,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    record.package = Some(package_id.clone());
    let target = match scope {
        Scope::File => Target::File(path.ok_or_else(|| ApiError::parameter("path", "is missing"))?),
        Scope::Package => Target::Package(path),
    };
    let cdn = context.settings.cdn.as_ref().map_err(Clone::clone)?;
    let LoadedKey { signer, created_at } = context.key(cdn).await?;
    let prefix = asset_prefix(context, dataset, &package_id).await?;

    let now = clock::unix_now();
    record.key_age = created_at.map(|created_at| now - created_at);
    let expires_at = now + i64::from(SIGNED_URL_LIFETIME_SECONDS);
    let url_of = |path: &AssetPath| {
        let key = path.key(prefix).map_err(|error| ApiError::parameter("path", error))?;
        Ok::<_, ApiError>(cdn.origin.url_of(&key))
    };
    let response = match target {
        Target::File(path) => {
            let url = url_of(&path)?;
            let signed_url = sign_with_key(|| signer.sign_url(&url, expires_at)).await?;
            let body = SignedFile { signed_url: signed_url.into_exposed(), expires_at };
            Response::json(StatusCode::OK, &body)
        }
        Target::Package(path) => {
            let resource = cdn.origin.resource_below(&prefix.text());
            let policy = sign_with_key(|| signer.sign_policy(&resource, expires_at)).await?;
            let url = path.as_ref().map(url_of).transpose()?;
            let body = SignedPackage {
                base_url: cdn.origin.url_of(&prefix.text()).to_string(),
                signed_url: url.map(|url| signer.url_with_policy(&url, &policy).into_exposed()),
                policy: policy.policy,
                signature: policy.signature,
                key_pair_id: signer.key_pair_id().to_owned(),
                hash_algorithm: signer.hash_algorithm(),
                resource: resource.to_string(),
                expires_at,
            };
            Response::json(StatusCode::OK, &body)
        }
    };
    Ok(response.not_stored())
}

/// Makes a signature, as a step of the request.
async fn sign_with_key<T>(sign: impl FnOnce() -> Result<T, KeyError>) -> Result<T, ApiError> {
    telemetry::step("sign", async { sign() }).await.map_err(|error| ApiError::Signing(error.to_string()))
}
