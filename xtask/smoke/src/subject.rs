//! What is read, and as whom.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

/// An access token, which is never printed.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes a token with or without spaces around it.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What is read, and as whom.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What comes before `/restore` in a URL of the API.
    pub api_url: Url,
    /// The token of a user who may view the dataset.
    pub token: Token,
    /// Node id of the dataset.
    pub dataset: String,
    /// Node id of the package.
    pub package: String,
    /// Path of a Parquet file among the assets of the package.
    pub parquet: String,
    /// Path of a Zarr group or array among them.
    pub zarr: Option<String>,
    /// The origins whose pages may call the API, or `*`.
    pub api_origins: Vec<String>,
}

impl Subject {
    /// Returns the URL of a route of the API.
    pub(crate) fn api(&self, route: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.api_url.clone();
        url.set_path(&format!("{}{route}", self.api_url.path().trim_end_matches('/')));
        let ids = [("dataset_id", self.dataset.as_str()), ("package_id", self.package.as_str())];
        url.query_pairs_mut().extend_pairs(ids).extend_pairs(parameters);
        url
    }
}
