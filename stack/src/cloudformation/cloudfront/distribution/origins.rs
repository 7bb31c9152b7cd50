//! Where a distribution reads objects, and how it signs its requests.

use serde_json::Value;

use crate::cloudformation::consequence::Consequences;

/// Compares the origins that have the same id.
pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    let origins = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for new in &origins(new) {
        let Some(old) = origins(old).into_iter().find(|old| old["Id"] == new["Id"]) else { continue };
        consequences.target("objects are read from", &old["DomainName"], &new["DomainName"]);
        let control = |origin: &Value| origin["OriginAccessControlId"].clone();
        if !control(&old).is_null() && control(new) != control(&old) {
            // The bucket rejects requests without a signature.
            consequences.closes(format!(
                "objects are read with the access control {}, was {}",
                control(new),
                control(&old)
            ));
        }
    }
}
