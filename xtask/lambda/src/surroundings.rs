//! Environment variables that replace those of the template on this machine.

use std::collections::BTreeMap;

use openapi::variables;
use url::Url;

/// Returns the variables with local values: the addresses of AWS, the database and the distribution.
///
/// `database_url` contains all login data, including the password.
pub fn surroundings(aws_endpoint_url: &str, cdn_url: &str, database_url: &Url) -> BTreeMap<String, String> {
    let database = database_url.path().trim_start_matches('/');
    [
        (variables::AWS_ENDPOINT_URL, aws_endpoint_url.to_owned()),
        (variables::CLOUDFRONT_DISTRIBUTION_DOMAIN, cdn_url.to_owned()),
        (variables::POSTGRES_HOST, database_url.host_str().unwrap_or_default().to_owned()),
        (variables::POSTGRES_PORT, database_url.port().map(|port| port.to_string()).unwrap_or_default()),
        (variables::POSTGRES_USER, database_url.username().to_owned()),
        (variables::POSTGRES_PASSWORD, database_url.password().unwrap_or_default().to_owned()),
        (variables::PENNSIEVE_DB, database.to_owned()),
        (variables::POSTGRES_SSL_MODE, "disable".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[cfg(test)]
mod tests {
    use super::surroundings;

    #[test]
    fn login_is_removed_from_the_url() {
        let database = "postgres://user:secret@127.0.0.1:5433/platform".parse().unwrap();
        let variables = surroundings("http://127.0.0.1:4566", "http://127.0.0.1:9002", &database);
        let shown: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            shown,
            [
                "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
                "CLOUDFRONT_DISTRIBUTION_DOMAIN=http://127.0.0.1:9002",
                "PENNSIEVE_DB=platform",
                "POSTGRES_HOST=127.0.0.1",
                "POSTGRES_PASSWORD=secret",
                "POSTGRES_PORT=5433",
                "POSTGRES_SSL_MODE=disable",
                "POSTGRES_USER=user",
            ]
        );
    }
}
