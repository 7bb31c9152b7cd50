//! The public halves of the signing keys, and the group that the distribution trusts.

use super::context::Context;
use crate::cloudformation::{Handle, KeyGroup, KeyGroupConfig, PublicKey, PublicKeyConfig, Template};
use crate::signing_key::{Fingerprint, SigningKeys};

/// The logical id of the key group.
pub(crate) const KEY_GROUP: &str = "KeyGroup";
/// The beginning of the logical id of a key; its fingerprint follows.
const KEY: &str = "SigningKey";

/// The signing keys that CloudFront trusts.
pub(super) struct TrustedKeys {
    /// None while there is no key: a key group cannot be empty.
    pub(super) group: Option<Handle<KeyGroup>>,
    /// The key that the API function signs with.
    pub(super) active: Option<(Fingerprint, Handle<PublicKey>)>,
}

pub(super) fn add(template: &mut Template, context: &Context<'_>, keys: &SigningKeys) -> TrustedKeys {
    let mut active = None;
    let mut items = Vec::new();
    for key in keys.trusted() {
        let fingerprint = key.fingerprint();
        // CloudFront accepts a name and a caller reference only once, and CloudFormation cannot change a key in place: all
        // three names contain the fingerprint, so that another key is another resource.
        let name = context.names.service_resource(fingerprint.as_str());
        let handle = template.add(
            format!("{KEY}{fingerprint}"),
            PublicKey {
                public_key_config: PublicKeyConfig {
                    caller_reference: name.clone(),
                    name,
                    comment: format!("Signs viewer asset URLs, environment {}", context.environment.name),
                    encoded_key: key.public_key_pem().to_owned(),
                },
            },
        );
        items.push(handle.reference());
        if keys.active() == Some(fingerprint) {
            active = Some((fingerprint.clone(), handle));
        }
    }
    let group = (!items.is_empty()).then(|| {
        template.add(
            KEY_GROUP,
            KeyGroup {
                key_group_config: KeyGroupConfig {
                    name: context.names.service_resource("assets"),
                    comment: format!("Trusted for viewer assets, environment {}", context.environment.name),
                    items,
                },
            },
        )
    });
    TrustedKeys { group, active }
}

/// Returns the fingerprint in the logical id of a key.
pub(crate) fn key_resource_fingerprint(logical_id: &str) -> Option<Fingerprint> {
    logical_id.strip_prefix(KEY)?.parse().ok()
}
