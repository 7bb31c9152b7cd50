//! Intrinsic functions, and what they refer to.

use serde_json::Value;

use crate::violation::escape;

/// What one intrinsic function refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    /// `Ref`, or a name in `Fn::Sub`: a resource, a parameter or a pseudo parameter.
    Name(&'a str),
    /// `Fn::GetAtt`, or a name with an attribute in `Fn::Sub`.
    Attribute { resource: &'a str, attribute: &'a str },
    /// A condition, in `Fn::If`.
    Condition(&'a str),
    /// `Fn::GetAtt` without a resource or an attribute.
    MalformedAttribute,
    /// A function that CloudFormation does not have.
    UnknownFunction(&'a str),
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>,
/// with those of the transforms `AWS::Include` and `AWS::LanguageExtensions`.
pub(crate) const FUNCTIONS: &[&str] = &[
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::ForEach",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::And",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
];

/// Returns the name and the argument of an intrinsic function.
pub(crate) fn function(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let (name, argument) = object.iter().next()?;
    (object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"))).then_some((name.as_str(), argument))
}

/// Whether a value is known only after resources are created.
///
/// In a resolved template, this is true for each function that is left.
pub(crate) fn is_unknown(value: &Value) -> bool {
    function(value).is_some()
}

/// Returns the logical id of the resource that a whole value refers to.
pub(crate) fn referenced_resource(value: &Value) -> Option<&str> {
    let (name, argument) = function(value)?;
    match (name, argument) {
        ("Ref", Value::String(id)) => Some(id),
        ("Fn::GetAtt", Value::Array(parts)) => parts.first()?.as_str(),
        ("Fn::GetAtt", Value::String(text)) => text.split_once('.').map(|(id, _)| id),
        ("Fn::Sub", Value::String(text)) => {
            let name = text.strip_prefix("${")?.strip_suffix('}')?;
            (!name.contains("${")).then(|| name.split_once('.').map_or(name, |(id, _)| id))
        }
        _ => None,
    }
}

/// Calls a function with each reference in a value, and with the JSON pointer to it.
pub(crate) fn visit<'a>(pointer: &str, value: &'a Value, found: &mut impl FnMut(&str, Reference<'a>)) {
    if let Some((name, argument)) = function(value) {
        visit_function(pointer, name, argument, found);
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(&format!("{pointer}/{index}"), item, found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                visit(&format!("{pointer}/{}", escape(key)), member, found);
            }
        }
        _ => {}
    }
}

fn visit_function<'a>(
    pointer: &str,
    name: &'a str,
    argument: &'a Value,
    found: &mut impl FnMut(&str, Reference<'a>),
) {
    match (name, argument) {
        ("Ref", Value::String(target)) => found(pointer, Reference::Name(target)),
        ("Fn::GetAtt", _) => found(pointer, attribute(argument).unwrap_or(Reference::MalformedAttribute)),
        ("Fn::If", Value::Array(arguments)) => {
            if let Some(condition) = arguments.first().and_then(Value::as_str) {
                found(pointer, Reference::Condition(condition));
            }
        }
        ("Fn::Sub", Value::String(text)) => visit_text(pointer, text, None, found),
        ("Fn::Sub", Value::Array(arguments)) => {
            if let Some(text) = arguments.first().and_then(Value::as_str) {
                visit_text(pointer, text, arguments.get(1), found);
            }
        }
        _ if name == "Ref" || FUNCTIONS.contains(&name) || name.starts_with("Fn::ForEach::") => {}
        _ => found(pointer, Reference::UnknownFunction(name)),
    }
}

fn attribute(argument: &Value) -> Option<Reference<'_>> {
    let (resource, attribute) = match argument {
        Value::String(text) => text.split_once('.')?,
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(resource), Value::String(attribute)] => (resource.as_str(), attribute.as_str()),
            // The attribute may be a function, which is not read here.
            [Value::String(resource), Value::Object(_)] => return Some(Reference::Name(resource)),
            _ => return None,
        },
        _ => return None,
    };
    let is_complete = !resource.is_empty() && !attribute.is_empty();
    is_complete.then_some(Reference::Attribute { resource, attribute })
}

fn visit_text<'a>(
    pointer: &str,
    text: &'a str,
    variables: Option<&Value>,
    found: &mut impl FnMut(&str, Reference<'a>),
) {
    for piece in pieces(text) {
        let Piece::Name(name) = piece else { continue };
        if variables.is_some_and(|variables| variables.get(name).is_some()) {
            continue;
        }
        match name.split_once('.') {
            Some((resource, attribute)) => found(pointer, Reference::Attribute { resource, attribute }),
            None => found(pointer, Reference::Name(name)),
        }
    }
}

/// A piece of the text of `Fn::Sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text that stays as it is.
    Text(&'a str),
    /// The name in `${name}`.
    Name(&'a str),
    /// The name in `${!name}`, which stands for `${name}` itself.
    Literal(&'a str),
}

/// Splits the text of `Fn::Sub`.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, following)) = after.split_once('}') else { break };
        pieces.push(Piece::Text(before));
        pieces.push(name.strip_prefix('!').map_or(Piece::Name(name.trim()), Piece::Literal));
        rest = following;
    }
    pieces.push(Piece::Text(rest));
    pieces
}
