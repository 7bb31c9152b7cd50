//! The environment whose assets the page shows.

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

/// The path below which this server passes requests on to the API.
pub(crate) const PROXY_PATH: &str = "api";

/// How the page reaches the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiAccess {
    /// The CORS settings of the API allow every origin.
    Direct,
    /// The API allows only the origins of its environment file, so the server of the page passes its requests on.
    Proxied,
}

/// An environment.
#[derive(Clone, Debug)]
pub struct ViewerEnvironment {
    /// The name, which the page shows.
    pub name: String,
    /// The address of the API.
    pub api_url: Url,
    /// How the page reaches it.
    pub api_access: ApiAccess,
    /// The address of the CDN.
    pub cdn_url: Url,
    /// The address of the token issuer, where there is one. Without one, users paste a token.
    pub issuer_url: Option<Url>,
    /// The users that the issuer knows.
    pub users: Vec<String>,
    /// The package that the page begins with.
    pub demo: Option<DemoPackage>,
}

/// A package with known assets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPackage {
    /// Node id of its dataset.
    pub dataset_id: String,
    /// Node id of the package.
    pub package_id: String,
    /// Paths of its assets.
    pub assets: Vec<String>,
}

impl ViewerEnvironment {
    /// Returns what the page reads about its environment.
    pub(crate) fn document(&self) -> Value {
        let is_proxied = self.api_access == ApiAccess::Proxied;
        let address = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        json!({
            "name": self.name,
            "apiUrl": if is_proxied { PROXY_PATH.to_owned() } else { address(&self.api_url) },
            "isApiProxied": is_proxied,
            "tokenUrl": self.issuer_url.as_ref().map(|url| format!("{}/token/", address(url))),
            "users": self.users,
            "demo": self.demo,
        })
    }

    /// Returns a policy that allows requests only to the servers of the environment.
    pub(crate) fn content_security_policy(&self) -> String {
        let api = (self.api_access == ApiAccess::Direct).then_some(&self.api_url);
        let mut origins: Vec<String> = [api, Some(&self.cdn_url), self.issuer_url.as_ref()]
            .into_iter()
            .flatten()
            .map(|url| url.origin().ascii_serialization())
            .collect();
        origins.sort();
        origins.dedup();
        // Pictures are read like everything else, and shown as `blob:`.
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; connect-src 'self' {}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            origins.join(" ")
        )
    }
}
