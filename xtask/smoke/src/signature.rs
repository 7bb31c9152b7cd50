//! The signatures under which assets are read.

use std::time::Duration;

use reqwest::StatusCode;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::subject::Subject;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    /// The API did not answer.
    #[error("the API at {url} does not answer: {source}; check the address with `outputs`, and the network")]
    Unreachable {
        /// Address of the API.
        url: String,
        /// The cause, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// The API refused to sign.
    #[error(
        "the API answers {status} instead of a signature: {message}; \
         check the token, the dataset and the package, or run `explain {id}`"
    )]
    Refused {
        /// Status of the response.
        status: StatusCode,
        /// The message of the response.
        message: String,
        /// Id of the request.
        id: String,
    },
    /// The response is no signature.
    #[error("the API answers with something else than a signature: {0}")]
    Malformed(String),
}

/// The two signatures of the API.
pub(crate) struct Signed {
    pub(crate) package: PackageSignature,
    /// The URL of the Parquet file alone.
    pub(crate) file_url: Url,
}

/// The signature of all assets of a package.
#[derive(Deserialize)]
pub(crate) struct PackageSignature {
    #[serde(deserialize_with = "url")]
    pub(crate) base_url: Url,
    pub(crate) policy: String,
    pub(crate) signature: String,
    pub(crate) key_pair_id: String,
    pub(crate) hash_algorithm: String,
}

#[derive(Deserialize)]
struct FileSignature {
    #[serde(deserialize_with = "url")]
    signed_url: Url,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    // The error must not contain the URL.
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("it has an invalid URL"))
}

impl PackageSignature {
    /// Returns the parameters of the URL, in the order of CloudFront's documentation.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("Policy", self.policy.clone()),
            ("Signature", self.signature.clone()),
            ("Key-Pair-Id", self.key_pair_id.clone()),
        ];
        // SHA-1 is CloudFront's default.
        if self.hash_algorithm != "SHA1" {
            parameters.push(("Hash-Algorithm", self.hash_algorithm.clone()));
        }
        parameters
    }

    /// Returns the signed URL of an asset. Its path is encoded as the API encodes it.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let query: Vec<String> =
            self.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        url.set_query(Some(&query.join("&")));
        url
    }
}

impl Signed {
    pub(crate) fn to_text(&self) -> String {
        format!("key {}, {}", self.package.key_pair_id, self.package.hash_algorithm)
    }
}

/// Signs the assets of the package.
pub(crate) async fn sign(subject: &Subject) -> Result<Signed, SmokeError> {
    let unreachable = |source: reqwest::Error| SmokeError::Unreachable {
        url: subject.api_url.to_string(),
        source: source.without_url(),
    };
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(unreachable)?;
    let ask = async |parameters: &[(&str, &str)]| {
        let request = client.get(subject.api("/cloudfront/sign", parameters));
        let response = request.bearer_auth(subject.token.expose()).send().await.map_err(unreachable)?;
        let status = response.status();
        let id = response.headers().get("apigw-requestid").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or("REQUEST-ID").to_owned();
        let body = response.text().await.map_err(unreachable)?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let message = serde_json::from_str::<serde_json::Value>(&body).ok();
        let message = message.and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
        Err(SmokeError::Refused { status, message: message.unwrap_or_default(), id })
    };
    let malformed = |error: serde_json::Error| SmokeError::Malformed(error.to_string());
    let package = serde_json::from_str(&ask(&[("scope", "package")]).await?).map_err(malformed)?;
    let file: FileSignature =
        serde_json::from_str(&ask(&[("path", &subject.parquet)]).await?).map_err(malformed)?;
    Ok(Signed { package, file_url: file.signed_url })
}

/// Returns a text without the queries of the URLs in it, which are signatures.
pub(crate) fn without_queries(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("http") {
        let (before, url) = rest.split_at(start);
        let end = url
            .find(|it: char| it.is_whitespace() || matches!(it, '"' | '\'' | ')' | '>'))
            .unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        result.push_str(before);
        result.push_str(url.split('?').next().unwrap_or_default());
        rest = after;
    }
    result + rest
}

#[cfg(test)]
pub(crate) fn testing() -> Signed {
    let text = |text: &str| text.to_owned();
    Signed {
        package: PackageSignature {
            base_url: "https://cdn.test/O1/D2/P3/".parse().unwrap_or_else(|_| unreachable!()),
            policy: text("p-_~"),
            signature: text("s"),
            key_pair_id: text("K"),
            hash_algorithm: text("SHA256"),
        },
        file_url: "https://cdn.test/O1/D2/P3/a?Expires=9&Signature=s&Key-Pair-Id=K"
            .parse()
            .unwrap_or_else(|_| unreachable!()),
    }
}

#[cfg(test)]
mod tests {
    use super::{testing, without_queries};

    #[test]
    fn path_is_joined_to_the_signature_of_the_package() {
        assert_eq!(
            testing().package.url("a b/ü.parquet").as_str(),
            "https://cdn.test/O1/D2/P3/a%20b/%C3%BC.parquet?Policy=p-_~&Signature=s&Key-Pair-Id=K&Hash-Algorithm=SHA256"
        );
    }

    #[test]
    fn signatures_are_removed_from_texts() {
        assert_eq!(
            without_queries(
                "cannot open \"https://cdn.test/a?Signature=s\": HTTP 403 (https://cdn.test/b?x=y)"
            ),
            "cannot open \"https://cdn.test/a\": HTTP 403 (https://cdn.test/b)"
        );
        assert_eq!(without_queries("no URL"), "no URL");
    }
}
