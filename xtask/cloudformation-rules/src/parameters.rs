//! The parameters of a template and their values.

use std::collections::BTreeMap;

use fancy_regex::Regex;
use serde_json::Value;

use crate::request::ParameterValue;
use crate::rule::Rule;
use crate::violation::Violation;

const SYSTEMS_MANAGER: &str = "AWS::SSM::Parameter::Value<";

/// Types of one text, or of a comma-separated list of texts.
const TYPES: &[&str] =
    &["String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"];

/// Types that name existing resources: `AWS::EC2::VPC::Id` and others.
const RESOURCE_TYPES: &[&str] = &["AWS::EC2::", "AWS::Route53::", "List<AWS::EC2::", "List<AWS::Route53::"];

/// Returns what is wrong with the parameters of a template and with their values.
pub(crate) fn check(template: &Value, values: &BTreeMap<String, ParameterValue>) -> Vec<Violation> {
    let declarations = template["Parameters"].as_object();
    let declared = |name: &str| declarations.is_some_and(|declarations| declarations.contains_key(name));
    let mut violations = Vec::new();

    let unknown: Vec<&str> = values.keys().map(String::as_str).filter(|name| !declared(name)).collect();
    if !unknown.is_empty() {
        let message = format!("Parameters: [{}] do not exist in the template", unknown.join(", "));
        violations.push(Violation::of_template(Rule::UnknownParameter, message));
    }
    let missing: Vec<&str> = declarations
        .into_iter()
        .flatten()
        .filter(|(name, declaration)| given(declaration, values.get(*name)).is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(first) = missing.first() {
        let message = format!("Parameters: [{}] must have values", missing.join(", "));
        violations.push(Violation::of_entry(Rule::MissingParameter, "Parameters", first, message));
    }
    for (name, declaration) in declarations.into_iter().flatten() {
        let kind = declaration["Type"].as_str().unwrap_or_default();
        if !is_type(kind) {
            let message = format!("Template format error: Unrecognized parameter type: {kind}");
            violations.push(Violation::of_entry(Rule::UnknownParameterType, "Parameters", name, message));
        }
        let broken = given(declaration, values.get(name))
            .and_then(|value| broken_constraint(name, kind, declaration, &value));
        violations.extend(
            broken.map(|message| Violation::of_entry(Rule::ParameterConstraint, "Parameters", name, message)),
        );
    }
    violations
}

/// Returns the value of `Ref` of a parameter; none if it is not known.
pub(crate) fn parameter_value(declaration: &Value, value: Option<&ParameterValue>) -> Option<Value> {
    let kind = declaration["Type"].as_str()?;
    let (kind, text) = match kind.strip_prefix(SYSTEMS_MANAGER) {
        Some(kind) => (kind.strip_suffix('>')?, value?.resolved.clone()?),
        None => (kind, given(declaration, value)?),
    };
    let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList";
    Some(if is_list { text.split(',').map(|item| Value::from(item.trim())).collect() } else { text.into() })
}

/// Returns the value in the request, or the default.
fn given(declaration: &Value, value: Option<&ParameterValue>) -> Option<String> {
    value.map(|value| value.value.clone()).or_else(|| text(declaration.get("Default")?))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn is_type(kind: &str) -> bool {
    let kind = kind.strip_prefix(SYSTEMS_MANAGER).and_then(|kind| kind.strip_suffix('>')).unwrap_or(kind);
    TYPES.contains(&kind)
        || kind == "List<String>"
        || RESOURCE_TYPES.iter().any(|prefix| kind.starts_with(prefix))
}

/// Returns the constraint that a value in a request breaks.
///
/// The constraints of a Systems Manager parameter apply to its name: CloudFormation validates what the request
/// contains. <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
fn broken_constraint(name: &str, kind: &str, declaration: &Value, value: &str) -> Option<String> {
    let number = |key: &str| text(declaration.get(key)?)?.parse::<f64>().ok();
    if kind == "Number" {
        let Ok(value) = value.parse::<f64>() else {
            return Some(format!("Parameter '{name}' must be a number"));
        };
        if let Some(minimum) = number("MinValue").filter(|minimum| value < *minimum) {
            return Some(format!("Parameter '{name}' must be a number not less than {minimum}"));
        }
        if let Some(maximum) = number("MaxValue").filter(|maximum| value > *maximum) {
            return Some(format!("Parameter '{name}' must be a number not greater than {maximum}"));
        }
    }
    let length = || f64::from(u32::try_from(value.chars().count()).unwrap_or(u32::MAX));
    if let Some(minimum) = number("MinLength").filter(|minimum| length() < *minimum) {
        return Some(format!("Parameter '{name}' must contain at least {minimum} characters"));
    }
    if let Some(maximum) = number("MaxLength").filter(|maximum| length() > *maximum) {
        return Some(format!("Parameter '{name}' must contain at most {maximum} characters"));
    }
    let items: Vec<&str> =
        if kind == "CommaDelimitedList" { value.split(',').map(str::trim).collect() } else { vec![value] };
    let allowed = declaration["AllowedValues"].as_array();
    if let Some(allowed) = allowed
        && items.iter().any(|item| !allowed.iter().any(|value| text(value).as_deref() == Some(*item)))
    {
        return Some(format!("Parameter '{name}' must be one of AllowedValues"));
    }
    // The pattern must match the whole value.
    let pattern = declaration["AllowedPattern"].as_str()?;
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z")).ok()?;
    let matches = |item: &&str| whole.is_match(item).unwrap_or(true);
    (!items.iter().all(matches)).then(|| format!("Parameter '{name}' must match pattern {pattern}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::request::ParameterValue;
    use crate::rule::Rule;
    use crate::testing::{Request, messages, queue, rules};

    fn request(declaration: &Value, value: Option<&str>) -> Request {
        let template = json!({ "Parameters": { "Name": declaration }, "Resources": { "Queue": queue() } });
        let mut request = Request::new(&template);
        let value = value.map(|value| ParameterValue { value: value.to_owned(), resolved: None });
        request.parameters.extend(value.map(|value| ("Name".to_owned(), value)));
        request
    }

    #[test]
    fn parameter_has_a_value_or_a_default() {
        assert_eq!(rules(&request(&json!({ "Type": "String", "Default": "value" }), None)), []);
        assert_eq!(rules(&request(&json!({ "Type": "String" }), Some("value"))), []);
        let missing = request(&json!({ "Type": "String" }), None);
        assert_eq!(messages(&missing), ["Parameters: [Name] must have values"]);
    }

    #[test]
    fn value_belongs_to_a_parameter() {
        let mut request = Request::new(&json!({ "Resources": { "Queue": queue() } }));
        request.parameters.insert("Other".to_owned(), ParameterValue::default());
        assert_eq!(messages(&request), ["Parameters: [Other] do not exist in the template"]);
    }

    #[test]
    fn parameter_has_a_known_type() {
        for kind in
            ["Number", "CommaDelimitedList", "AWS::SSM::Parameter::Value<List<String>>", "AWS::EC2::VPC::Id"]
        {
            assert_eq!(rules(&request(&json!({ "Type": kind }), Some("1"))), [], "{kind}");
        }
        for kind in ["Text", "AWS::SSM::Parameter::Value<Text>"] {
            assert_eq!(
                rules(&request(&json!({ "Type": kind }), Some("1"))),
                [Rule::UnknownParameterType],
                "{kind}"
            );
        }
    }

    #[test]
    fn value_respects_the_constraints() {
        let cases = [
            (json!({ "Type": "String", "AllowedPattern": "[a-z]+" }), "abc", "abc1"),
            (json!({ "Type": "String", "AllowedValues": ["a", "b"] }), "a", "c"),
            (json!({ "Type": "String", "MinLength": 2 }), "ab", "a"),
            (json!({ "Type": "String", "MaxLength": "2" }), "ab", "abc"),
            (json!({ "Type": "Number" }), "1.5", "one"),
            (json!({ "Type": "Number", "MinValue": 2 }), "2", "1"),
            (json!({ "Type": "Number", "MaxValue": 2 }), "2", "3"),
            (json!({ "Type": "CommaDelimitedList", "AllowedValues": ["a", "b"] }), "a,b", "a,c"),
            (
                json!({ "Type": "AWS::SSM::Parameter::Value<String>", "AllowedPattern": "/dev/.*" }),
                "/dev/a",
                "/prod/a",
            ),
        ];
        for (declaration, valid, invalid) in cases {
            assert_eq!(rules(&request(&declaration, Some(valid))), [], "{declaration}");
            let refused = rules(&request(&declaration, Some(invalid)));
            assert_eq!(refused, [Rule::ParameterConstraint], "{declaration}");
        }
    }

    #[test]
    fn pattern_is_named_in_the_message() {
        let request = request(&json!({ "Type": "String", "AllowedPattern": "[a-z]+" }), Some("1"));
        assert_eq!(messages(&request), ["Parameter 'Name' must match pattern [a-z]+"]);
    }
}
