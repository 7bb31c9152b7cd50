//! The settings of the API function.

use openapi::HashAlgorithm;

use super::{Common, Setting, Variables};
use crate::signing::CdnOrigin;

/// The settings of the API function.
pub struct ApiSettings {
    /// What every function needs.
    pub common: Common,
    /// The bucket of the viewer assets.
    pub assets_bucket: Setting<String>,
    /// The queue of the restore function.
    pub restore_queue_url: Setting<String>,
    /// How to sign for CloudFront.
    pub cdn: Setting<CdnSettings>,
    /// From which buckets the proxy serves.
    pub proxy_buckets: Setting<AllowedBuckets>,
}

/// How to sign for CloudFront.
#[derive(Clone, Debug)]
pub struct CdnSettings {
    /// Where the distribution is.
    pub origin: CdnOrigin,
    /// The id of the CloudFront public key.
    pub key_pair_id: String,
    /// The parameter that holds the private key.
    pub private_key_parameter: String,
    /// The configured hash; none means the key's own default.
    pub hash: Option<HashAlgorithm>,
}

/// From which buckets the proxy serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBuckets {
    /// Any bucket; only by an explicit `*`.
    Any,
    /// These buckets.
    Only(Vec<String>),
}

impl AllowedBuckets {
    /// Whether the proxy serves from this bucket.
    pub fn allows(&self, bucket: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(buckets) => buckets.iter().any(|allowed| allowed == bucket),
        }
    }

    fn read(variables: &Variables) -> Setting<Self> {
        let Some(list) = variables.optional("PROXY_ALLOWED_BUCKETS") else {
            return Ok(Self::Only(vec![variables.required("VIEWER_ASSETS_BUCKET")?]));
        };
        let buckets: Vec<String> =
            list.split(',').map(str::trim).filter(|bucket| !bucket.is_empty()).map(str::to_owned).collect();
        Ok(if buckets.iter().any(|bucket| bucket == "*") { Self::Any } else { Self::Only(buckets) })
    }
}

impl ApiSettings {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        Self {
            common: Common::read(variables),
            assets_bucket: variables.required("VIEWER_ASSETS_BUCKET"),
            restore_queue_url: variables.required("RESTORE_PACKAGE_QUEUE_URL"),
            cdn: CdnSettings::read(variables),
            proxy_buckets: AllowedBuckets::read(variables),
        }
    }
}

impl CdnSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        let hash = match variables.optional("CLOUDFRONT_HASH_ALGORITHM") {
            None => None,
            Some(_) => Some(variables.parsed("CLOUDFRONT_HASH_ALGORITHM", |hash| match hash {
                "SHA1" => Some(HashAlgorithm::Sha1),
                "SHA256" => Some(HashAlgorithm::Sha256),
                _ => None,
            })?),
        };
        Ok(Self {
            origin: variables
                .parsed("CLOUDFRONT_DISTRIBUTION_DOMAIN", |domain| CdnOrigin::parse(domain).ok())?,
            key_pair_id: variables.parsed("CLOUDFRONT_KEY_ID", |id| {
                id.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| id.to_owned())
            })?,
            private_key_parameter: variables.required("CLOUDFRONT_PRIVATE_KEY_SSM_PARAM")?,
            hash,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::DatabaseSettings;
    use super::{AllowedBuckets, ApiSettings, Variables};

    #[test]
    fn a_blank_allow_list_is_narrow_and_a_star_is_wide() {
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
    fn what_one_endpoint_lacks_leaves_the_others_alone() {
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
