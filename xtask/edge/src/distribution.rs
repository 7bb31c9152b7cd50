//! A deployed distribution: its behaviors with all references resolved.

mod key_groups;
mod read;

use std::time::Duration;

use http::Method;

use super::authorization::TrustedKeys;
use super::origin::Origin;
use super::response_headers::ResponseHeaders;
use super::wildcard;
pub use key_groups::KeyGroups;
pub use read::{ReadError, read};

/// A snapshot of a distribution.
#[derive(Debug)]
pub struct Distribution {
    /// Behaviors in order of precedence. The first whose pattern matches is used.
    behaviors: Vec<(PathPattern, Behavior)>,
    default_behavior: Behavior,
    default_root_object: Option<String>,
}

/// The cache behavior for some paths.
#[derive(Debug)]
pub struct Behavior {
    /// Allowed methods.
    pub allowed_methods: Vec<Method>,
    /// Keys whose signatures are accepted; `None` if the behavior is public.
    pub trusted_keys: Option<TrustedKeys>,
    /// How long objects are cached.
    pub ttl: TimeToLive,
    /// Headers that are added to responses.
    pub response_headers: Option<ResponseHeaders>,
    /// Whether `Origin` and the preflight headers are forwarded, so that the origin can respond to preflights.
    pub forwards_preflight: bool,
    /// The origin of the objects.
    pub origin: Origin,
}

/// The time-to-live settings of a cache policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeToLive {
    /// Lower bound, even if the object specifies a shorter time.
    pub minimum: Duration,
    /// Applies to objects that specify no time.
    pub default: Duration,
    /// Upper bound, even if the object specifies a longer time.
    pub maximum: Duration,
}

impl TimeToLive {
    /// Returns how long an object with this `Cache-Control` is served from the cache.
    ///
    /// See <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>.
    pub fn for_response(&self, cache_control: Option<&str>) -> Duration {
        let Some(cache_control) = cache_control else {
            return self.default.max(self.minimum);
        };
        let directives = || cache_control.split(',').map(str::trim);
        if directives().any(|directive| matches!(directive, "no-store" | "no-cache" | "private")) {
            return self.minimum;
        }
        let seconds = |name: &str| {
            directives()
                .filter_map(|directive| directive.split_once('='))
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
                .and_then(|(_, value)| value.trim_matches('"').parse().ok())
                .map(Duration::from_secs)
        };
        seconds("s-maxage")
            .or_else(|| seconds("max-age"))
            .unwrap_or(self.default)
            .min(self.maximum)
            .max(self.minimum)
    }
}

/// The path pattern of a behavior, such as `*.parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// Creates a pattern. A leading slash is optional and has no effect.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.strip_prefix('/').unwrap_or(pattern).to_owned())
    }

    /// Returns whether a request path, as the viewer sent it, matches this pattern.
    ///
    /// CloudFront normalizes the path by RFC 3986 to select the behavior, and only for that: see
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern>.
    pub fn matches(&self, path: &str) -> bool {
        let path = normalize(path);
        wildcard::matches(&self.0, path.strip_prefix('/').unwrap_or(&path))
    }
}

/// Decodes characters that need no encoding, and resolves `.` and `..`.
fn normalize(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
        let unreserved =
            code.map(char::from).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'));
        if let Some(character) = unreserved {
            decoded.push(character);
            rest = &rest[at + 3..];
        } else {
            decoded.push('%');
            rest = &rest[at + 1..];
        }
    }
    decoded.push_str(rest);

    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

impl Distribution {
    /// Returns the behavior for a path as the viewer sent it.
    pub fn behavior(&self, path: &str) -> &Behavior {
        self.behaviors
            .iter()
            .find(|(pattern, _)| pattern.matches(path))
            .map_or(&self.default_behavior, |(_, behavior)| behavior)
    }

    /// Returns the path of the requested object.
    ///
    /// For `/`, it is the default root object, if there is one.
    pub fn object_path<'a>(&'a self, path: &'a str) -> std::borrow::Cow<'a, str> {
        match &self.default_root_object {
            Some(object) if path == "/" => format!("/{object}").into(),
            _ => path.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_normalized_path() {
        let parquet = PathPattern::new("*.parquet");
        assert!(parquet.matches("/O1/D2/P3/a.parquet"));
        assert!(parquet.matches("/a%2Eparquet"));
        assert!(parquet.matches("/a.parquet/../b.p%61rquet"));
        assert!(!parquet.matches("/a.PARQUET"));
        assert!(!parquet.matches("/a.parquet/.zarray"));
        assert!(PathPattern::new("/O1/*").matches("/O1/x"));
        assert!(!PathPattern::new("O1/*").matches("/O2/x"));
        assert!(PathPattern::new("a%2Fb*").matches("/a%2Fb%"));
    }

    #[test]
    fn time_to_live_is_within_the_bounds_of_the_policy() {
        let seconds = Duration::from_secs;
        let ttl = TimeToLive { minimum: seconds(1), default: seconds(60), maximum: seconds(100) };
        assert_eq!(ttl.for_response(None), seconds(60));
        assert_eq!(ttl.for_response(Some("public, max-age=7")), seconds(7));
        assert_eq!(ttl.for_response(Some("max-age=7, s-maxage=9")), seconds(9));
        assert_eq!(ttl.for_response(Some("max-age=700")), seconds(100));
        assert_eq!(ttl.for_response(Some("max-age=0")), seconds(1));
        assert_eq!(ttl.for_response(Some("no-store")), seconds(1));
        assert_eq!(ttl.for_response(Some("public")), seconds(60));
    }
}
