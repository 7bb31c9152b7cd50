//! `GET /cloudfront/sign`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use openapi::{SIGNED_URL_LIFETIME_SECONDS, SignedFile, SignedPackage};
use zeroize::Zeroizing;

use super::super::error::ApiError;
use super::super::response::Response;
use super::super::{AdmittedDataset, ApiFunction, Request};
use crate::configuration::CdnSettings;
use crate::sdk_error::failure;
use crate::signing::{Signer, SigningKey};
use openapi::AssetPath;

/// What is signed.
enum Scope {
    File(AssetPath),
    Package(Option<AssetPath>),
}

impl ApiFunction {
    /// Sign one URL, or a policy over all assets of a package.
    pub(in crate::api) async fn sign_assets(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let package_id = request.query.node_id("package_id")?;
        let scope = request.scope()?;
        let cdn = self.settings.cdn.as_ref().map_err(Clone::clone)?;
        let signing = self.signer(cdn).await?;
        let prefix = self.asset_prefix(&dataset, package_id).await?;

        let expires_at = Utc::now().timestamp() + i64::from(SIGNED_URL_LIFETIME_SECONDS);
        let url_of = |path: &AssetPath| {
            let key = path.key(prefix).map_err(|error| ApiError::parameter("path", error))?;
            Ok::<_, ApiError>(cdn.origin.url_of(&key))
        };
        let failed = |error: crate::signing::KeyError| ApiError::internal(error.to_string());
        let response = match scope {
            Scope::File(path) => {
                let signed_url = signing.sign_url(&url_of(&path)?, expires_at).map_err(failed)?;
                Response::json(200, &SignedFile { signed_url: signed_url.into_exposed(), expires_at })
            }
            Scope::Package(path) => {
                let resource = cdn.origin.resource_below(&prefix.text());
                let signed = signing.sign_policy(&resource, expires_at).map_err(failed)?;
                let signed_url = match path {
                    Some(path) => Some(signing.url_with_policy(&url_of(&path)?, &signed).into_exposed()),
                    None => None,
                };
                Response::json(
                    200,
                    &SignedPackage {
                        base_url: cdn.origin.url_of(&prefix.text()).to_string(),
                        policy: signed.policy,
                        signature: signed.signature,
                        key_pair_id: signing.key_pair_id().to_owned(),
                        hash_algorithm: signing.hash_algorithm(),
                        resource: resource.to_string(),
                        expires_at,
                        signed_url,
                    },
                )
            }
        };
        Ok(response.not_stored())
    }

    /// The signer, read once per container; a read that failed is tried again by the next request.
    async fn signer(&self, cdn: &CdnSettings) -> Result<&Signer, ApiError> {
        self.signer.get_or_try_init(|| self.load_signer(cdn)).await
    }

    async fn load_signer(&self, cdn: &CdnSettings) -> Result<Signer, ApiError> {
        let ssm = aws_sdk_ssm::Client::new(self.aws.configuration().await);
        let name = &cdn.private_key_parameter;
        let answer = ssm.get_parameter().name(name).with_decryption(true).send().await.map_err(|error| {
            ApiError::Unavailable(format!("parameter {name}: {}", failure("GetParameter", &error)))
        })?;
        let unusable = |problem: &dyn std::fmt::Display| {
            ApiError::Unavailable(format!("the signing key in parameter {name} is unusable: {problem}"))
        };
        let value = answer.parameter.and_then(|parameter| parameter.value).map(Zeroizing::new);
        let value = value.ok_or_else(|| unusable(&"it has no value"))?;
        let compact = Zeroizing::new(value.split_ascii_whitespace().collect::<String>());
        let pem = STANDARD.decode(compact.as_bytes()).map_err(|_| unusable(&"it is not base64"))?;
        let pem = Zeroizing::new(pem);
        let pem = std::str::from_utf8(&pem).map_err(|_| unusable(&"it is not the base64 of a PEM"))?;
        let key = SigningKey::from_pem(pem, cdn.hash).map_err(|error| unusable(&error))?;
        Ok(Signer::new(key, cdn.key_pair_id.clone()))
    }
}

impl Request {
    /// The asset that `path` names, if there is a `path`.
    pub(in crate::api) fn asset_path(&self) -> Result<Option<AssetPath>, ApiError> {
        let path = self.query.not_blank("path")?;
        path.map(AssetPath::parse).transpose().map_err(|error| ApiError::parameter("path", error))
    }

    fn scope(&self) -> Result<Scope, ApiError> {
        match self.query.not_blank("scope")? {
            None | Some("file") => {
                let path = self.asset_path()?.ok_or_else(|| ApiError::parameter("path", "is missing"))?;
                Ok(Scope::File(path))
            }
            Some("package") => Ok(Scope::Package(self.asset_path()?)),
            Some(_) => Err(ApiError::parameter("scope", "must be `file` or `package`")),
        }
    }
}
