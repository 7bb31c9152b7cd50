use serde_json::{Value, json};

use super::validate;
use crate::rule::Rule;

/// Returns the messages for a value of one property.
#[track_caller]
fn check(schema: &Value, value: &Value) -> Vec<String> {
    let schema = json!({
        "additionalProperties": false,
        "definitions": { "Number": { "type": "number", "maximum": 3 } },
        "properties": { "Value": schema },
    });
    let problems = validate(&schema, &json!({ "Value": value }));
    problems.into_iter().map(|problem| problem.message).collect()
}

/// Returns the rule that a value of one property breaks.
#[track_caller]
fn rule(schema: &Value, value: &Value) -> Option<Rule> {
    let problems = validate(&json!({ "properties": { "Value": schema } }), &json!({ "Value": value }));
    assert!(problems.len() <= 1, "{problems:?}");
    problems.first().map(|problem| problem.rule)
}

#[test]
fn unknown_property_is_a_problem() {
    let problems =
        validate(&json!({ "additionalProperties": false, "properties": { "A": {} } }), &json!({ "B": 1 }));
    assert_eq!(problems[0].message, "#: extraneous key [B] is not permitted");
}

#[test]
fn missing_property_is_a_problem() {
    let schema = json!({ "type": "object", "required": ["A"] });
    assert_eq!(check(&schema, &json!({})), ["#/Value: required key [A] not found"]);
    assert_eq!(check(&schema, &json!({ "A": { "Ref": "Resource" } })), [""; 0]);
}

#[test]
fn values_are_converted_to_the_type() {
    let cases = [
        (json!({ "type": "integer" }), json!("5"), true),
        (json!({ "type": "integer" }), json!(5.0), true),
        (json!({ "type": "integer" }), json!("5.5"), false),
        (json!({ "type": "number" }), json!("5.5"), true),
        (json!({ "type": "boolean" }), json!("true"), true),
        (json!({ "type": "boolean" }), json!("yes"), false),
        (json!({ "type": "string" }), json!(5), true),
        (json!({ "type": "string" }), json!(true), true),
        (json!({ "type": "string" }), json!(["text"]), false),
        (json!({ "type": "array" }), json!("text"), false),
        (json!({ "type": ["object", "string"] }), json!({}), true),
        (json!({ "type": "object" }), json!("{}"), false),
    ];
    for (schema, value, is_valid) in cases {
        assert_eq!(check(&schema, &value).is_empty(), is_valid, "{schema} {value}");
    }
    assert_eq!(
        check(&json!({ "type": "string" }), &json!({})),
        ["#/Value: expected type: String, found: JSONObject"]
    );
}

#[test]
fn converted_value_respects_the_other_keywords() {
    assert_eq!(check(&json!({ "type": "integer", "maximum": 4 }), &json!("5")).len(), 1);
    assert_eq!(check(&json!({ "type": "string", "maxLength": 1 }), &json!(10)).len(), 1);
    assert_eq!(check(&json!({ "type": "integer", "enum": [1, 3] }), &json!("3")), [""; 0]);
}

