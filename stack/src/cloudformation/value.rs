//! Values: literals and references.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::logical_id::LogicalId;

/// The value of a property: a literal, or something that CloudFormation inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<T> {
    Literal(T),
    /// `Ref` of a parameter, a pseudo parameter or a resource.
    Reference(String),
    /// `Fn::GetAtt`.
    Attribute(LogicalId, &'static str),
    /// `Fn::Sub`; the text is escaped, and its placeholders are other values. See [`concatenate`].
    Substituted(String),
}

/// Returns one of our types as JSON. Object keys are sorted, whatever features other crates enable in `serde_json`.
#[expect(
    clippy::expect_used,
    reason = "our types have string keys and derived serialization, which cannot fail"
)]
pub(crate) fn to_json(value: &impl Serialize) -> serde_json::Value {
    let mut json = serde_json::to_value(value).expect("a template is JSON");
    json.sort_all_objects();
    json
}

impl<T> Value<T> {
    /// Returns the value as JSON, for documents without typed properties.
    pub(crate) fn to_json(&self) -> serde_json::Value
    where
        T: Serialize,
    {
        to_json(self)
    }
}

impl Value<String> {
    /// Returns the value as a part of an `Fn::Sub` text.
    pub(crate) fn placeholder(&self) -> String {
        match self {
            Self::Literal(literal) => literal.replace("${", "${!"),
            Self::Reference(name) => format!("${{{name}}}"),
            Self::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
            Self::Substituted(text) => text.clone(),
        }
    }
}

impl From<&str> for Value<String> {
    fn from(literal: &str) -> Self {
        Self::Literal(literal.to_owned())
    }
}

impl From<String> for Value<String> {
    fn from(literal: String) -> Self {
        Self::Literal(literal)
    }
}

impl From<&Value<String>> for Value<String> {
    fn from(value: &Value<String>) -> Self {
        value.clone()
    }
}

/// A pseudo parameter: where the stack is deployed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PseudoParameter {
    AccountId,
    Partition,
    Region,
}

impl From<PseudoParameter> for Value<String> {
    fn from(parameter: PseudoParameter) -> Self {
        let name = match parameter {
            PseudoParameter::AccountId => "AWS::AccountId",
            PseudoParameter::Partition => "AWS::Partition",
            PseudoParameter::Region => "AWS::Region",
        };
        Self::Reference(name.to_owned())
    }
}

/// Returns values joined: a literal if all of them are literals, one `Fn::Sub` otherwise.
pub(crate) fn concatenate<const N: usize>(parts: &[Value<String>; N]) -> Value<String> {
    let literals: Option<String> = parts
        .iter()
        .map(|part| if let Value::Literal(literal) = part { Some(literal.as_str()) } else { None })
        .collect();
    literals
        .map_or_else(|| Value::Substituted(parts.iter().map(Value::placeholder).collect()), Value::Literal)
}

/// Concatenates anything that becomes a `Value<String>`.
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::cloudformation::concatenate(&[$($crate::cloudformation::Value::<String>::from($part)),+])
    };
}
pub(crate) use text;

impl<T: Serialize> Serialize for Value<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn intrinsic<S: Serializer>(
            serializer: S,
            name: &str,
            argument: &impl Serialize,
        ) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(name, argument)?;
            map.end()
        }
        match self {
            Self::Literal(literal) => literal.serialize(serializer),
            Self::Reference(name) => intrinsic(serializer, "Ref", name),
            Self::Attribute(id, attribute) => intrinsic(serializer, "Fn::GetAtt", &(id, attribute)),
            Self::Substituted(text) => intrinsic(serializer, "Fn::Sub", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PseudoParameter, Value};

    #[test]
    fn joined_literals_are_a_literal() {
        assert_eq!(text!["a-", "b".to_owned(), "-${c}"], Value::from("a-b-${c}"));
    }

    #[test]
    fn literal_is_escaped_next_to_a_reference() {
        let value = text!["${literal}/", PseudoParameter::Region, text![":", PseudoParameter::AccountId]];
        insta::assert_compact_json_snapshot!(value, @r#"{"Fn::Sub": "${!literal}/${AWS::Region}:${AWS::AccountId}"}"#);
    }
}
