//! The references of a template, in every form in which one is written.

use serde_json::Value;

/// An intrinsic function in a value:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intrinsic<'a> {
    /// `Ref`, or `${Name}` in a text: a parameter, or what identifies a resource.
    Name(&'a str),
    /// `Fn::GetAtt`, or `${Name.Attribute}` in a text: an attribute of a resource.
    Attribute(&'a str, &'a str),
    /// A function that our templates do not use, or arguments that are not understood.
    Unknown(&'a str),
}

/// Calls `found` with each intrinsic function in a value, and with the path of the property that it is in, such as
/// `Layers.0`.
pub(crate) fn visit<'a>(path: &str, value: &'a Value, found: &mut impl FnMut(&str, Intrinsic<'a>)) {
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                visit(&below(path, &index.to_string()), value, found);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                match name.as_str() {
                    "Ref" => found(path, value.as_str().map_or(Intrinsic::Unknown("Ref"), Intrinsic::Name)),
                    "Fn::GetAtt" => found(path, attribute(value)),
                    "Fn::Sub" => substitutions(path, value, found),
                    _ if name.starts_with("Fn::") => found(path, Intrinsic::Unknown(name)),
                    _ => visit(&below(path, name), value, found),
                }
            }
        }
        _ => {}
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn attribute(argument: &Value) -> Intrinsic<'_> {
    match (argument[0].as_str(), argument[1].as_str()) {
        (Some(resource), Some(attribute)) => Intrinsic::Attribute(resource, attribute),
        _ => Intrinsic::Unknown("Fn::GetAtt"),
    }
}

fn substitutions<'a>(path: &str, text: &'a Value, found: &mut impl FnMut(&str, Intrinsic<'a>)) {
    let Some(text) = text.as_str() else { return found(path, Intrinsic::Unknown("Fn::Sub")) };
    for placeholder in text.split("${").skip(1) {
        match placeholder.split_once('}') {
            Some((literal, _)) if literal.starts_with('!') => {}
            Some((name, _)) => match name.split_once('.') {
                Some((resource, attribute)) => found(path, Intrinsic::Attribute(resource, attribute)),
                None => found(path, Intrinsic::Name(name)),
            },
            None => found(path, Intrinsic::Unknown("Fn::Sub")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Intrinsic, visit};

    #[test]
    fn every_form_of_a_reference_is_found_with_its_path() {
        let value = json!({
            "A": {"B": [{"Ref": "One"}, {"Fn::GetAtt": ["Two", "Arn"]}]},
            "Text": {"Fn::Sub": "${Three}/${!literal}/${Four.Endpoint.Port}"},
            "Other": {"Fn::Join": ["", []]}, "Wrong": {"Fn::GetAtt": "Five.Arn"},
        });
        let mut found = Vec::new();
        visit("", &value, &mut |path, intrinsic| found.push((path.to_owned(), intrinsic)));
        let expected = [
            ("A.B.0", Intrinsic::Name("One")),
            ("A.B.1", Intrinsic::Attribute("Two", "Arn")),
            ("Other", Intrinsic::Unknown("Fn::Join")),
            ("Text", Intrinsic::Name("Three")),
            ("Text", Intrinsic::Attribute("Four", "Endpoint.Port")),
            ("Wrong", Intrinsic::Unknown("Fn::GetAtt")),
        ];
        found.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(found, expected.map(|(path, intrinsic)| (path.to_owned(), intrinsic)));
    }
}
