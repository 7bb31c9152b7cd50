//! Parameters in JSON bodies.

use serde_json::Value as Json;

use super::Call;

impl Call<'_> {
    /// Returns the parameters of a JSON protocol; null if they are not JSON. The service rejects such a request.
    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(self.body).unwrap_or_default()
    }
}

/// Returns a text; empty if there is none.
pub(super) fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Returns the texts of a list.
pub(super) fn texts<'a>(value: &'a Json, name: &str) -> impl Iterator<Item = &'a str> {
    value[name].as_array().into_iter().flatten().filter_map(Json::as_str)
}
