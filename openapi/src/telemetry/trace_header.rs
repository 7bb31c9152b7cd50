//! The header of a trace of AWS X-Ray.
//!
//! `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`:
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.

use std::fmt;
use std::str::FromStr;

/// The id of a trace, such as `1-5759e988-bd862e3fe1be46a994272793`.
///
/// It begins with the time of the trace in seconds: X-Ray rejects traces of more than 30 days ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId {
    seconds: u32,
    random: u128,
}

impl TraceId {
    /// Creates the id of a trace that begins at this Unix time. Of the random number, 96 bits are used.
    pub const fn new(unix_seconds: u32, random: u128) -> Self {
        Self { seconds: unix_seconds, random: random & ((1 << 96) - 1) }
    }

    /// Returns when the trace began, in Unix seconds.
    pub const fn unix_seconds(self) -> u32 {
        self.seconds
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1-{:08x}-{:024x}", self.seconds, self.random)
    }
}

/// A text is not a header of a trace, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a trace of X-Ray")]
pub struct TraceHeaderError;

impl FromStr for TraceId {
    type Err = TraceHeaderError;

    fn from_str(text: &str) -> Result<Self, TraceHeaderError> {
        let (seconds, random) = text
            .strip_prefix("1-")
            .and_then(|rest| rest.split_once('-'))
            .filter(|(seconds, random)| seconds.len() == 8 && random.len() == 24)
            .ok_or(TraceHeaderError)?;
        let seconds = u32::try_from(hexadecimal(seconds)?).map_err(|_| TraceHeaderError)?;
        Ok(Self { seconds, random: hexadecimal(random)? })
    }
}

/// The id of a segment or subsegment of a trace: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub u64);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for SegmentId {
    type Err = TraceHeaderError;

    fn from_str(text: &str) -> Result<Self, TraceHeaderError> {
        if text.len() != 16 {
            return Err(TraceHeaderError);
        }
        u64::try_from(hexadecimal(text)?).map(Self).map_err(|_| TraceHeaderError)
    }
}

/// Parses hexadecimal digits only: the parser of Rust also accepts a sign.
fn hexadecimal(digits: &str) -> Result<u128, TraceHeaderError> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(TraceHeaderError);
    }
    u128::from_str_radix(digits, 16).map_err(|_| TraceHeaderError)
}

/// The header of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    /// The trace.
    pub root: TraceId,
    /// The segment that the work belongs to, if it is known.
    pub parent: Option<SegmentId>,
    /// Whether the trace is recorded. `None` if the decision is still to be made.
    pub sampled: Option<bool>,
}

impl TraceHeader {
    /// Returns the header for work that belongs to another segment of the trace.
    #[must_use]
    pub const fn below(self, parent: SegmentId) -> Self {
        Self { parent: Some(parent), ..self }
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        match self.sampled {
            Some(sampled) => write!(f, ";Sampled={}", u8::from(sampled)),
            None => Ok(()),
        }
    }
}

/// Parses a header. Fields that it does not know, such as `Lineage`, are ignored.
impl FromStr for TraceHeader {
    type Err = TraceHeaderError;

    fn from_str(text: &str) -> Result<Self, TraceHeaderError> {
        let field =
            |name: &str| text.split(';').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        let sampled = match field("Sampled") {
            Some("1") => Some(true),
            Some("0") => Some(false),
            _ => None,
        };
        Ok(Self {
            root: field("Root").ok_or(TraceHeaderError)?.parse()?,
            parent: field("Parent").and_then(|parent| parent.parse().ok()),
            sampled,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{SegmentId, TraceHeader, TraceId};

    #[test]
    fn header_of_lambda_is_parsed() {
        let text =
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1|b:2";
        let header: TraceHeader = text.parse().unwrap();
        assert_eq!(header.root.unix_seconds(), 0x5759_e988);
        assert_eq!(header.parent, Some(SegmentId(0x5399_5c3f_42cd_8ad8)));
        assert_eq!(header.sampled, Some(true));
        assert_eq!(header.to_string(), text.split_once(";Lineage").unwrap().0);
    }

    #[test]
    fn header_needs_only_a_root() {
        let header: TraceHeader = "Root=1-5759e988-bd862e3fe1be46a994272793".parse().unwrap();
        assert_eq!((header.parent, header.sampled), (None, None));
        for malformed in [
            "",
            "Root=",
            "Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-+759e988-bd862e3fe1be46a994272793",
        ] {
            assert!(malformed.parse::<TraceHeader>().is_err(), "{malformed}");
        }
    }

    proptest! {
        #[test]
        fn header_is_parsed_as_it_is_written(
            seconds in any::<u32>(),
            random in any::<u128>(),
            parent in any::<Option<u64>>(),
            sampled in any::<Option<bool>>(),
        ) {
            let root = TraceId::new(seconds, random);
            let header = TraceHeader { root, parent: parent.map(SegmentId), sampled };
            assert_eq!(header.to_string().parse(), Ok(header));
        }

        #[test]
        fn any_text_is_parsed_or_rejected(text in "(Root=|Parent=|Sampled=|;|1|-|[0-9a-f]){0,40}") {
            let _ = text.parse::<TraceHeader>();
        }
    }
}
