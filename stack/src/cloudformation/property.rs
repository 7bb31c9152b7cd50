//! Properties, and what a new value of each means.
//!
//! [`properties!`] declares the structs that a resource is written with. Each field says what a new value means, so that
//! a property without a meaning does not compile, at any depth.

use std::collections::BTreeMap;

use serde::Serialize;

use super::consequence::Compare;
use super::value::Value;

/// A property, as CloudFormation names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    /// Its name; blank where the properties inside stand beside those of the struct, as one of several alternatives.
    pub(crate) name: &'static str,
    /// What a new value means.
    pub(crate) change: Change,
    /// The properties inside it; none where its value is a text, a number, or a document of another language.
    pub(crate) properties: &'static [Property],
}

/// What a new value of a property means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// The resource is updated in place, and neither data nor access change.
    Plain,
    /// CloudFormation creates another resource, as its reference says ("Update requires: Replacement"):
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
    Replaces,
    /// This function reports it.
    Compared(Compare),
    /// The function of a property around this one reports it.
    ComparedByParent,
    /// The permissions in it are compared one by one: see [`super::resource::ResourceType::grants`].
    Grants,
    /// Environment variables: the program that reads them decides what they mean.
    Variables,
}

/// The value of a property.
pub(crate) trait PropertyValue: Serialize {
    /// The properties inside it.
    const PROPERTIES: &'static [Property];

    /// Whether it is left out of the template.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Types whose values have no properties of their own.
macro_rules! leaves {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::cloudformation::property::PropertyValue for $type {
            const PROPERTIES: &'static [$crate::cloudformation::property::Property] = &[];
        })+
    };
}
pub(crate) use leaves;

leaves!(bool, u64, String, &'static str, serde_json::Value);

impl<T: Serialize> PropertyValue for Value<T> {
    const PROPERTIES: &'static [Property] = &[];
}

impl<V: Serialize> PropertyValue for BTreeMap<&'static str, V> {
    const PROPERTIES: &'static [Property] = &[];
}

impl<T: PropertyValue> PropertyValue for Option<T> {
    const PROPERTIES: &'static [Property] = T::PROPERTIES;

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: PropertyValue> PropertyValue for Vec<T> {
    const PROPERTIES: &'static [Property] = T::PROPERTIES;

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: PropertyValue> PropertyValue for [T; 1] {
    const PROPERTIES: &'static [Property] = T::PROPERTIES;
}

/// Declares structs of properties: name in CloudFormation, field, type, and what a new value means.
///
/// After `+` come fields whose properties stand beside the others: one of several [`alternatives!`].
macro_rules! properties {
    ($(
        $(#[$attribute:meta])*
        $name:ident {
            $($(#[$field_attribute:meta])* $key:literal $field:ident: $type:ty => $change:expr,)*
            $(+ $part:ident: $part_type:ty,)*
        }
    )+) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, serde::Serialize)]
        pub(crate) struct $name {
            $(
                $(#[$field_attribute])*
                #[serde(rename = $key)]
                #[serde(skip_serializing_if = "crate::cloudformation::property::PropertyValue::is_absent")]
                pub $field: $type,
            )*
            $(#[serde(flatten)] pub $part: $part_type,)*
        }

        impl $crate::cloudformation::property::PropertyValue for $name {
            const PROPERTIES: &'static [$crate::cloudformation::property::Property] = {
                use $crate::cloudformation::property::{Change::*, Property, PropertyValue};
                &[
                    $(Property { name: $key, change: $change, properties: <$type as PropertyValue>::PROPERTIES },)*
                    $(Property { name: "", change: Plain, properties: <$part_type as PropertyValue>::PROPERTIES },)*
                ]
            };
        }
    )+};
}
pub(crate) use properties;

/// Declares an enum of structs of properties. Each variant has the name of its struct.
macro_rules! alternatives {
    ($(#[$attribute:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, serde::Serialize)]
        #[serde(untagged)]
        pub(crate) enum $name { $($variant($variant)),+ }

        impl $crate::cloudformation::property::PropertyValue for $name {
            const PROPERTIES: &'static [$crate::cloudformation::property::Property] = {
                use $crate::cloudformation::property::{Change::Plain, Property, PropertyValue};
                &[$(Property { name: "", change: Plain, properties: <$variant as PropertyValue>::PROPERTIES }),+]
            };
        }
    };
}
pub(crate) use alternatives;

/// Returns the property of a name, also from parts without a name.
pub(crate) fn find(properties: &'static [Property], name: &str) -> Option<&'static Property> {
    properties.iter().find_map(|property| match property.name {
        "" => find(property.properties, name),
        found => (found == name).then_some(property),
    })
}
