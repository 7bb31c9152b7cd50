//! Package types.
//!
//! The database stores them as text, and the restore queue contains them as numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! package_types {
    ($($name:ident = $number:literal),+ $(,)?) => {
        /// The type of a package.
        ///
        /// A folder is a package of type [`PackageType::Collection`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the variants are the platform's own names")]
        pub enum PackageType { $($name = $number),+ }

        impl PackageType {
            /// Every type, in the order of its numbers.
            pub const ALL: &'static [PackageType] = &[$(PackageType::$name),+];

            /// Returns the name in the `type` column of the database.
            pub const fn name(self) -> &'static str {
                match self { $(PackageType::$name => stringify!($name)),+ }
            }
        }
    };
}

package_types! {
    Image = 0, MRI = 1, Slide = 2, ExternalFile = 3, MSWord = 4, PDF = 5, CSV = 6, Tabular = 7,
    TimeSeries = 8, Video = 9, Unknown = 10, Collection = 11, Text = 12, Unsupported = 13, HDF5 = 14, ZIP = 15,
}

impl PackageType {
    /// Returns the number of this type in a restore message.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the type with this number.
    pub fn from_number(number: u64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied()
    }

    /// Returns the type with this name in the database.
    ///
    /// An unknown name is [`PackageType::Unknown`].
    ///
    /// The platform can add a type at any time, and that must not fail a restore.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|package_type| package_type.name() == name).unwrap_or(Self::Unknown)
    }
}

impl Serialize for PackageType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for PackageType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::from_number(number)
            .ok_or_else(|| de::Error::custom(format_args!("{number} is not the number of a package type")))
    }
}

#[cfg(test)]
mod tests {
    use super::PackageType;

    #[test]
    fn numbers_names_and_positions_agree() {
        for (index, package_type) in PackageType::ALL.iter().copied().enumerate() {
            assert_eq!(usize::from(package_type.number()), index);
            assert_eq!(PackageType::from_name(package_type.name()), package_type);
            assert_eq!(PackageType::from_number(index as u64), Some(package_type));
        }
        assert_eq!(PackageType::Collection.number(), 11);
        assert_eq!(PackageType::from_number(16), None);
        assert_eq!(PackageType::from_name("DataSet"), PackageType::Unknown);
    }
}
