//! Maps invocations to requests.

use std::collections::HashMap;

use super::entry::Entry;

/// The maximum number of invocations kept, far more than run at the same time.
const MAXIMUM: usize = 10_000;

/// Requests by invocation.
///
/// Every line that a function logs for a request has the request ID, which the authorizer shares with the API
/// function. Lines that Lambda logs about an invocation have only the invocation ID.
#[derive(Default)]
pub struct Requests(HashMap<String, String>);

impl Requests {
    /// Returns the requests in these lines.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut requests = Self::default();
        for entry in entries {
            requests.record(entry);
        }
        requests
    }

    /// Records the IDs in a line.
    pub fn record(&mut self, entry: &Entry) {
        if let (Some(invocation), Some(request)) = (entry.invocation(), entry.request()) {
            if self.0.len() >= MAXIMUM {
                self.0.clear();
            }
            self.0.insert(invocation.to_owned(), request.to_owned());
        }
    }

    /// Returns the ID by which a line's request is identified.
    ///
    /// This is the request ID, which clients receive too, or the first digits of the invocation ID.
    pub fn id_of<'a>(&'a self, entry: &'a Entry) -> &'a str {
        let of_invocation = |invocation: &'a str| {
            let known = self.0.get(invocation).map(String::as_str);
            known.unwrap_or_else(|| invocation.split('-').next().unwrap_or(invocation))
        };
        entry.request().or_else(|| entry.invocation().map(of_invocation)).unwrap_or("-")
    }
}
