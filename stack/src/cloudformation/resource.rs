//! Resource types, what is true of each, and the handles that refer to resources.

use std::marker::PhantomData;

use serde_json::Value as Json;

use super::logical_id::LogicalId;
use super::property::{Change, Property, PropertyValue, find};
use super::rights::Rights;
use super::value::Value;

/// What happens to a resource that leaves its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retention {
    /// It is deleted: it can be created again.
    None,
    /// It stays where it is replaced, and is deleted where it leaves the template.
    WhenReplaced,
    /// It stays, except where the operation that created it is rolled back: it is empty then, and would keep the next
    /// attempt from using its name.
    Always,
}

/// What is true of a resource type. All of it is required, so that a new type cannot miss any of it.
#[derive(Debug)]
pub(crate) struct ResourceType {
    /// The type's name, such as `AWS::S3::Bucket`.
    pub(crate) name: &'static str,
    /// What happens to a resource that leaves its stack.
    pub(crate) retention: Retention,
    /// Whether objects, messages or logs are lost with a resource.
    pub(crate) holds_data: bool,
    /// The property with the name of a resource and the most characters that AWS accepts in it, where ours could be longer.
    pub(crate) longest_name: Option<(&'static str, usize)>,
    /// The policies in the properties of a resource, by name.
    pub(crate) grants: fn(&Json) -> Vec<(String, Json)>,
    /// Which actions read, create, change and delete a resource.
    pub(crate) rights: Rights,
    /// The properties that our templates set.
    pub(crate) properties: &'static [Property],
    /// Properties that our templates do not set, and whose values another template may have: a change replaces the resource.
    pub(crate) other_replacing: &'static [&'static str],
}

impl ResourceType {
    /// Whether CloudFormation creates another resource where the value at a path differs.
    pub(crate) fn is_replaced_by(&self, path: &str) -> bool {
        let mut properties = self.properties;
        let names = path.split('.').filter(|name| name.parse::<usize>().is_err());
        for (depth, name) in names.enumerate() {
            match find(properties, name) {
                Some(property) if matches!(property.change, Change::Replaces) => return true,
                Some(property) => properties = property.properties,
                None => return depth == 0 && self.other_replacing.contains(&name),
            }
        }
        false
    }
}

/// For a type whose resources grant nothing.
pub(crate) fn no_grants(_: &Json) -> Vec<(String, Json)> {
    Vec::new()
}

/// A type that is in the list of all types, in which a template's types are found by name.
pub(crate) trait Listed {}

/// A resource, with the properties that this system sets.
pub(crate) trait Resource: PropertyValue + Listed {
    /// What is true of its type.
    const TYPE: ResourceType;
    /// What `Fn::GetAtt` is used for.
    type Attribute: Attribute;
}

/// What `Fn::GetAtt` returns for a resource.
pub(crate) trait Attribute {
    /// The attribute's name.
    fn name(self) -> &'static str;
}

/// Declares a resource type's attributes; each has the name of its variant.
macro_rules! attributes {
    ($name:ident { $($attribute:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, strum::IntoStaticStr)]
        pub(crate) enum $name { $($attribute),+ }

        impl $crate::cloudformation::resource::Attribute for $name {
            fn name(self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use attributes;

/// For a resource type without an attribute that templates use.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoAttribute {}

impl Attribute for NoAttribute {
    fn name(self) -> &'static str {
        match self {}
    }
}

/// A resource that is in a template.
#[derive(Debug)]
pub(crate) struct Handle<R> {
    id: LogicalId,
    resource: PhantomData<fn() -> R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<R> Handle<R> {
    pub(super) fn new(id: LogicalId) -> Self {
        Self { id, resource: PhantomData }
    }

    pub(crate) fn id(&self) -> &LogicalId {
        &self.id
    }

    /// What `Ref` returns for the type: its name, id, URL or ARN.
    pub(crate) fn reference(&self) -> Value<String> {
        Value::Reference(self.id.to_string())
    }
}

impl<R: Resource> Handle<R> {
    pub(crate) fn attribute(&self, attribute: R::Attribute) -> Value<String> {
        Value::Attribute(self.id.clone(), attribute.name())
    }
}
