//! `Range` requests, as CloudFront handles them.
//!
//! CloudFront follows RFC 9110 with an additional rule: if ranges are malformed, overlap or are not in ascending
//! order, it returns the whole object with status 200. See
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>.

/// Size limit of a multipart body, which is built in memory.
///
/// For larger ones, the whole object is returned.
const LARGEST_MULTIPART: u64 = 16 * 1024 * 1024;

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

    /// Returns the value of `Content-Range`.
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
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

/// Returns the bytes that a `Range` header selects of an object of `size` bytes.
pub fn select(header: Option<&str>, size: u64) -> Selection {
    let Some(specifications) = header.and_then(|header| header.strip_prefix("bytes=")) else {
        return Selection::Whole;
    };
    let mut ranges = Vec::new();
    for specification in specifications.split(',') {
        match resolve(specification.trim(), size) {
            Err(Malformed) => return Selection::Whole,
            Ok(range) => ranges.extend(range),
        }
    }
    let ordered = ranges.windows(2).all(|pair| pair[0].last < pair[1].first);
    match ranges.as_slice() {
        [] => Selection::Unsatisfiable,
        [range] => Selection::One(*range),
        _ if !ordered => Selection::Whole,
        _ if ranges.iter().map(|range| range.length()).sum::<u64>() > LARGEST_MULTIPART => Selection::Whole,
        _ => Selection::Several(ranges),
    }
}

struct Malformed;

/// Returns the bytes of one range specification.
///
/// Returns `None` if the range begins after the end of the object.
fn resolve(specification: &str, size: u64) -> Result<Option<ByteRange>, Malformed> {
    let (first, last) = specification.split_once('-').ok_or(Malformed)?;
    let number = |digits: &str| -> Result<u64, Malformed> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Malformed);
        }
        // A number with more digits than fit into 64 bits is after the end of every object.
        Ok(digits.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let length = number(last)?.min(size);
        return Ok((length > 0).then(|| ByteRange { first: size - length, last: size - 1 }));
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return Err(Malformed);
    }
    Ok((first < size).then(|| ByteRange { first, last: last.min(size - 1) }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(first: u64, last: u64) -> Selection {
        Selection::One(ByteRange { first, last })
    }

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
        for malformed in ["bytes=", "bytes=5", "bytes=5-2", "bytes=a-b", "bytes=+1-2", "items=0-1"] {
            assert_eq!(of(malformed), Selection::Whole, "{malformed}");
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
        let size = 4 * LARGEST_MULTIPART;
        let large = format!("bytes=0-{LARGEST_MULTIPART},{}-", LARGEST_MULTIPART * 2);
        assert_eq!(select(Some(&large), size), Selection::Whole);
    }

    proptest! {
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
