//! Resources and the handles that refer to them.

use std::marker::PhantomData;

use serde::Serialize;

use super::logical_id::LogicalId;
use super::value::Value;

/// What becomes of a resource that leaves its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retention {
    /// It is deleted: it can be made anew.
    None,
    /// A replaced one stays; one that leaves the template is deleted.
    WhenReplaced,
    /// It stays, except where the operation that created it is rolled back: it is empty then, and would
    /// keep the next attempt from taking its name.
    Always,
}

/// A resource type, with the properties that this system sets.
pub(crate) trait Resource: Serialize {
    /// The type's name, such as `AWS::S3::Bucket`.
    const TYPE: &'static str;
    /// What `Fn::GetAtt` is used for.
    type Attribute: Attribute;
    /// Whether it outlives its stack.
    const RETENTION: Retention = Retention::None;
}

/// What `Fn::GetAtt` returns for a resource.
pub(crate) trait Attribute {
    /// The attribute's name.
    fn name(self) -> &'static str;
}

/// Declares a resource type's attributes; each is named as its variant.
macro_rules! attributes {
    ($name:ident { $($attribute:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum $name { $($attribute),+ }

        impl $crate::cloudformation::resource::Attribute for $name {
            fn name(self) -> &'static str {
                match self { $(Self::$attribute => stringify!($attribute)),+ }
            }
        }
    };
}
pub(crate) use attributes;

/// For a resource type of which no attribute is used.
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
