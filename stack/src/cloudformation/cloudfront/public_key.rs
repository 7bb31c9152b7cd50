//! `AWS::CloudFront::PublicKey`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource, Retention};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublicKey {
    pub public_key_config: PublicKeyConfig,
}

/// CloudFront cannot change a key in place, and URLs signed with one must work until they expire: a replaced key
/// stays. One that leaves the template has been retired, and is deleted: an account may hold few of them.
impl Resource for PublicKey {
    const TYPE: &'static str = "AWS::CloudFront::PublicKey";
    type Attribute = NoAttribute;
    const RETENTION: Retention = Retention::WhenReplaced;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublicKeyConfig {
    pub caller_reference: String,
    pub name: String,
    pub comment: String,
    pub encoded_key: String,
}
