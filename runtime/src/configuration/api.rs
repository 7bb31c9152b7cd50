//! The settings of the API function.

use openapi::{HashAlgorithm, variables};
use signing::CdnOrigin;

use super::common::Common;
use super::variables::{Setting, Variables};
use crate::key_source::KeySource;

/// The settings of the API function.
pub struct ApiSettings {
    /// The settings that all functions have.
    pub common: Common,
    /// The bucket of the viewer assets.
    pub assets_bucket: Setting<String>,
    /// The URL of the restore queue.
    pub restore_queue_url: Setting<String>,
    /// The distribution and its signing key.
    pub cdn: Setting<CdnSettings>,
    /// The buckets of `/proxy/s3`.
    pub proxy_buckets: Setting<AllowedBuckets>,
}

/// The distribution and its signing key.
#[derive(Clone, Debug)]
pub struct CdnSettings {
    /// The origin of the distribution.
    pub origin: CdnOrigin,
    /// The place of the signing key.
    pub key: KeySource,
}

/// The buckets of `/proxy/s3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBuckets {
    /// Any bucket, which requires an explicit `*`.
    Any,
    /// These buckets.
    Only(Vec<String>),
}

impl AllowedBuckets {
    /// Returns whether a bucket is allowed.
    pub fn allows(&self, bucket: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(buckets) => buckets.iter().any(|allowed| allowed == bucket),
        }
    }

    fn read(variables: &Variables) -> Setting<Self> {
        let Some(list) = variables.optional(variables::PROXY_ALLOWED_BUCKETS) else {
            return Ok(Self::Only(vec![variables.required(variables::VIEWER_ASSETS_BUCKET)?]));
        };
        let buckets: Vec<String> =
            list.split(',').map(str::trim).filter(|bucket| !bucket.is_empty()).map(str::to_owned).collect();
        Ok(if buckets.iter().any(|bucket| bucket == "*") { Self::Any } else { Self::Only(buckets) })
    }
}

impl ApiSettings {
    /// Reads the variables.
    pub fn read(variables: &Variables) -> Self {
        Self {
            common: Common::read(variables),
            assets_bucket: variables.required(variables::VIEWER_ASSETS_BUCKET),
            restore_queue_url: variables.required(variables::RESTORE_PACKAGE_QUEUE_URL),
            cdn: CdnSettings::read(variables),
            proxy_buckets: AllowedBuckets::read(variables),
        }
    }
}

impl CdnSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        let origin = |domain: &str| CdnOrigin::parse(domain).ok();
        let key_pair_id =
            |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| id.to_owned());
        let hash =
            variables.optional_parsed(variables::CLOUDFRONT_HASH_ALGORITHM, HashAlgorithm::from_name)?;
        Ok(Self {
            origin: variables.parsed(variables::CLOUDFRONT_DISTRIBUTION_DOMAIN, origin)?,
            key: KeySource {
                key_pair_id: variables.parsed(variables::CLOUDFRONT_KEY_ID, key_pair_id)?,
                parameter: variables.required(variables::CLOUDFRONT_PRIVATE_KEY_SSM_PARAM)?,
                hash,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::DatabaseSettings;
    use super::{AllowedBuckets, ApiSettings, Variables};

    #[test]
    fn blank_list_allows_only_the_assets_bucket_and_a_star_allows_any() {
        let allowed = |list| {
            let pairs = [("VIEWER_ASSETS_BUCKET", "assets"), ("PROXY_ALLOWED_BUCKETS", list)];
            AllowedBuckets::read(&Variables::from_pairs(pairs)).unwrap()
        };
        assert_eq!(allowed(" "), AllowedBuckets::Only(vec!["assets".to_owned()]));
        assert_eq!(allowed("a, b"), AllowedBuckets::Only(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(allowed("a,*"), AllowedBuckets::Any);
        assert_eq!(allowed(" , "), AllowedBuckets::Only(vec![]));
        let nothing = AllowedBuckets::read(&Variables::from_pairs([]));
        assert_eq!(nothing.unwrap_err().name, "VIEWER_ASSETS_BUCKET");
    }

    #[test]
    fn missing_variable_of_one_endpoint_does_not_affect_others() {
        let settings = ApiSettings::read(&Variables::from_pairs([
            ("ENV", "dev"),
            ("RDS_PROXY_ENDPOINT", "proxy.example"),
            ("VIEWER_ASSETS_BUCKET", "assets"),
            ("CLOUDFRONT_DISTRIBUTION_DOMAIN", "d1.cloudfront.net"),
            ("CLOUDFRONT_KEY_ID", "K1"),
            ("CLOUDFRONT_HASH_ALGORITHM", "MD5"),
        ]));
        assert_eq!(settings.assets_bucket.unwrap(), "assets");
        assert_eq!(settings.cdn.unwrap_err().to_string(), "CLOUDFRONT_HASH_ALGORITHM is malformed");
        assert_eq!(settings.restore_queue_url.unwrap_err().name, "RESTORE_PACKAGE_QUEUE_URL");
        assert!(matches!(
            settings.common.database.unwrap(),
            DatabaseSettings::RdsProxy { user, .. } if user == "dev_rds_proxy_user"
        ));
    }
}
