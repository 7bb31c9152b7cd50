//! Reads a distribution from the CloudFront API and resolves its references.

mod keys;

use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::types::{
    CacheBehavior, CacheBehaviors, CachePolicyCookieBehavior, CachePolicyHeaderBehavior,
    CachePolicyQueryStringBehavior, DefaultCacheBehavior, DistributionConfig, Headers, Origins,
};
use http::Method;
use machine::causes::with_causes;

use super::key_groups::KeyGroups;
use super::{Behavior, Distribution, PathPattern, TimeToLive};
use crate::origin::Origin;
use crate::origin::bucket_policy::BucketPolicy;
use crate::response_headers::ResponseHeaders;
use keys::KeyReader;

/// The headers that S3 needs to respond to a preflight.
const PREFLIGHT_HEADERS: [&str; 3] =
    ["origin", "access-control-request-method", "access-control-request-headers"];

/// The reason why a distribution cannot be served locally.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no distribution. On AWS, its host name would not resolve.
    #[error("no distribution is deployed")]
    NothingDeployed,
    /// The CloudFront API or S3 returned an error or did not respond.
    #[error("could not read {what}: {cause}")]
    Api {
        /// The resource that was requested.
        what: String,
        /// The error with its causes.
        cause: String,
    },
    /// The resource does not exist, or no longer exists.
    #[error("{what} does not exist: {cause}")]
    Gone {
        /// The resource that was requested.
        what: String,
        /// The error with its causes.
        cause: String,
    },
    /// The distribution is incomplete, or uses a feature that the local edge does not emulate.
    #[error("the distribution cannot be served locally: {0}")]
    Unsupported(String),
}

/// How often reading a distribution is tried while a resource is missing.
const ATTEMPTS: u32 = 5;

/// Reads distribution `id` with its policies, keys, origins and bucket policies.
///
/// This takes several calls. A concurrent deployment can remove a resource that an earlier response refers to, such
/// as a public key of a key group. Then everything is read again. On AWS, too, a viewer never sees a partial
/// deployment.
///
/// The keys are those of the key groups that the edge knows.
pub async fn read(
    client: &Client,
    s3: &aws_sdk_s3::Client,
    id: &str,
    key_groups: &mut KeyGroups,
) -> Result<Distribution, ReadError> {
    for _ in 1..ATTEMPTS {
        match read_once(client, s3, id, key_groups).await {
            Err(ReadError::Gone { .. }) => {}
            outcome => return outcome,
        }
    }
    read_once(client, s3, id, key_groups).await
}

async fn read_once(
    client: &Client,
    s3: &aws_sdk_s3::Client,
    id: &str,
    key_groups: &mut KeyGroups,
) -> Result<Distribution, ReadError> {
    let distribution = client
        .get_distribution()
        .id(id)
        .send()
        .await
        .map_err(|error| api(format!("distribution {id}"), &error))?
        .distribution
        .ok_or_else(|| unsupported("CloudFront returned no description of it"))?;
    let config = distribution.distribution_config().ok_or_else(|| unsupported("it has no configuration"))?;
    if !config.enabled() {
        return Err(unsupported("it is disabled"));
    }
    let keys = KeyReader::new(client, key_groups);
    let mut reader = Reader { client, s3, arn: distribution.arn(), config, keys };
    let mut behaviors = Vec::new();
    for behavior in config.cache_behaviors().map(CacheBehaviors::items).unwrap_or_default() {
        let pattern = PathPattern::new(behavior.path_pattern());
        behaviors.push((pattern, reader.behavior(&behavior.into()).await?));
    }
    let default = config.default_cache_behavior().ok_or_else(|| unsupported("it has no default behavior"))?;
    Ok(Distribution {
        behaviors,
        default_behavior: reader.behavior(&default.into()).await?,
        default_root_object: config
            .default_root_object()
            .filter(|object| !object.is_empty())
            .map(str::to_owned),
    })
}

/// The fields that the default behavior and path-based behaviors share.
struct Reference<'a> {
    origin: &'a str,
    key_groups: &'a [String],
    trusts_accounts: bool,
    runs_functions: bool,
    methods: Vec<Method>,
    cache_policy: Option<&'a str>,
    origin_request_policy: Option<&'a str>,
    response_headers_policy: Option<&'a str>,
}

