//! The types of facts: what a parameter of the Parameter Store may contain, by the setting that refers to it.

use std::str::FromStr;

use super::string_types::{
    Arn, BucketName, DomainName, FunctionArn, InvalidValue, KeyArn, ProxyId, QueueArn, RoleArn,
    SecurityGroupId, SubnetId, TableName, Text, Url,
};

/// The type of a setting whose value may be in the Parameter Store.
pub(crate) trait FactType {
    /// The type as a value.
    const KIND: FactKind;
}

macro_rules! fact_kinds {
    ($($kind:ident: $type:ty,)+) => {
        /// The type of a fact of the platform.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr)]
        #[strum(serialize_all = "snake_case")]
        #[expect(missing_docs, reason = "each has the name of its type")]
        pub enum FactKind { $($kind),+ }

        impl FactKind {
            /// Checks one value.
            fn check_one(self, value: &str) -> Result<(), InvalidValue> {
                match self { $(Self::$kind => <$type>::from_str(value).map(|_| ())),+ }
            }
        }

        $(impl FactType for $type { const KIND: FactKind = FactKind::$kind; })+
    };
}

fact_kinds! {
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

impl FactKind {
    /// Checks a value of the Parameter Store, a list item by item.
    pub(crate) fn check(self, value: &str, is_list: bool) -> Result<(), InvalidValue> {
        if is_list {
            value.split(',').try_for_each(|item| self.check_one(item.trim()))
        } else {
            self.check_one(value)
        }
    }
}
