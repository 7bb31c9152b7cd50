//! Replaces intrinsic functions by their values, as far as these are known before anything is created.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::conditions;
use crate::intrinsics::{Piece, function, is_unknown, pieces};
use crate::parameters::parameter_value;
use crate::request::ParameterValue;

/// The pseudo parameters, including those of the stack with values that are not known.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
pub(crate) const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Where a stack is deployed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings<'a> {
    pub(crate) region: &'a str,
    pub(crate) account_id: &'a str,
    pub(crate) stack_name: &'a str,
}

/// The names with known values.
pub(crate) struct Resolver<'a> {
    names: BTreeMap<&'a str, Value>,
    conditions: BTreeMap<String, bool>,
}

impl<'a> Resolver<'a> {
    /// Returns a resolver for a template and the values of its parameters.
    pub(crate) fn new(
        template: &'a Value,
        parameters: &BTreeMap<String, ParameterValue>,
        surroundings: Surroundings<'_>,
    ) -> Self {
        let mut names: BTreeMap<&'a str, Value> = template["Parameters"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, declaration)| {
                Some((name.as_str(), parameter_value(declaration, parameters.get(name))?))
            })
            .collect();
        names.extend(pseudo_parameters(surroundings));
        let mut resolver = Self { names, conditions: BTreeMap::new() };
        resolver.conditions = conditions::evaluate(template, &resolver);
        resolver
    }

    /// Returns the value of a condition if it is known.
    pub(crate) fn condition(&self, name: &str) -> Option<bool> {
        self.conditions.get(name).copied()
    }

    /// Returns a value in which only functions with unknown values are left.
    ///
    /// None if the value is `AWS::NoValue`, which removes it.
    pub(crate) fn resolve(&self, value: &Value) -> Option<Value> {
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument, value);
        }
        Some(match value {
            Value::Array(items) => items.iter().filter_map(|item| self.resolve(item)).collect(),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .filter_map(|(key, member)| Some((key.clone(), self.resolve(member)?)))
                    .collect::<Map<String, Value>>(),
            ),
            _ => value.clone(),
        })
    }

    fn call(&self, name: &str, argument: &Value, value: &Value) -> Option<Value> {
        if name == "Ref" && argument == "AWS::NoValue" {
            return None;
        }
        if name == "Fn::If" {
            return match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(condition), yes, no]) => match self.condition(condition) {
                    Some(true) => self.resolve(yes),
                    Some(false) => self.resolve(no),
                    None => Some(value.clone()),
                },
                _ => Some(value.clone()),
            };
        }
        let known = match name {
            "Ref" => argument.as_str().and_then(|name| self.names.get(name)).cloned(),
            "Fn::Sub" => self.substitute(argument),
            "Fn::Join" => self.join(argument),
            "Fn::Select" => self.select(argument),
            "Fn::Split" => self.split(argument),
            _ => None,
        };
        Some(known.unwrap_or_else(|| value.clone()))
    }

    fn substitute(&self, argument: &Value) -> Option<Value> {
        let (template, variables) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(arguments) => (arguments.first()?.as_str()?, arguments.get(1)),
            _ => return None,
        };
        let mut text = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Literal(name) => text.extend(["${", name, "}"]),
                Piece::Name(name) => match variables.and_then(|variables| variables.get(name)) {
                    Some(variable) => text.push_str(&scalar(&self.resolve(variable)?)?),
                    None => text.push_str(&scalar(self.names.get(name)?)?),
                },
            }
        }
        Some(Value::String(text))
    }

    fn join(&self, argument: &Value) -> Option<Value> {
        let [Value::String(separator), items] = argument.as_array()?.as_slice() else { return None };
        let items = self.resolve(items)?;
        let items: Option<Vec<String>> = items.as_array()?.iter().map(scalar).collect();
        Some(Value::String(items?.join(separator)))
    }

    fn select(&self, argument: &Value) -> Option<Value> {
        let [index, items] = argument.as_array()?.as_slice() else { return None };
        let index: usize = scalar(&self.resolve(index)?)?.parse().ok()?;
        let items = self.resolve(items)?;
        items.as_array()?.get(index).filter(|item| !is_unknown(item)).cloned()
    }

    fn split(&self, argument: &Value) -> Option<Value> {
        let [Value::String(separator), text] = argument.as_array()?.as_slice() else { return None };
        let text = self.resolve(text)?;
        Some(text.as_str()?.split(separator.as_str()).map(Value::from).collect())
    }
}

fn pseudo_parameters<'a>(surroundings: Surroundings<'_>) -> [(&'a str, Value); 5] {
    let (partition, suffix) = match surroundings.region {
        region if region.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
        region if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        _ => ("aws", "amazonaws.com"),
    };
    [
        ("AWS::AccountId", surroundings.account_id),
        ("AWS::Partition", partition),
        ("AWS::Region", surroundings.region),
        ("AWS::StackName", surroundings.stack_name),
        ("AWS::URLSuffix", suffix),
    ]
    .map(|(name, value)| (name, Value::from(value)))
}

/// Returns the text of a known value that is not a list or an object.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
