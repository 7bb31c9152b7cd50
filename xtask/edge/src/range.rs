//! `Range` requests, as CloudFront handles them.
//!
//! CloudFront follows RFC 9110 with an additional rule: if ranges are malformed, overlap or are not in ascending
//! order, it returns the whole object with status 200. See
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>.

use std::fmt;

/// A range of bytes of an object, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRange {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte.
    pub last: u64,
}

impl ByteRange {
    /// Returns the number of bytes.
    pub fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// Returns whether all bytes of `other` are in this range.
    pub fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Parses the value of `Content-Range` into the range and the size of the object.
    pub fn parse(content_range: &str) -> Option<(Self, u64)> {
        let (range, size) = content_range.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (range, size) =
            (Self { first: first.parse().ok()?, last: last.parse().ok()? }, size.parse().ok()?);
        (range.first <= range.last && range.last < size).then_some((range, size))
    }

    /// Returns the value of `Content-Range`.
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// A range as a viewer writes it, before the size of the object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bounds {
    /// `first-last`: both positions are included, and `first` is not after `last`.
    Between(u64, u64),
    /// `first-`: the rest of the object.
    From(u64),
    /// `-length`: the end of the object.
    Last(u64),
}

/// The `Range` header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// No range, or one that is ignored because it is malformed.
    Whole,
    /// One range.
    One(Bounds),
    /// Two or more ranges.
    Several(Vec<Bounds>),
}

/// The requested bytes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The whole object: status 200.
    Whole,
    /// One range: status 206.
    One(ByteRange),
    /// Two or more ranges: status 206, `multipart/byteranges`.
    Several(Vec<ByteRange>),
    /// No byte that the object has: status 416.
    Unsatisfiable,
}

impl Requested {
    /// Parses the header. One malformed range makes the whole header malformed.
    pub fn parse(header: Option<&str>) -> Self {
        let Some(specifications) = header.and_then(|header| header.strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        let bounds: Option<Vec<Bounds>> =
            specifications.split(',').map(|one| Bounds::parse(one.trim())).collect();
        match bounds.as_deref() {
            None | Some([]) => Self::Whole,
            Some([one]) => Self::One(*one),
            Some(several) => Self::Several(several.to_vec()),
        }
    }

    /// Returns the bytes that are requested of an object of `size` bytes.
    pub fn select(&self, size: u64) -> Selection {
        let bounds = match self {
            Self::Whole => return Selection::Whole,
            Self::One(bounds) => std::slice::from_ref(bounds),
            Self::Several(bounds) => bounds,
        };
        let ranges: Vec<ByteRange> = bounds.iter().filter_map(|bounds| bounds.resolve(size)).collect();
        let ordered = ranges.windows(2).all(|pair| pair[0].last < pair[1].first);
        match ranges.as_slice() {
            [] => Selection::Unsatisfiable,
            [range] => Selection::One(*range),
            _ if !ordered => Selection::Whole,
            _ => Selection::Several(ranges),
        }
    }
}

/// Returns the bytes that a `Range` header selects of an object of `size` bytes.
pub fn select(header: Option<&str>, size: u64) -> Selection {
    Requested::parse(header).select(size)
}

impl Bounds {
    fn parse(specification: &str) -> Option<Self> {
        let (first, last) = specification.split_once('-')?;
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // A number with more digits than fit into 64 bits is after the end of every object.
            is_number.then(|| digits.parse().unwrap_or(u64::MAX))
        };
        match (first, last) {
            ("", length) => Some(Self::Last(number(length)?)),
            (first, "") => Some(Self::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// Returns the bytes that an object of `size` bytes has of this range, or `None` if it has none of them.
    pub fn resolve(self, size: u64) -> Option<ByteRange> {
        let end = size.checked_sub(1)?;
        let (first, last) = match self {
            Self::Between(first, last) => (first, last.min(end)),
            Self::From(first) => (first, end),
            Self::Last(0) => return None,
            Self::Last(length) => (size.saturating_sub(length), end),
        };
        (first <= end).then_some(ByteRange { first, last })
    }
}

impl fmt::Display for Bounds {
    /// Writes the value of a `Range` header.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(first, last) => write!(formatter, "bytes={first}-{last}"),
            Self::From(first) => write!(formatter, "bytes={first}-"),
            Self::Last(length) => write!(formatter, "bytes=-{length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(first: u64, last: u64) -> Selection {
        Selection::One(ByteRange { first, last })
    }

    const MALFORMED: [&str; 11] = [
        "bytes=",
        "bytes=5",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=-",
        "bytes=--2",
        "bytes=-1-2",
        "bytes=1-2-3",
        "bytes 0-1",
        "items=0-1",
    ];

    #[test]
    fn single_ranges() {
        let of = |header| select(Some(header), 10);
        assert_eq!(select(None, 10), Selection::Whole);
        assert_eq!(of("bytes=0-0"), one(0, 0));
        assert_eq!(of("bytes=2-"), one(2, 9));
        assert_eq!(of("bytes=2-99999999999999999999999"), one(2, 9));
        assert_eq!(of("bytes=-3"), one(7, 9));
        assert_eq!(of("bytes=-30"), one(0, 9));
        assert_eq!(of("bytes=10-"), Selection::Unsatisfiable);
        assert_eq!(of("bytes=-0"), Selection::Unsatisfiable);
        assert_eq!(select(Some("bytes=0-"), 0), Selection::Unsatisfiable);
        assert_eq!(select(Some("bytes=-1"), 0), Selection::Unsatisfiable);
        for malformed in MALFORMED {
            assert_eq!(of(malformed), Selection::Whole, "{malformed}");
        }
    }

    #[test]
    fn content_range_is_read_as_it_is_written() {
        let range = ByteRange { first: 2, last: 9 };
        assert_eq!(ByteRange::parse(&range.content_range(10)), Some((range, 10)));
        for malformed in ["bytes 2-9/9", "bytes 9-2/10", "bytes */10", "bytes 0--1/0", "2-9/10", ""] {
            assert_eq!(ByteRange::parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn several_ranges_must_ascend() {
        let of = |header| select(Some(header), 10);
        let range = |first, last| ByteRange { first, last };
        assert_eq!(of("bytes=0-1, 4-5,-1"), Selection::Several(vec![range(0, 1), range(4, 5), range(9, 9)]));
        assert_eq!(of("bytes=4-5,0-1"), Selection::Whole);
        assert_eq!(of("bytes=0-4,4-5"), Selection::Whole);
        assert_eq!(of("bytes=0-1,x"), Selection::Whole);
        assert_eq!(of("bytes=0-1,50-60"), one(0, 1));
    }

    proptest! {
        /// S3 reads the range that the edge writes as the viewer meant it.
        #[test]
        fn written_range_selects_the_same_bytes(header in "bytes=([0-9]{1,3}-[0-9]{0,25}|-[0-9]{1,25})", size in 0_u64..200) {
            if let Requested::One(bounds) = Requested::parse(Some(&header)) {
                prop_assert_eq!(select(Some(&bounds.to_string()), size), select(Some(&header), size));
            }
        }

        #[test]
        fn selected_range_is_within_the_object(header in "bytes=[0-9,-]{0,20}", size in 0_u64..200) {
            let ranges = match select(Some(&header), size) {
                Selection::One(range) => vec![range],
                Selection::Several(ranges) => ranges,
                Selection::Whole | Selection::Unsatisfiable => vec![],
            };
            for range in ranges {
                prop_assert!(range.first <= range.last && range.last < size);
            }
        }
    }
}
