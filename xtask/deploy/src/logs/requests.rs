//! Which invocations belong to which request.

use std::collections::HashMap;

use super::entry::Entry;

/// Far more than are at work at a time.
const MAXIMUM: usize = 10_000;

/// Requests by invocation. What a function does for a request has the request's id on each line, which the authorizer
/// shares with the API function; what Lambda says of an invocation has only the invocation's.
#[derive(Default)]
pub struct Requests(HashMap<String, String>);

impl Requests {
    /// Note what a line tells.
    pub fn learn(&mut self, entry: &Entry) {
        if let (Some(invocation), Some(request)) = (entry.invocation(), entry.request()) {
            if self.0.len() >= MAXIMUM {
                self.0.clear();
            }
            self.0.insert(invocation.to_owned(), request.to_owned());
        }
    }

    /// What to know the request of a line by: its id, which clients are told, or some digits of the invocation's.
    pub fn id_of<'a>(&'a self, entry: &'a Entry) -> &'a str {
        let of_invocation = |invocation: &'a str| {
            let known = self.0.get(invocation).map(String::as_str);
            known.unwrap_or_else(|| invocation.split('-').next().unwrap_or(invocation))
        };
        entry.request().or_else(|| entry.invocation().map(of_invocation)).unwrap_or("-")
    }
}
