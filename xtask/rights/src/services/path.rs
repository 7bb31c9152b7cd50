//! Operations that are recognized by method and path.

use http::Method;

use super::Call;
use crate::query::decode_text;

/// An operation: its method, its path with `*` for each name, and its name.
pub(super) type Route = (&'static Method, &'static str, &'static str);

impl Call<'_> {
    /// Returns the operation, and the names in its path.
    ///
    /// The path begins after the version of the API, such as `/2020-05-31`.
    pub(super) fn route(&self, routes: &[Route]) -> Option<(&'static str, Vec<String>)> {
        let path = self.parts.uri.path();
        let path =
            path.split_once('/').and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, rest)| rest);
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        routes.iter().find_map(|(method, pattern, operation)| {
            let names = names(pattern, &segments)?;
            (self.parts.method == **method).then_some((*operation, names))
        })
    }
}

fn names(pattern: &str, segments: &[&str]) -> Option<Vec<String>> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let pairs = || pattern.iter().zip(segments);
    if pairs().any(|(expected, segment)| *expected != "*" && expected != segment) {
        return None;
    }
    let names = pairs().filter(|(expected, _)| **expected == "*").map(|(_, segment)| decode_text(segment));
    Some(names.collect())
}
