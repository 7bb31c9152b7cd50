//! `GET /cloudfront/sign`.

use lambda_http::http::StatusCode;
use openapi::{AssetPath, SIGNED_URL_LIFETIME_SECONDS, Scope, SignParameters, SignedFile, SignedPackage};
use signing::KeyError;

use crate::api::admission::AdmittedDataset;
use crate::api::context::ApiContext;
use crate::api::error::ApiError;
use crate::api::packages::asset_prefix;
use crate::clock;
use crate::http::Response;

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
) -> Result<Response, ApiError> {
    let target = match scope {
        Scope::File => Target::File(path.ok_or_else(|| ApiError::parameter("path", "is missing"))?),
        Scope::Package => Target::Package(path),
    };
    let cdn = context.settings.cdn.as_ref().map_err(Clone::clone)?;
    let signer = context.signer(cdn).await?;
    let prefix = asset_prefix(context, dataset, &package_id).await?;

    let expires_at = clock::unix_now() + i64::from(SIGNED_URL_LIFETIME_SECONDS);
    let url_of = |path: &AssetPath| {
        let key = path.key(prefix).map_err(|error| ApiError::parameter("path", error))?;
        Ok::<_, ApiError>(cdn.origin.url_of(&key))
    };
    let failed = |error: KeyError| ApiError::internal(error.to_string());
    let response = match target {
        Target::File(path) => {
            let signed_url = signer.sign_url(&url_of(&path)?, expires_at).map_err(failed)?;
            let body = SignedFile { signed_url: signed_url.into_exposed(), expires_at };
            Response::json(StatusCode::OK, &body)
        }
        Target::Package(path) => {
            let resource = cdn.origin.resource_below(&prefix.text());
            let policy = signer.sign_policy(&resource, expires_at).map_err(failed)?;
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