macro_rules! reference_from {
    ($shape:ty) => {
        impl<'a> From<&'a $shape> for Reference<'a> {
            fn from(behavior: &'a $shape) -> Self {
                Self {
                    origin: behavior.target_origin_id(),
                    key_groups: behavior
                        .trusted_key_groups()
                        .filter(|groups| groups.enabled())
                        .map(|groups| groups.items())
                        .unwrap_or_default(),
                    trusts_accounts: behavior.trusted_signers().is_some_and(|all| all.enabled()),
                    runs_functions: behavior.function_associations().is_some_and(|all| all.quantity() > 0)
                        || behavior.lambda_function_associations().is_some_and(|all| all.quantity() > 0),
                    methods: behavior
                        .allowed_methods()
                        .map(|methods| methods.items())
                        .unwrap_or_default()
                        .iter()
                        .filter_map(|method| method.as_str().parse().ok())
                        .collect(),
                    cache_policy: behavior.cache_policy_id(),
                    origin_request_policy: behavior.origin_request_policy_id(),
                    response_headers_policy: behavior.response_headers_policy_id(),
                }
            }
        }
    };
}
reference_from!(CacheBehavior);
reference_from!(DefaultCacheBehavior);

struct Reader<'a> {
    client: &'a Client,
    s3: &'a aws_sdk_s3::Client,
    arn: &'a str,
    config: &'a DistributionConfig,
    keys: KeyReader<'a>,
}

impl Reader<'_> {
    async fn behavior(&mut self, reference: &Reference<'_>) -> Result<Behavior, ReadError> {
        if reference.trusts_accounts {
            return Err(unsupported("it trusts signers by account; only key groups are emulated"));
        }
        if reference.runs_functions {
            return Err(unsupported("it runs functions at the edge"));
        }
        let allowed_methods = if reference.methods.is_empty() {
            vec![Method::GET, Method::HEAD]
        } else {
            reference.methods.clone()
        };
        Ok(Behavior {
            allowed_methods,
            trusted_keys: self.keys.trusted_keys(reference.key_groups).await?,
            ttl: self.cache_policy(reference.cache_policy).await?,
            response_headers: self.response_headers(reference.response_headers_policy).await?,
            forwards_preflight: self.forwards_preflight(reference.origin_request_policy).await?,
            origin: self.origin(reference.origin).await?,
        })
    }

    async fn cache_policy(&self, id: Option<&str>) -> Result<TimeToLive, ReadError> {
        let id = id.ok_or_else(|| unsupported("a behavior has no cache policy"))?;
        let config = self
            .client
            .get_cache_policy()
            .id(id)
            .send()
            .await
            .map_err(|error| api(format!("cache policy {id}"), &error))?
            .cache_policy
            .and_then(|policy| policy.cache_policy_config)
            .ok_or_else(|| unsupported(format!("cache policy {id} is empty")))?;
        if let Some(key) = config.parameters_in_cache_key_and_forwarded_to_origin() {
            let plain = key
                .headers_config()
                .is_none_or(|all| *all.header_behavior() == CachePolicyHeaderBehavior::None)
                && key
                    .cookies_config()
                    .is_none_or(|all| *all.cookie_behavior() == CachePolicyCookieBehavior::None)
                && key
                    .query_strings_config()
                    .is_none_or(|all| *all.query_string_behavior() == CachePolicyQueryStringBehavior::None);
            if !plain {
                return Err(unsupported(format!(
                    "cache policy {} keys by query string, header or cookie",
                    config.name()
                )));
            }
        }
        let seconds = |value: i64| Duration::from_secs(u64::try_from(value).unwrap_or_default());
        Ok(TimeToLive {
            minimum: seconds(config.min_ttl()),
            default: seconds(config.default_ttl().unwrap_or(86_400)),
            maximum: seconds(config.max_ttl().unwrap_or(31_536_000)),
        })
    }

    async fn response_headers(&self, id: Option<&str>) -> Result<Option<ResponseHeaders>, ReadError> {
        let Some(id) = id else {
            return Ok(None);
        };
        let config = self
            .client
            .get_response_headers_policy()
            .id(id)
            .send()
            .await
            .map_err(|error| api(format!("response headers policy {id}"), &error))?
            .response_headers_policy
            .and_then(|policy| policy.response_headers_policy_config);
        Ok(config.as_ref().map(ResponseHeaders::from))
    }

    async fn forwards_preflight(&self, policy: Option<&str>) -> Result<bool, ReadError> {
        let Some(id) = policy else {
            return Ok(false);
        };
        let config = self
            .client
            .get_origin_request_policy()
            .id(id)
            .send()
            .await
            .map_err(|error| api(format!("origin request policy {id}"), &error))?
            .origin_request_policy
            .and_then(|policy| policy.origin_request_policy_config);
        let forwarded: Vec<String> = config
            .as_ref()
            .and_then(|config| config.headers_config())
            .and_then(|headers| headers.headers())
            .map(Headers::items)
            .unwrap_or_default()
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        Ok(PREFLIGHT_HEADERS.iter().all(|name| forwarded.iter().any(|found| found == name)))
    }

    async fn origin(&self, id: &str) -> Result<Origin, ReadError> {
        let origin = self
            .config
            .origins()
            .map(Origins::items)
            .unwrap_or_default()
            .iter()
            .find(|origin| origin.id() == id)
            .ok_or_else(|| unsupported(format!("there is no origin {id}")))?;
        let bucket = bucket_of(origin.domain_name())
            .ok_or_else(|| unsupported(format!("origin {id} is no S3 bucket")))?;
        let control = origin.origin_access_control_id().filter(|id| !id.is_empty()).ok_or_else(|| {
            unsupported(format!("origin {id} has no origin access control, S3 would say 403"))
        })?;
        let control = self
            .client
            .get_origin_access_control()
            .id(control)
            .send()
            .await
            .map_err(|error| api(format!("origin access control {control}"), &error))?
            .origin_access_control
            .and_then(|control| control.origin_access_control_config);
        let signs = control.is_some_and(|config| {
            config.signing_behavior().as_str() == "always"
                && config.signing_protocol().as_str() == "sigv4"
                && config.origin_access_control_origin_type().as_str() == "s3"
        });
        if !signs {
            return Err(unsupported(format!("origin {id} does not always sign for S3")));
        }
        let policy = self.bucket_policy(&bucket).await?;
        Ok(Origin { bucket, path: origin.origin_path().unwrap_or_default().to_owned(), policy })
    }

    async fn bucket_policy(&self, bucket: &str) -> Result<BucketPolicy, ReadError> {
        match self.s3.get_bucket_policy().bucket(bucket).send().await {
            Ok(found) => BucketPolicy::parse(found.policy().unwrap_or_default(), bucket, self.arn)
                .ok_or_else(|| unsupported(format!("the policy of bucket {bucket} is malformed"))),
            // Without a bucket policy, CloudFront has no permissions.
            Err(error) if error.as_service_error().is_some() => Ok(BucketPolicy::default()),
            Err(error) => Err(api(format!("the policy of bucket {bucket}"), &error)),
        }
    }
}

