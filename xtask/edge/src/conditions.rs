//! Conditional requests (RFC 9110, section 13).

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};

/// The properties of an object that conditions are evaluated against.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// `ETag`, including its quotes.
    pub etag: Option<&'a str>,
    /// `Last-Modified`, in seconds since 1970.
    pub last_modified: Option<i64>,
}

/// The result of a conditional request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Respond as if there were no condition.
    Proceed,
    /// 304: the viewer already has this version of the object.
    NotModified,
    /// 412: the object does not match the condition.
    PreconditionFailed,
}

impl Validators<'_> {
    /// Evaluates the conditions in the order of section 13.2.2.
    pub fn evaluate(&self, headers: &HeaderMap) -> Outcome {
        let text = |name| headers.get(&name).and_then(|value| value.to_str().ok());
        let date = |name| text(name).and_then(parse_date);
        let unchanged_since = |since: i64| self.last_modified.is_none_or(|at| at <= since);

        let meant = match text(IF_MATCH) {
            Some(list) => self.is_in(list),
            None => date(IF_UNMODIFIED_SINCE).is_none_or(unchanged_since),
        };
        if !meant {
            return Outcome::PreconditionFailed;
        }
        let known = match text(IF_NONE_MATCH) {
            Some(list) => self.is_in(list),
            None => {
                date(IF_MODIFIED_SINCE).is_some_and(|since| self.last_modified.is_some_and(|at| at <= since))
            }
        };
        if known { Outcome::NotModified } else { Outcome::Proceed }
    }

    /// Returns the `Range` header, unless `If-Range` does not match the object.
    pub fn range<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let meant = match headers.get(IF_RANGE).map(|value| value.to_str()) {
            None => true,
            Some(Ok(tag)) if tag.starts_with('"') => self.etag == Some(tag),
            Some(Ok(date)) => self.last_modified.is_some() && parse_date(date) == self.last_modified,
            Some(Err(_)) => false,
        };
        headers.get(RANGE).filter(|_| meant).and_then(|value| value.to_str().ok())
    }

    fn is_in(&self, list: &str) -> bool {
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        list.trim() == "*"
            || self.etag.is_some_and(|etag| list.split(',').any(|tag| plain(tag) == plain(etag)))
    }
}

fn parse_date(value: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(value).ok().map(|date| date.timestamp())
}

/// Formats a date for an HTTP header.
pub fn format_date(seconds: i64) -> Option<String> {
    let date: DateTime<Utc> = DateTime::from_timestamp(seconds, 0)?;
    Some(date.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    const NOW: Validators<'_> = Validators { etag: Some("\"abc\""), last_modified: Some(784_111_777) };

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn conditions() {
        let outcome = |name, value| NOW.evaluate(&headers(&[(name, value)]));
        assert_eq!(NOW.evaluate(&HeaderMap::new()), Outcome::Proceed);
        assert_eq!(outcome(IF_NONE_MATCH, "\"x\", \"abc\""), Outcome::NotModified);
        assert_eq!(outcome(IF_NONE_MATCH, "W/\"abc\""), Outcome::NotModified);
        assert_eq!(outcome(IF_NONE_MATCH, "*"), Outcome::NotModified);
        assert_eq!(outcome(IF_NONE_MATCH, "\"x\""), Outcome::Proceed);
        assert_eq!(outcome(IF_MATCH, "\"x\""), Outcome::PreconditionFailed);
        assert_eq!(outcome(IF_MATCH, "\"abc\""), Outcome::Proceed);
        let at = "Sun, 06 Nov 1994 08:49:37 GMT";
        let before = "Sun, 06 Nov 1994 08:49:36 GMT";
        assert_eq!(outcome(IF_MODIFIED_SINCE, at), Outcome::NotModified);
        assert_eq!(outcome(IF_MODIFIED_SINCE, before), Outcome::Proceed);
        assert_eq!(outcome(IF_MODIFIED_SINCE, "yesterday"), Outcome::Proceed);
        assert_eq!(outcome(IF_UNMODIFIED_SINCE, before), Outcome::PreconditionFailed);
        assert_eq!(outcome(IF_UNMODIFIED_SINCE, at), Outcome::Proceed);
        assert_eq!(format_date(784_111_777).as_deref(), Some(at));
    }

    #[test]
    fn entity_tag_takes_precedence_over_date() {
        let both = headers(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(NOW.evaluate(&both), Outcome::Proceed);
    }

    #[test]
    fn ranges_of_another_object_are_ignored() {
        let range = |condition: &'static str| {
            let headers = headers(&[(RANGE, "bytes=0-1"), (IF_RANGE, condition)]);
            NOW.range(&headers).map(str::to_owned)
        };
        assert_eq!(range("\"abc\"").as_deref(), Some("bytes=0-1"));
        assert_eq!(range("\"x\""), None);
        assert_eq!(range("Sun, 06 Nov 1994 08:49:37 GMT").as_deref(), Some("bytes=0-1"));
        assert_eq!(range("Sun, 06 Nov 1994 08:49:38 GMT"), None);
    }
}
