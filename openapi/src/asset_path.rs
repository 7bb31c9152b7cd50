//! Keys of viewer assets.

use crate::ids::{DatasetId, OrganizationId, PackageId};

/// The longest key that S3 takes: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const MAXIMUM_KEY_BYTES: usize = 1024;

/// Where the assets of a package lie: the prefix of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetPrefix {
    /// The package's organization.
    pub organization: OrganizationId,
    /// The package's dataset.
    pub dataset: DatasetId,
    /// The package.
    pub package: PackageId,
}

impl AssetPrefix {
    /// The prefix, with the slash that ends it.
    pub fn text(&self) -> String {
        format!("O{}/D{}/P{}/", self.organization, self.dataset, self.package)
    }
}

/// The path of an asset within its package. It names a key and nothing else: no segment of it means "here" or "up",
/// to whatever proxy or library reads the URL later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPath(String);

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetPathError {
    /// A leading slash, two in a row, or one at the end.
    #[error("has an empty segment or a leading slash")]
    EmptySegment,
    /// `.` or `..`.
    #[error("has a `.` or `..` segment")]
    DotSegment,
    /// `\`, which some clients turn into a slash.
    #[error("has a backslash")]
    Backslash,
    /// C0, DEL or C1.
    #[error("has a control character")]
    Control,
    /// With its prefix longer than S3 allows.
    #[error("makes a key of more than 1,024 bytes")]
    TooLong,
}

impl AssetPath {
    /// Check a path.
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

    /// The key of this asset of a package.
    pub fn key(&self, prefix: AssetPrefix) -> Result<String, AssetPathError> {
        let key = format!("{}{}", prefix.text(), self.0);
        if key.len() > MAXIMUM_KEY_BYTES { Err(AssetPathError::TooLong) } else { Ok(key) }
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::{DatasetId, OrganizationId, PackageId};
    use proptest::prelude::*;

    use super::{AssetPath, AssetPathError, AssetPrefix};

    const PREFIX: AssetPrefix =
        AssetPrefix { organization: OrganizationId(1), dataset: DatasetId(2), package: PackageId(3) };

    #[test]
    fn refused_paths_say_why() {
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
    fn the_limit_counts_the_whole_key_in_bytes() {
        let prefix = PREFIX.text().len();
        assert!(AssetPath::parse(&"a".repeat(1024 - prefix)).unwrap().key(PREFIX).is_ok());
        assert!(AssetPath::parse(&"a".repeat(1025 - prefix)).unwrap().key(PREFIX).is_err());
        assert!(AssetPath::parse(&"é".repeat(512)).unwrap().key(PREFIX).is_err());
    }

    proptest! {
        #[test]
        fn whatever_else_there_is_makes_a_key_byte_for_byte(path in "[ -.0-\\[\\]-~\u{a1}-\u{2ff}]{1,40}") {
            prop_assume!(path != "." && path != "..");
            let key = AssetPath::parse(&path).unwrap().key(PREFIX).unwrap();
            prop_assert_eq!(key, format!("O1/D2/P3/{path}"));
        }
    }
}
