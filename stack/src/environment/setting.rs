//! Settings: a literal, or a platform parameter that CloudFormation looks up.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, MapAccess, Visitor};

use super::string_types::ParameterName;

/// A value of an environment: in its file, `"value"` or `{ ssm = "/path" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// The value itself.
    Literal(T),
    /// A parameter of the Systems Manager Parameter Store, read by CloudFormation at each deployment.
    Parameter(ParameterPath),
}

/// The path of a parameter: in an environment's file, `{ ssm = "/path" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterPath {
    ssm: ParameterName,
}

impl ParameterPath {
    /// Returns the path, which starts with `/`.
    pub fn as_str(&self) -> &str {
        self.ssm.as_str()
    }
}

impl<T> Setting<T> {
    /// Returns the value, where it is in the environment's file.
    pub fn literal(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Parameter(_) => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor(PhantomData))
    }
}

/// A visitor instead of an untagged enum, so that an error says what is wrong and where.
struct SettingVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SettingVisitor<T> {
    type Value = Setting<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or { ssm = \"/path\" }")
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        T::deserialize(StrDeserializer::new(value)).map(Setting::Literal)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        ParameterPath::deserialize(MapAccessDeserializer::new(map)).map(Setting::Parameter)
    }
}
