//! IAM tokens for the RDS proxy.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::error::DatabaseError;

/// Returns a token: a presigned request to `rds-db:connect`, without its scheme.
///
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html>.
pub(super) async fn rds_token(
    configuration: &SdkConfig,
    region: &str,
    host: &str,
    port: u16,
    user: &str,
    now: SystemTime,
) -> Result<String, DatabaseError> {
    let failed = |what: &str| DatabaseError::Token(what.to_owned());
    let provider = configuration.credentials_provider().ok_or_else(|| failed("no credentials provider"))?;
    let credentials = provider.provide_credentials().await.map_err(|_| failed("no AWS credentials"))?;
    let identity = credentials.into();

    let mut settings = SigningSettings::default();
    settings.expires_in = Some(Duration::from_mins(15));
    settings.signature_location = SignatureLocation::QueryParams;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|_| failed("incomplete signing parameters"))?
        .into();

    let request = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let signable = SignableRequest::new("GET", &request, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(|_| failed("the host name cannot be part of a URL"))?;
    let (instructions, _) =
        sign(signable, &parameters).map_err(|_| failed("the request cannot be signed"))?.into_parts();

    let mut url = url::Url::parse(&request).map_err(|_| failed("the host name cannot be part of a URL"))?;
    for (name, value) in instructions.params() {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url.as_str().trim_start_matches("https://").to_owned())
}
