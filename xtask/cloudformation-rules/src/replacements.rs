//! Which resources an update replaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::SchemaError;
use crate::intrinsics::{Reference, visit};
use crate::provider_schemas::ProviderSchemas;
use crate::request::TemplateVersion;
use crate::resolve::Surroundings;
use crate::template::Template;

impl ProviderSchemas {
    /// Returns the logical ids of the resources that an update replaces.
    ///
    /// A resource is replaced if a create-only property changes, or refers to a resource that is replaced.
    /// Properties that are create-only under a condition are not considered, since the schemas do not contain it.
    pub fn replacements(
        &self,
        deployed: TemplateVersion<'_>,
        updated: TemplateVersion<'_>,
    ) -> Result<BTreeSet<String>, SchemaError> {
        let surroundings = Surroundings { region: self.region(), ..Surroundings::default() };
        let deployed = Template::new(deployed.template, deployed.parameters, surroundings);
        let updated = Template::new(updated.template, updated.parameters, surroundings);
        let replaced = replaced(self, &deployed, &updated)?;
        Ok(replaced.into_iter().map(str::to_owned).collect())
    }
}

impl ProviderSchemas {
    /// Whether an update from one set of properties to another replaces a resource. All references must be resolved.
    pub fn is_replaced(
        &self,
        resource_type: &str,
        before: &Value,
        after: &Value,
    ) -> Result<bool, SchemaError> {
        let Some(schema) = self.schema(resource_type)? else { return Ok(false) };
        Ok(schema.create_only().any(|path| path.values(before) != path.values(after)))
    }
}

/// Returns the logical ids of the resources that an update replaces.
pub(crate) fn replaced<'a>(
    schemas: &ProviderSchemas,
    deployed: &Template<'_>,
    updated: &Template<'a>,
) -> Result<BTreeSet<&'a str>, SchemaError> {
    let mut replaced = BTreeSet::new();
    let mut create_only: Vec<(&str, Vec<&Value>)> = Vec::new();
    for (id, resource) in &updated.resources {
        let Some(before) = deployed.resources.get(id) else { continue };
        let schema = schemas.schema(resource.type_name)?;
        let Some(schema) = schema.filter(|_| before.type_name == resource.type_name) else {
            continue;
        };
        let mut values = BTreeMap::new();
        for path in schema.create_only() {
            let after = path.values(&resource.properties);
            if path.values(&before.properties) != after {
                replaced.insert(*id);
            }
            values.extend(after);
        }
        create_only.push((id, values.into_values().collect()));
    }
    loop {
        let count = replaced.len();
        for (id, values) in &create_only {
            if values.iter().any(|value| refers_to(value, &replaced)) {
                replaced.insert(*id);
            }
        }
        if replaced.len() == count {
            return Ok(replaced);
        }
    }
}

fn refers_to(value: &Value, ids: &BTreeSet<&str>) -> bool {
    let mut found = false;
    visit("", value, &mut |_, reference| {
        if let Reference::Name(target) | Reference::Attribute { resource: target, .. } = reference {
            found |= ids.contains(target);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use crate::request::{ParameterValue, TemplateVersion};
    use crate::testing::schemas;

    type Parameters = BTreeMap<String, ParameterValue>;

    #[track_caller]
    fn replaced(deployed: (&Value, &Parameters), updated: (&Value, &Parameters)) -> Vec<String> {
        let version = |(template, parameters)| TemplateVersion { template, parameters };
        schemas().replacements(version(deployed), version(updated)).unwrap().into_iter().collect()
    }

    fn template(name: &Value, timeout: u32) -> Value {
        let queue = json!({
            "Type": "AWS::SQS::Queue",
            "Properties": { "QueueName": name, "VisibilityTimeout": timeout },
        });
        let policy = json!({
            "Type": "AWS::S3::BucketPolicy",
            "Properties": { "Bucket": { "Ref": "Queue" }, "PolicyDocument": {} },
        });
        json!({ "Parameters": { "Name": { "Type": "String" } }, "Resources": { "Queue": queue, "Policy": policy } })
    }

    #[test]
    fn change_of_a_create_only_property_replaces_the_resource_and_those_that_refer_to_it() {
        let none = Parameters::new();
        let (before, after) = (template(&json!("a"), 1), template(&json!("b"), 1));
        assert_eq!(replaced((&before, &none), (&after, &none)), ["Policy", "Queue"]);
    }

    #[test]
    fn resource_with_another_create_only_property_is_replaced() {
        let queue = |name: &str, timeout: u32| json!({ "QueueName": name, "VisibilityTimeout": timeout });
        let is_replaced = |before, after| schemas().is_replaced("AWS::SQS::Queue", &before, &after).unwrap();
        assert!(is_replaced(queue("a", 1), queue("b", 1)));
        assert!(!is_replaced(queue("a", 1), queue("a", 2)));
    }

    #[test]
    fn change_of_another_property_replaces_nothing() {
        let none = Parameters::new();
        let (before, after) = (template(&json!("a"), 1), template(&json!("a"), 2));
        assert_eq!(replaced((&before, &none), (&after, &none)), [""; 0]);
    }

    #[test]
    fn change_of_a_parameter_replaces_the_resource() {
        let parameters = |value: &str| {
            let value = ParameterValue { value: value.to_owned(), resolved: None };
            Parameters::from([("Name".to_owned(), value)])
        };
        let template = template(&json!({ "Ref": "Name" }), 1);
        let (before, after) = (parameters("a"), parameters("b"));
        assert_eq!(replaced((&template, &before), (&template, &after)), ["Policy", "Queue"]);
        assert_eq!(replaced((&template, &before), (&template, &before)), [""; 0]);
    }
}
