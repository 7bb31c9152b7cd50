//! The types of facts: what a parameter of the Parameter Store may hold, by the setting that refers to it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::words::{
    Arn, BucketName, DomainName, FunctionArn, KeyArn, NotThat, ProxyId, QueueArn, RoleArn, SecurityGroupId,
    SubnetId, TableName, Text, Url,
};

/// The type of a setting, for settings that the Parameter Store may have.
pub(crate) trait FactType {
    /// The type as a value.
    const KIND: FactKind;
}

macro_rules! fact_kinds {
    ($($kind:ident: $type:ty,)+) => {
        /// What a fact of the platform is. A template says it of each of its parameters, since CloudFormation itself knows
        /// text and lists only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each is named for its type")]
        pub enum FactKind { $($kind),+ }

        impl FactKind {
            /// Checks one value.
            fn check_one(self, value: &str) -> Result<(), NotThat> {
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
    /// Checks what the Parameter Store has, a list item by item.
    pub(crate) fn check(self, value: &str, is_list: bool) -> Result<(), NotThat> {
        if is_list {
            value.split(',').try_for_each(|item| self.check_one(item.trim()))
        } else {
            self.check_one(value)
        }
    }
}