#[test]
fn keywords_constrain_values() {
    let cases = [
        (json!({ "enum": ["a", 1] }), json!("a"), json!("b"), Rule::NotInEnumeration),
        (json!({ "const": "a" }), json!("a"), json!("b"), Rule::NotInEnumeration),
        (json!({ "pattern": "^a(?!b)" }), json!("ac"), json!("ab"), Rule::PatternMismatch),
        (json!({ "minLength": 2 }), json!("ää"), json!("ä"), Rule::TextLength),
        (json!({ "maxLength": 2 }), json!("ää"), json!("äää"), Rule::TextLength),
        (json!({ "minimum": 2 }), json!(2), json!(1), Rule::NumberRange),
        (json!({ "maximum": 2 }), json!(2), json!(3), Rule::NumberRange),
        (json!({ "exclusiveMinimum": 2 }), json!(3), json!(2), Rule::NumberRange),
        (json!({ "exclusiveMaximum": 2 }), json!(1), json!(2), Rule::NumberRange),
        (json!({ "multipleOf": 0.0001 }), json!(0.0003), json!(0.00035), Rule::NumberRange),
        (json!({ "minItems": 1 }), json!([1]), json!([]), Rule::ItemCount),
        (json!({ "maxItems": 1 }), json!([1]), json!([1, 2]), Rule::ItemCount),
        (json!({ "maxUniqueItems": 1 }), json!([1, 1]), json!([1, 2]), Rule::ItemCount),
        (json!({ "uniqueItems": true }), json!([1, 2]), json!([1, 1]), Rule::DuplicateItems),
        (json!({ "minProperties": 1 }), json!({ "a": 1 }), json!({}), Rule::ItemCount),
        (json!({ "maxProperties": 1 }), json!({ "a": 1 }), json!({ "a": 1, "b": 1 }), Rule::ItemCount),
        (json!({ "items": { "type": "string" } }), json!(["a"]), json!([{}]), Rule::WrongType),
        (
            json!({ "additionalProperties": { "maximum": 1 } }),
            json!({ "a": 1 }),
            json!({ "a": 2 }),
            Rule::NumberRange,
        ),
        (
            json!({ "patternProperties": { "^a": { "maximum": 1 } } }),
            json!({ "b": 2 }),
            json!({ "a": 2 }),
            Rule::NumberRange,
        ),
    ];
    for (schema, valid, invalid, expected) in cases {
        assert_eq!(rule(&schema, &valid), None, "{schema}");
        assert_eq!(rule(&schema, &invalid), Some(expected), "{schema}");
    }
}

#[test]
fn alternatives_are_tried() {
    let either = json!([{ "required": ["a"] }, { "required": ["b"] }]);
    let (none, one, both) = (json!({}), json!({ "a": 1 }), json!({ "a": 1, "b": 1 }));
    for (keyword, value, is_valid) in [
        ("allOf", &one, false),
        ("allOf", &both, true),
        ("anyOf", &none, false),
        ("anyOf", &both, true),
        ("oneOf", &none, false),
        ("oneOf", &one, true),
        ("oneOf", &both, false),
    ] {
        assert_eq!(rule(&json!({ keyword: either }), value).is_none(), is_valid, "{keyword} {value}");
    }
}

#[test]
fn value_that_is_not_known_matches_several_alternatives() {
    let schema = json!({ "oneOf": [{ "properties": { "a": { "const": 1 } } }, { "properties": { "a": { "const": 2 } } }] });
    assert_eq!(rule(&schema, &json!({ "a": { "Ref": "Resource" } })), None);
}

#[test]
fn properties_require_and_exclude_each_other() {
    let cases = [
        (json!({ "dependentRequired": { "a": ["b"] } }), json!({ "a": 1, "b": 1 }), json!({ "a": 1 })),
        (
            json!({ "dependentExcluded": { "a": ["b"], "b": ["a"] } }),
            json!({ "a": 1 }),
            json!({ "a": 1, "b": 1 }),
        ),
        (json!({ "requiredXor": ["a", "b"] }), json!({ "a": 1 }), json!({ "a": 1, "b": 1 })),
        (json!({ "requiredOr": ["a", "b"] }), json!({ "a": 1, "b": 1 }), json!({})),
    ];
    for (schema, valid, invalid) in cases {
        assert_eq!(rule(&schema, &valid), None, "{schema}");
        assert_eq!(rule(&schema, &invalid), Some(Rule::PropertyCombination), "{schema}");
    }
}

#[test]
fn property_requires_another() {
    let schema = json!({ "dependencies": { "a": ["b"] } });
    assert_eq!(rule(&schema, &json!({ "b": 1 })), None);
    assert_eq!(rule(&schema, &json!({ "a": 1 })), Some(Rule::MissingProperty));
}

#[test]
fn definitions_are_followed() {
    assert_eq!(
        check(&json!({ "$ref": "#/definitions/Number" }), &json!(4)),
        ["#/Value: failed validation constraint for keyword [maximum]"]
    );
}

#[test]
fn value_that_is_not_known_matches_anything() {
    let schema = json!({ "type": "array", "items": { "enum": ["a"] }, "minItems": 2 });
    assert_eq!(check(&schema, &json!({ "Fn::GetAtt": ["Resource", "List"] })), [""; 0]);
    assert_eq!(check(&schema, &json!(["a", { "Fn::GetAtt": ["Resource", "Arn"] }])), [""; 0]);
}
