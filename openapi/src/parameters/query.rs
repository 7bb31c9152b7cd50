//! The query of a request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::error::{ParameterError, ParameterProblem};
use super::value::ParameterValue;

/// The raw query of a request. A parameter is decoded, once, when it is read.
#[derive(Clone, Copy)]
pub struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// Wraps a query, without its question mark and still encoded.
    ///
    /// API Gateway sends the parameters decoded as well, but joins repeated ones with commas. Only the raw
    /// query distinguishes a repeated parameter from a value with a comma.
    pub fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// Reads and parses a parameter.
    pub(super) fn parse<T: ParameterValue>(self, name: &'static str) -> Result<T, ParameterError> {
        self.value(name).and_then(T::parse).map_err(|problem| ParameterError { name, problem })
    }

    /// Returns the decoded value of a parameter.
    ///
    /// Searching the query anew for each parameter is cheaper than a map: a route has at most four
    /// parameters.
    fn value(self, name: &str) -> Result<Option<Cow<'a, str>>, ParameterProblem> {
        let mut values = self.0.split('&').filter_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(found).as_deref() == Some(name)).then_some(value)
        });
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(ParameterProblem::Repeated);
        }
        decode(value).map(Some).ok_or(ParameterProblem::NotUtf8)
    }
}

/// Decodes a form-encoded text.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    Some(Cow::Owned(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned()))
}
