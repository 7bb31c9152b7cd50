//! Query parameters.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// The query parameters of a request, each decoded exactly once.
pub(super) struct Query {
    values: BTreeMap<String, Value>,
}

enum Value {
    Once(String),
    Repeated,
    /// Its escapes are no UTF-8.
    Undecodable,
}

impl Query {
    /// The gateway decodes values, but joins the values of a repeated parameter with commas, so that only the raw query
    /// tells a repeated parameter from one with a comma in it.
    pub(super) fn new(raw: &str, decoded: Option<&BTreeMap<String, Option<String>>>) -> Self {
        let mut values = BTreeMap::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name) else { continue };
            let value = decode(value).map_or(Value::Undecodable, Value::Once);
            values.entry(name).and_modify(|value| *value = Value::Repeated).or_insert(value);
        }
        for (name, value) in decoded.into_iter().flatten() {
            if matches!(values.get(name), None | Some(Value::Once(_))) {
                values.insert(name.clone(), Value::Once(value.clone().unwrap_or_default()));
            }
        }
        Self { values }
    }

    /// A parameter that may be missing, as it stands, blank or not.
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::Once(value)) => Ok(Some(value)),
            Some(Value::Repeated) => Err(ApiError::parameter(name, "is given more than once")),
            Some(Value::Undecodable) => Err(ApiError::parameter(name, "is not valid UTF-8")),
        }
    }

    /// A parameter that may be missing, but not blank.
    pub(super) fn not_blank(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self.optional(name)? {
            Some(value) if value.trim().is_empty() => Err(ApiError::parameter(name, "is blank")),
            value => Ok(value),
        }
    }

    /// A parameter that must be there and not blank.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, ApiError> {
        self.not_blank(name)?.ok_or_else(|| ApiError::parameter(name, "is missing"))
    }

    /// A node id that must be there.
    pub(super) fn node_id(&self, name: &'static str) -> Result<&str, ApiError> {
        let id = self.required(name)?;
        if is_possible_node_id(id) { Ok(id) } else { Err(ApiError::parameter(name, "is not a node id")) }
    }

    /// Whether the caller wants JSON or headers instead of a redirect: `redirect=false`, exactly.
    pub(super) fn declines_redirect(&self) -> Result<bool, ApiError> {
        Ok(self.optional("redirect")? == Some("false"))
    }
}

/// Whether the database could hold this as a node id: `varchar(255)`, and PostgreSQL has no text with a NUL in it.
pub(super) fn is_possible_node_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && !id.contains('\0')
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Query;

    #[test]
    fn a_value_is_decoded_once() {
        let decoded = BTreeMap::from([("u".to_owned(), Some("a%2Bb,c".to_owned()))]);
        let both = Query::new("u=a%252Bb%2Cc", Some(&decoded));
        assert_eq!(both.required("u").ok(), Some("a%2Bb,c"));
        let raw_only = Query::new("u=a%252Bb%2Cc", None);
        assert_eq!(raw_only.required("u").ok(), Some("a%2Bb,c"));
    }

    #[test]
    fn missing_blank_repeated_and_undecodable_values_are_refused() {
        let joined = BTreeMap::from([
            ("twice".to_owned(), Some("1,2".to_owned())),
            // The gateway puts a replacement character for what it cannot decode.
            ("bad".to_owned(), Some("\u{fffd}".to_owned())),
        ]);
        let query = Query::new("blank=%20&twice=1&twice=2&bad=%ff&flag", Some(&joined));
        for name in ["none", "blank", "twice", "bad", "flag"] {
            assert!(query.required(name).is_err(), "{name}");
        }
        assert_eq!(query.optional("none").ok(), Some(None));
        assert!(query.optional("twice").is_err());
    }
}
