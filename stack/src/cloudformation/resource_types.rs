//! The list of all resource types.

use super::api_gateway::{Api, ApiMapping, Stage};
use super::cloudfront::{
    CachePolicy, Distribution, KeyGroup, OriginAccessControl, PublicKey, ResponseHeadersPolicy,
};
use super::cloudwatch::{Alarm, CompositeAlarm, Dashboard};
use super::iam::Role;
use super::lambda::{EventSourceMapping, Function, Permission};
use super::logs::{LogGroup, SubscriptionFilter};
use super::resource::{Listed, Resource, ResourceType};
use super::s3::{Bucket, BucketPolicy};
use super::sqs::Queue;

macro_rules! resource_types {
    ($($type:ty),+ $(,)?) => {
        /// All resource types. One that is not listed here does not compile.
        pub(crate) const RESOURCE_TYPES: &[ResourceType] = &[$(<$type>::TYPE),+];

        $(impl Listed for $type {})+
    };
}

resource_types! {
    Api, ApiMapping, Stage,
    CachePolicy, Distribution, KeyGroup, OriginAccessControl, PublicKey, ResponseHeadersPolicy,
    Alarm, CompositeAlarm, Dashboard,
    Role,
    EventSourceMapping, Function, Permission,
    LogGroup, SubscriptionFilter,
    Bucket, BucketPolicy,
    Queue,
}

/// Returns the type of a name; none of a type that no template of ours has.
pub(crate) fn resource_type(name: &str) -> Option<&'static ResourceType> {
    RESOURCE_TYPES.iter().find(|resource_type| resource_type.name == name)
}

/// Whether objects, messages or logs are lost with a resource of this type.
pub fn holds_data(name: &str) -> bool {
    resource_type(name).is_some_and(|resource_type| resource_type.holds_data)
}

/// Whether it is known which properties of this type can be changed in place.
pub fn is_known_type(name: &str) -> bool {
    resource_type(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::RESOURCE_TYPES;
    use crate::cloudformation::property::{Change, Property};

    /// Returns the properties whose change nothing reports although they say that a property around them does.
    fn unread(properties: &[Property], has_comparison: bool) -> Vec<&'static str> {
        let mut found = Vec::new();
        for property in properties {
            if matches!(property.change, Change::ComparedByParent) && !has_comparison {
                found.push(property.name);
            }
            let has_comparison = has_comparison || matches!(property.change, Change::Compared(_));
            found.extend(unread(property.properties, has_comparison));
        }
        found
    }

    #[test]
    fn property_compared_by_a_parent_has_such_a_parent() {
        for resource_type in RESOURCE_TYPES {
            assert_eq!(unread(resource_type.properties, false), [""; 0], "{}", resource_type.name);
        }
    }

    #[test]
    fn resource_types_are_listed_once() {
        let mut names: Vec<&str> = RESOURCE_TYPES.iter().map(|resource_type| resource_type.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RESOURCE_TYPES.len());
    }
}
