//! The claims that the authorizer attaches to a request.
//!
//! They arrive in `requestContext.authorizer.lambda` with labels in `snake_case` and members in `PascalCase`.
//! Each endpoint asks for the claims it needs, and only those must be present and well formed.

use std::fmt;

use serde_json::Value;

use crate::ids::{DatasetNodeId, OrganizationId, UserNodeId};

/// A role in a dataset. Each role may do all that the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatasetRole {
    /// No access at all, or a role that this service does not know.
    None = 0,
    /// May know that the dataset exists.
    Guest = 1,
    /// May read files.
    Viewer = 2,
    /// May create, delete and restore files.
    Editor = 3,
    /// May change the dataset itself.
    Manager = 4,
    /// May do everything.
    Owner = 5,
}

impl DatasetRole {
    const ALL: [DatasetRole; 6] =
        [Self::None, Self::Guest, Self::Viewer, Self::Editor, Self::Manager, Self::Owner];

    /// The role with this number; a number outside the known range grants nothing.
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied().unwrap_or(Self::None)
    }

    /// The number that stands for this role in a claim.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The text in the database's `role` columns; text that is no role grants nothing.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|role| role.name() == name).unwrap_or(Self::None)
    }

    /// The text in the database's `role` columns.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Guest => "guest",
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for DatasetRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserClaim {
    /// The user's node id.
    pub node_id: UserNodeId,
}

/// In whose organization the dataset lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationClaim {
    /// The organization's integer id, which names its database schema.
    pub id: OrganizationId,
}

/// To which dataset the caller was admitted, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetClaim {
    /// The dataset's node id.
    pub node_id: DatasetNodeId,
    /// The caller's role in it.
    pub role: DatasetRole,
}

/// A claim is missing, null or of a wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing or malformed")]
pub struct ClaimError(&'static str);

/// The claims of one request, read one by one as an endpoint needs them.
#[derive(Clone, Debug, Default)]
pub struct Claims(Value);

impl Claims {
    /// Claims as they arrived, in whatever shape.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// Who calls.
    pub fn user(&self) -> Result<UserClaim, ClaimError> {
        let node_id = self.text("/user_claim/NodeId").ok_or(ClaimError("user_claim"))?;
        Ok(UserClaim { node_id: UserNodeId(node_id) })
    }

    /// In whose organization the dataset lies. Ids are 32-bit and positive in the database.
    pub fn organization(&self) -> Result<OrganizationClaim, ClaimError> {
        let id = self.whole_number("/org_claim/IntId").and_then(|number| i32::try_from(number).ok());
        match id {
            Some(id) if id > 0 => Ok(OrganizationClaim { id: OrganizationId(id) }),
            _ => Err(ClaimError("org_claim")),
        }
    }

    /// To which dataset the caller was admitted, and as what.
    pub fn dataset(&self) -> Result<DatasetClaim, ClaimError> {
        let error = ClaimError("dataset_claim");
        let node_id = self.text("/dataset_claim/NodeId").ok_or(error)?;
        let role = self.whole_number("/dataset_claim/Role").ok_or(error)?;
        Ok(DatasetClaim { node_id: DatasetNodeId(node_id), role: DatasetRole::from_number(role) })
    }

    fn text(&self, pointer: &str) -> Option<String> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A whole number, also when it was written as `4.0`: authorizers in other languages know only floats.
    fn whole_number(&self, pointer: &str) -> Option<i64> {
        let value = self.0.pointer(pointer)?;
        // Beyond 63 bits it is a whole number still, and no more can be told of it.
        value.as_i64().or_else(|| value.is_u64().then_some(i64::MAX)).or_else(|| {
            let float = value.as_f64()?;
            // Beyond 2^53 a float no longer tells whole numbers apart.
            (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then(|| {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole and within 53 bits, checked above"
                )]
                let number = float as i64;
                number
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Claims, DatasetRole};

    #[test]
    fn the_platforms_shape_is_read() {
        let claims = Claims::new(json!({
            "user_claim": {"Id": 101, "NodeId": "N:user:1", "IsSuperAdmin": false},
            "org_claim": {"Role": 16, "IntId": 367, "NodeId": "N:organization:1", "EnabledFeatures": null},
            "dataset_claim": {"Role": 4, "NodeId": "N:dataset:1", "IntId": 1180},
            "team_claims": null,
        }));
        assert_eq!(claims.user().unwrap().node_id.as_str(), "N:user:1");
        assert_eq!(claims.organization().unwrap().id.0, 367);
        let dataset = claims.dataset().unwrap();
        assert_eq!((dataset.node_id.as_str(), dataset.role), ("N:dataset:1", DatasetRole::Manager));
    }

    #[test]
    fn a_role_is_any_whole_number_and_unknown_ones_grant_nothing() {
        let role =
            |role| Claims::new(json!({"dataset_claim": {"NodeId": "N:dataset:1", "Role": role}})).dataset();
        assert_eq!(role(json!(3.0)).unwrap().role, DatasetRole::Editor);
        assert_eq!(role(json!(99)).unwrap().role, DatasetRole::None);
        assert_eq!(role(json!(-1)).unwrap().role, DatasetRole::None);
        assert_eq!(role(json!(u64::MAX)).unwrap().role, DatasetRole::None);
        for malformed in [json!(2.5), json!("2"), json!(null), json!(true), json!([2]), json!(1e300)] {
            assert!(role(malformed.clone()).is_err(), "{malformed}");
        }
    }

    #[test]
    fn missing_null_and_misshapen_claims_are_errors_and_never_panic() {
        for value in
            [json!(null), json!(1), json!([]), json!({}), json!({"org_claim": null}), json!({"org_claim": 5})]
        {
            let claims = Claims::new(value);
            assert!(claims.user().is_err() && claims.organization().is_err() && claims.dataset().is_err());
        }
        let organization = |id| Claims::new(json!({"org_claim": {"IntId": id}})).organization();
        assert!(organization(json!(1)).is_ok());
        for id in [json!(0), json!(-3), json!(4_294_967_297_i64), json!("367")] {
            assert!(organization(id.clone()).is_err(), "{id}");
        }
    }
}
