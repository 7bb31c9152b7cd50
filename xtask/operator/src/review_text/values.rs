//! Formats the old and the new value of a property.

use serde_json::Value;
use stack::PropertyDifference;

use super::Detail;

/// The maximum number of characters shown of a value.
const MAXIMUM: usize = 80;
/// The number of characters shown before the first one that differs.
const CONTEXT: usize = 20;

/// Formats the old and the new value, each on one line.
///
/// Of long values, the part that differs is shown.
pub(super) fn format(difference: &PropertyDifference, detail: Detail) -> [String; 2] {
    let values = [&difference.old, &difference.new];
    let texts = values.map(|value| value.as_ref().map_or("none".to_owned(), plain));
    if detail == Detail::Full {
        return texts;
    }
    let [old, new] = &texts;
    let common = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    texts.map(|text| excerpt(&text, common))
}

/// Formats a value. A function of CloudFormation is shown as `Fn::Sub` writes it, such as `${Bucket.Arn}`.
fn plain(value: &Value) -> String {
    function(value).unwrap_or_else(|| match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    })
}

fn function(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (name, argument) = object.iter().next()?;
    match (name.as_str(), argument) {
        ("Ref", Value::String(name)) => Some(format!("${{{name}}}")),
        ("Fn::Sub", Value::String(text)) => Some(Value::from(text.as_str()).to_string()),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(format!("${{{}}}", parts?.join(".")))
        }
        _ => None,
    }
}

/// Shortens a long text to the part around the first character that differs.
fn excerpt(text: &str, common: usize) -> String {
    if text.chars().count() <= MAXIMUM {
        return text.to_owned();
    }
    // What fits from the beginning is shown from there.
    let start = if common < MAXIMUM - CONTEXT { 0 } else { common - CONTEXT };
    let before = if start > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(start);
    let part: String = rest.by_ref().take(MAXIMUM).collect();
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stack::PropertyDifference;

    use super::format;
    use crate::review_text::Detail;

    fn formatted(old: Value, new: Value, detail: Detail) -> [String; 2] {
        format(&PropertyDifference { path: "Value".to_owned(), old: Some(old), new: Some(new) }, detail)
    }

    #[test]
    fn long_values_are_shown_where_they_differ() {
        let long = |end: &str| json!(format!("{}{end}", "a".repeat(200)));
        let [old, new] = formatted(long("old"), long("new"), Detail::Summary);
        assert_eq!(old, format!("…{}old\"", "a".repeat(20)));
        assert_eq!(new, format!("…{}new\"", "a".repeat(20)));
        let key = |digit: &str| json!(format!("packages-service/api/{}.zip", digit.repeat(64)));
        let [old, new] = formatted(key("0"), key("1"), Detail::Summary);
        assert!(
            old.starts_with("\"packages-service/api/000") && new.starts_with("\"packages-service/api/111")
        );
        let [old, _] = formatted(long("old"), long("new"), Detail::Full);
        assert_eq!(old.len(), 205);
    }

    #[test]
    fn functions_of_cloudformation_are_shown_as_references() {
        let old = json!([{"Ref": "Bucket"}, {"Fn::GetAtt": ["Queue", "Arn"]}]);
        let new = json!({"Fn::Sub": "arn:${AWS::Partition}:s3:::x"});
        assert_eq!(
            formatted(old, new, Detail::Summary),
            ["[${Bucket}, ${Queue.Arn}]", "\"arn:${AWS::Partition}:s3:::x\""]
        );
    }
}
