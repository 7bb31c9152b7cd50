//! The properties of each resource match the schema of its type.

use crate::error::SchemaError;
use crate::provider_schemas::ProviderSchemas;
use crate::rule::Rule;
use crate::schema_validation::validate;
use crate::template::Template;
use crate::violation::Violation;

/// Returns which properties do not match the schemas.
pub(crate) fn check(
    template: &Template<'_>,
    schemas: &ProviderSchemas,
) -> Result<Vec<Violation>, SchemaError> {
    let mut violations = Vec::new();
    for (id, resource) in &template.resources {
        let Some(schema) = schemas.schema(resource.type_name)? else { continue };
        violations.extend(
            validate(schema.json(), &resource.properties)
                .into_iter()
                .map(|problem| Violation::of_property(problem.rule, id, &problem.pointer, problem.message)),
        );
        let read_only: Vec<String> = schema
            .read_only()
            .flat_map(|path| path.values(&resource.properties).into_keys().collect::<Vec<_>>())
            .collect();
        violations.extend(read_only.into_iter().map(|pointer| {
            let message = format!("#{pointer}: the property is read-only and cannot be specified");
            Violation::of_property(Rule::ReadOnlyProperty, id, &pointer, message)
        }));
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::request::ParameterValue;
    use crate::rule::Rule;
    use crate::testing::{Request, messages, rules, violations};

    fn queue_with(properties: &Value) -> Request {
        let queue = json!({ "Type": "AWS::SQS::Queue", "Properties": properties });
        Request::new(&json!({ "Resources": { "Queue": queue } }))
    }

    #[test]
    fn properties_match_the_schema() {
        assert_eq!(rules(&queue_with(&json!({ "VisibilityTimeout": "30" }))), []);
        let request = queue_with(&json!({ "Visibility": 30 }));
        assert_eq!(messages(&request), ["#: extraneous key [Visibility] is not permitted"]);
    }

    #[test]
    fn path_names_the_place_in_the_template() {
        let violations = violations(&queue_with(&json!({ "VisibilityTimeout": -1 })));
        assert_eq!(violations[0].rule, Rule::NumberRange);
        assert_eq!(violations[0].path, "/Resources/Queue/Properties/VisibilityTimeout");
        assert_eq!(violations[0].logical_id.as_deref(), Some("Queue"));
    }

    #[test]
    fn properties_are_an_object() {
        assert_eq!(rules(&queue_with(&json!("text"))), [Rule::WrongType]);
    }

    #[test]
    fn read_only_property_is_refused() {
        assert_eq!(rules(&queue_with(&json!({ "Arn": "arn" }))), [Rule::ReadOnlyProperty]);
    }

    #[test]
    fn value_of_a_parameter_is_checked() {
        let parameters = json!({ "Seconds": { "Type": "Number" } });
        let queue =
            json!({ "Type": "AWS::SQS::Queue", "Properties": { "VisibilityTimeout": { "Ref": "Seconds" } } });
        let template = json!({ "Parameters": parameters, "Resources": { "Queue": queue } });
        for (value, expected) in [("30", vec![]), ("-1", vec![Rule::NumberRange])] {
            let mut request = Request::new(&template.clone());
            let value = ParameterValue { value: value.to_owned(), resolved: None };
            request.parameters.insert("Seconds".to_owned(), value);
            assert_eq!(rules(&request), expected);
        }
    }

    #[test]
    fn resource_whose_condition_is_false_is_not_checked() {
        let conditions = json!({ "Never": { "Fn::Equals": [{ "Ref": "AWS::Region" }, "nowhere"] } });
        let queue =
            json!({ "Type": "AWS::SQS::Queue", "Condition": "Never", "Properties": { "Arn": "arn" } });
        let request = Request::new(&json!({ "Conditions": conditions, "Resources": { "Queue": queue } }));
        assert_eq!(rules(&request), []);
    }

    #[test]
    fn property_without_a_value_is_absent() {
        assert_eq!(rules(&queue_with(&json!({ "Arn": { "Ref": "AWS::NoValue" } }))), []);
    }
}
