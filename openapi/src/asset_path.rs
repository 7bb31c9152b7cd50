//! Keys of viewer assets.

use crate::ids::{DatasetId, OrganizationId, PackageId};

/// The maximum length of a key in S3.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const MAXIMUM_KEY_BYTES: usize = 1024;

/// The pattern of a path, as JSON Schema has it.
///
/// It states the rules of [`AssetPath::parse`] except the limit in bytes. A segment that begins with a dot has another
/// character, and one with two dots has a third one.
pub(crate) const ASSET_PATH_PATTERN: &str = concat!(
    r"^([^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*",
    r"|\.[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*",
    r"|\.\.[^/\\\u0000-\u001f\u007f-\u009f]+)",
    r"(/([^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*",
    r"|\.[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*",
    r"|\.\.[^/\\\u0000-\u001f\u007f-\u009f]+))*$",
);

/// The prefix of the keys of all assets of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetPrefix {
    /// The organization of the package.
    pub organization: OrganizationId,
    /// The dataset of the package.
    pub dataset: DatasetId,
    /// The package.
    pub package: PackageId,
}

impl AssetPrefix {
    /// Returns the prefix, which ends with a slash.
    pub fn text(&self) -> String {
        format!("O{}/D{}/P{}/", self.organization, self.dataset, self.package)
    }
}

/// The path of an asset within its package.
///
/// No client, proxy or library can read it as another path: it has no empty, `.` or `..` segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPath(String);

/// A text is not the path of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetPathError {
    /// It begins or ends with a slash, or has two in a row.
    #[error("has an empty segment or a leading slash")]
    EmptySegment,
    /// It has a segment `.` or `..`.
    #[error("has a `.` or `..` segment")]
    DotSegment,
    /// It has a `\`, which some clients turn into a slash.
    #[error("has a backslash")]
    Backslash,
    /// It has a character of C0 or C1, or DEL.
    #[error("has a control character")]
    Control,
    /// With its prefix, it is longer than a key can be.
    #[error("makes a key of more than 1,024 bytes")]
    TooLong,
}

impl AssetPath {
    /// Parses a path.
    pub fn parse(path: &str) -> Result<Self, AssetPathError> {
        if path.len() > MAXIMUM_KEY_BYTES {
            return Err(AssetPathError::TooLong);
        }
        for segment in path.split('/') {
            match segment {
                "" => return Err(AssetPathError::EmptySegment),
                "." | ".." => return Err(AssetPathError::DotSegment),
                _ => {}
            }
        }
        if path.contains('\\') {
            return Err(AssetPathError::Backslash);
        }
        if path.chars().any(char::is_control) {
            return Err(AssetPathError::Control);
        }
        Ok(Self(path.to_owned()))
    }

    /// Returns the key of this asset in a package.
    pub fn key(&self, prefix: AssetPrefix) -> Result<String, AssetPathError> {
        let key = format!("{}{}", prefix.text(), self.0);
        if key.len() > MAXIMUM_KEY_BYTES { Err(AssetPathError::TooLong) } else { Ok(key) }
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::{DatasetId, OrganizationId, PackageId};
    use proptest::prelude::*;

    use super::{ASSET_PATH_PATTERN, AssetPath, AssetPathError, AssetPrefix};

    const PREFIX: AssetPrefix =
        AssetPrefix { organization: OrganizationId(1), dataset: DatasetId(2), package: PackageId(3) };

    #[test]
    fn error_states_the_violated_rule() {
        let reason = |path: &str| AssetPath::parse(path).unwrap_err();
        for path in ["", "/", "/a", "a//b", "a/"] {
            assert_eq!(reason(path), AssetPathError::EmptySegment, "{path:?}");
        }
        for path in [".", "..", "a/../b", "a/./b", "a/.."] {
            assert_eq!(reason(path), AssetPathError::DotSegment, "{path:?}");
        }
        assert_eq!(reason("a\\b"), AssetPathError::Backslash);
        for path in ["a\0", "a\n", "\u{7f}", "\u{85}", "a\u{9f}b"] {
            assert_eq!(reason(path), AssetPathError::Control, "{path:?}");
        }
        assert_eq!(reason(&"a".repeat(1025)), AssetPathError::TooLong);
    }

    #[test]
    fn limit_applies_to_the_whole_key_in_bytes() {
        let prefix = PREFIX.text().len();
        assert!(AssetPath::parse(&"a".repeat(1024 - prefix)).unwrap().key(PREFIX).is_ok());
        assert!(AssetPath::parse(&"a".repeat(1025 - prefix)).unwrap().key(PREFIX).is_err());
        assert!(AssetPath::parse(&"é".repeat(512)).unwrap().key(PREFIX).is_err());
    }

    proptest! {
        #[test]
        fn pattern_accepts_what_is_parsed(path in r"[a./\\\x00-\x7f\x{80}-\x{ff}]{0,6}|[./a]{0,6}") {
            let pattern = fancy_regex::Regex::new(ASSET_PATH_PATTERN).unwrap();
            prop_assert_eq!(pattern.is_match(&path).unwrap(), AssetPath::parse(&path).is_ok(), "{:?}", path);
        }

        #[test]
        fn every_other_path_is_part_of_the_key_unchanged(path in "[ -.0-\\[\\]-~\u{a1}-\u{2ff}]{1,40}") {
            prop_assume!(path != "." && path != "..");
            let key = AssetPath::parse(&path).unwrap().key(PREFIX).unwrap();
            prop_assert_eq!(key, format!("O1/D2/P3/{path}"));
        }
    }
}