/// Returns the bucket of an S3 domain.
///
/// The domain has the form `bucket.s3.region.amazonaws.com` or an older one.
fn bucket_of(domain: &str) -> Option<String> {
    let host = domain.strip_suffix(".cn").unwrap_or(domain).strip_suffix("amazonaws.com")?;
    let at = host.rfind(".s3.").or_else(|| host.rfind(".s3-"))?;
    let bucket = &host[..at];
    (!bucket.is_empty()).then(|| bucket.to_owned())
}

fn api<E>(what: String, error: &SdkError<E>) -> ReadError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let cause = with_causes(error);
    // The code depends on the type of the resource: NoSuchPublicKey, NoSuchCachePolicy, NoSuchResource.
    if error.code().is_some_and(|code| code.starts_with("NoSuch")) {
        ReadError::Gone { what, cause }
    } else {
        ReadError::Api { what, cause }
    }
}

fn unsupported(reason: impl Into<String>) -> ReadError {
    ReadError::Unsupported(reason.into())
}

#[cfg(test)]
mod tests {
    use super::bucket_of;

    #[test]
    fn buckets_of_origin_domains() {
        let bucket = |domain| bucket_of(domain);
        assert_eq!(bucket("a.b.s3.us-east-1.amazonaws.com").as_deref(), Some("a.b"));
        assert_eq!(bucket("a.s3.amazonaws.com").as_deref(), Some("a"));
        assert_eq!(bucket("a.s3-eu-west-1.amazonaws.com").as_deref(), Some("a"));
        assert_eq!(bucket("a.s3.cn-north-1.amazonaws.com.cn").as_deref(), Some("a"));
        assert_eq!(bucket("example.com"), None);
        assert_eq!(bucket(".s3.amazonaws.com"), None);
    }
}
