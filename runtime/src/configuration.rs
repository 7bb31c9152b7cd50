//! The environment variables of the functions.
//!
//! A variable that only one endpoint needs is kept as a [`Setting`]: where it is missing or malformed that endpoint
//! answers 503, and the function runs.

use std::collections::BTreeMap;

use openapi::HashAlgorithm;
use sqlx::postgres::PgSslMode;

use crate::signing::CdnOrigin;

/// A variable that is missing or malformed. The message names the variable, and never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {problem}")]
pub struct SettingError {
    /// The variable's name.
    pub name: &'static str,
    problem: &'static str,
}

/// A variable that is asked for when it is needed.
pub type Setting<T> = Result<T, SettingError>;

/// The variables of a process, as they were at its start.
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process; what is not UTF-8 counts as missing.
    pub fn of_process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The given ones.
    pub fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A variable that is there and not blank.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A variable that something needs.
    pub fn required(&self, name: &'static str) -> Setting<String> {
        self.optional(name).ok_or(SettingError { name, problem: "not set" })
    }

    /// A variable that must parse.
    fn parsed<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Setting<T> {
        parse(&self.required(name)?).ok_or(SettingError { name, problem: "malformed" })
    }
}

/// What every function needs.
#[derive(Clone, Debug)]
pub struct Common {
    /// The AWS region.
    pub region: String,
    /// The S3 endpoint in place of AWS's own, if one is configured.
    pub s3_endpoint: Option<String>,
    /// How to reach the database.
    pub database: Setting<DatabaseSettings>,
}

impl Common {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        let region = variables
            .optional("REGION")
            .or_else(|| variables.optional("AWS_REGION"))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let s3_endpoint =
            variables.optional("AWS_ENDPOINT_URL_S3").or_else(|| variables.optional("AWS_ENDPOINT_URL"));
        Self { region, s3_endpoint, database: DatabaseSettings::read(variables) }
    }
}

/// How to reach the database.
#[derive(Clone, Debug)]
pub enum DatabaseSettings {
    /// Through the RDS proxy, as `{ENV}_rds_proxy_user` with an IAM token.
    RdsProxy {
        /// Its host name.
        host: String,
        /// The database user.
        user: String,
    },
    /// With a password.
    Password(PasswordSettings),
}

/// A password login.
#[derive(Clone)]
pub struct PasswordSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
    /// Database name.
    pub database: String,
    /// libpq's `sslmode`.
    pub ssl_mode: PgSslMode,
}

impl std::fmt::Debug for PasswordSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

/// The platform's database.
pub const PLATFORM_DATABASE: &str = "pennsieve_postgres";
const POSTGRES_PORT: u16 = 5432;

impl DatabaseSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        if let Some(host) = variables.optional("POSTGRES_HOST") {
            let port = match variables.optional("POSTGRES_PORT") {
                Some(_) => variables.parsed("POSTGRES_PORT", |port| port.parse().ok())?,
                None => POSTGRES_PORT,
            };
            return Ok(Self::Password(PasswordSettings {
                host,
                port,
                user: variables.required("POSTGRES_USER")?,
                password: variables.optional("POSTGRES_PASSWORD").unwrap_or_default(),
                database: variables.optional("PENNSIEVE_DB").unwrap_or_else(|| PLATFORM_DATABASE.to_owned()),
                ssl_mode: match variables.optional("POSTGRES_SSL_MODE") {
                    Some(_) => variables.parsed("POSTGRES_SSL_MODE", |mode| mode.parse().ok())?,
                    None => PgSslMode::Require,
                },
            }));
        }
        let environment = variables.required("ENV")?;
        Ok(Self::RdsProxy {
            host: variables.required("RDS_PROXY_ENDPOINT")?,
            user: format!("{environment}_rds_proxy_user"),
        })
    }
}

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

/// The settings of the restore function.
pub struct RestoreSettings {
    /// What every function needs.
    pub common: Common,
    /// The table of the delete records.
    pub delete_record_table: Setting<String>,
    /// The queue that takes changelog events.
    pub jobs_queue_url: Setting<String>,
}

impl RestoreSettings {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        Self {
            common: Common::read(variables),
            delete_record_table: variables.required("DELETE_RECORD_DYNAMODB_TABLE_NAME"),
            jobs_queue_url: variables.required("JOBS_QUEUE_ID"),
        }
    }
}

/// The settings of the authorizer function.
pub struct AuthorizerSettings {
    /// What every function needs.
    pub common: Common,
    /// Whose tokens are taken, and where the keys are that sign them.
    pub tokens: Setting<TokenSettings>,
}

/// Whose tokens are taken, and where the keys are that sign them.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `client_id`.
    pub client_id: String,
    /// URL of the JSON Web Key Set.
    pub jwks_url: String,
}

impl AuthorizerSettings {
    /// Read the variables.
    pub fn read(variables: &Variables) -> Self {
        Self { common: Common::read(variables), tokens: TokenSettings::read(variables) }
    }
}

impl TokenSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        Ok(Self {
            issuer: variables.required("TOKEN_ISSUER")?,
            client_id: variables.required("TOKEN_CLIENT_ID")?,
            jwks_url: variables.required("TOKEN_JWKS_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedBuckets, ApiSettings, DatabaseSettings, Variables};

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
    fn a_malformed_database_variable_is_found_at_the_start() {
        for (name, value) in [("POSTGRES_SSL_MODE", "sometimes"), ("POSTGRES_PORT", "70000")] {
            let pairs = [("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "user"), (name, value)];
            let error = DatabaseSettings::read(&Variables::from_pairs(pairs)).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is malformed"));
        }
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
