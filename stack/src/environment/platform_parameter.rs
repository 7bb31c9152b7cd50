//! The kinds of platform parameters: what each may contain, by the setting that refers to it.

use std::str::FromStr;

use super::string_types::{
    Arn, BucketName, DomainName, FunctionArn, InvalidValue, KeyArn, ProxyId, QueueArn, RoleArn,
    SecurityGroupId, SubnetId, TableName, Text, Url,
};

/// The type of a setting whose value may be a platform parameter.
pub(crate) trait PlatformParameterType {
    /// The kind of the platform parameter.
    const KIND: PlatformParameterKind;
}

macro_rules! parameter_kinds {
    ($($kind:ident: $type:ty,)+) => {
        /// The kind of a platform parameter: the type of its setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr)]
        #[strum(serialize_all = "snake_case")]
        #[expect(missing_docs, reason = "each has the name of its type")]
        pub enum PlatformParameterKind { $($kind),+ }

        impl PlatformParameterKind {
            /// Checks one value.
            fn check_one(self, value: &str) -> Result<(), InvalidValue> {
                match self { $(Self::$kind => <$type>::from_str(value).map(|_| ())),+ }
            }
        }

        $(impl PlatformParameterType for $type { const KIND: PlatformParameterKind = PlatformParameterKind::$kind; })+
    };
}

parameter_kinds! {
    Arn: Arn,
    BucketName: BucketName,
    DomainName: DomainName,
    FunctionArn: FunctionArn,
    KeyArn: KeyArn,
    ProxyId: ProxyId,
    QueueArn: QueueArn,
    RoleArn: RoleArn,
    SecurityGroupId: SecurityGroupId,
    SubnetId: SubnetId,
    TableName: TableName,
    Text: Text,
    Url: Url,
}

impl PlatformParameterKind {
    /// Checks a value of the Parameter Store, a list item by item.
    pub(crate) fn check(self, value: &str, is_list: bool) -> Result<(), InvalidValue> {
        if is_list {
            value.split(',').try_for_each(|item| self.check_one(item.trim()))
        } else {
            self.check_one(value)
        }
    }
}
