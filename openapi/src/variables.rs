//! Names of the environment variables of the functions.
//!
//! The infrastructure sets them, the functions read them, and the local stack and the tests replace some of
//! them.

/// The name of the environment, such as `dev`.
pub const ENV: &str = "ENV";
/// The AWS region; if it is not set, the functions use [`AWS_REGION`].
pub const REGION: &str = "REGION";
/// The AWS region, set by Lambda.
pub const AWS_REGION: &str = "AWS_REGION";
/// The name of the function, set by Lambda.
pub const AWS_LAMBDA_FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// The address of the X-Ray daemon, set by Lambda.
pub const AWS_XRAY_DAEMON_ADDRESS: &str = "AWS_XRAY_DAEMON_ADDRESS";
/// The endpoint of all AWS services, as in every AWS SDK.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// The endpoint of S3, as in every AWS SDK.
pub const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";
/// The domain of the platform.
pub const PENNSIEVE_DOMAIN: &str = "PENNSIEVE_DOMAIN";
/// The log level, `trace` to `error`.
pub const LOG_LEVEL: &str = "LOG_LEVEL";

/// The host name of the RDS proxy.
pub const RDS_PROXY_ENDPOINT: &str = "RDS_PROXY_ENDPOINT";
/// The database host for a login with a password, which replaces the RDS proxy.
pub const POSTGRES_HOST: &str = "POSTGRES_HOST";
/// The database port for a login with a password.
pub const POSTGRES_PORT: &str = "POSTGRES_PORT";
/// The database user for a login with a password.
pub const POSTGRES_USER: &str = "POSTGRES_USER";
/// The password.
pub const POSTGRES_PASSWORD: &str = "POSTGRES_PASSWORD";
/// The `sslmode` of a login with a password.
pub const POSTGRES_SSL_MODE: &str = "POSTGRES_SSL_MODE";
/// The name of the database for a login with a password.
pub const PENNSIEVE_DB: &str = "PENNSIEVE_DB";

/// The bucket of the viewer assets.
pub const VIEWER_ASSETS_BUCKET: &str = "VIEWER_ASSETS_BUCKET";
/// The domain of the distribution, or its origin with a scheme.
pub const CLOUDFRONT_DISTRIBUTION_DOMAIN: &str = "CLOUDFRONT_DISTRIBUTION_DOMAIN";
/// The id of the CloudFront public key that belongs to the signing key.
pub const CLOUDFRONT_KEY_ID: &str = "CLOUDFRONT_KEY_ID";
/// The parameter that holds the signing key.
pub const CLOUDFRONT_PRIVATE_KEY_SSM_PARAM: &str = "CLOUDFRONT_PRIVATE_KEY_SSM_PARAM";
/// The hash of signatures, `SHA1` or `SHA256`; by default that of the kind of key.
pub const CLOUDFRONT_HASH_ALGORITHM: &str = "CLOUDFRONT_HASH_ALGORITHM";
/// The buckets of `/proxy/s3`, separated by commas; `*` allows any bucket.
pub const PROXY_ALLOWED_BUCKETS: &str = "PROXY_ALLOWED_BUCKETS";

/// The URL of the restore queue.
pub const RESTORE_PACKAGE_QUEUE_URL: &str = "RESTORE_PACKAGE_QUEUE_URL";
/// The table of the delete records.
pub const DELETE_RECORD_DYNAMODB_TABLE_NAME: &str = "DELETE_RECORD_DYNAMODB_TABLE_NAME";
/// The URL of the jobs queue, which receives the changelog.
pub const JOBS_QUEUE_ID: &str = "JOBS_QUEUE_ID";

/// The issuer of the access tokens.
pub const TOKEN_ISSUER: &str = "TOKEN_ISSUER";
/// The client of the access tokens.
pub const TOKEN_CLIENT_ID: &str = "TOKEN_CLIENT_ID";
/// The URL of the issuer's JSON Web Key Set.
pub const TOKEN_JWKS_URL: &str = "TOKEN_JWKS_URL";
