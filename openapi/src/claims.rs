//! The claims that the authorizer attaches to a request.
//!
//! They arrive in `requestContext.authorizer.lambda`, with labels in `snake_case` and members in
//! `PascalCase`. Each endpoint reads the claims that it needs, and only those must be present and well
//! formed.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use crate::ids::{DatasetNodeId, OrganizationId, UserNodeId};

/// A role in a dataset. Each role includes the permissions of the roles before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatasetRole {
    /// No access, or a role that this service does not know.
    None = 0,
    /// May see that the dataset exists.
    Guest = 1,
    /// May read files.
    Viewer = 2,
    /// May create, delete and restore files.
    Editor = 3,
    /// May change the dataset.
    Manager = 4,
    /// May do everything.
    Owner = 5,
}

impl DatasetRole {
    const ALL: [DatasetRole; 6] =
        [Self::None, Self::Guest, Self::Viewer, Self::Editor, Self::Manager, Self::Owner];

    /// Returns the role with this number.
    ///
    /// An unknown number is [`DatasetRole::None`].
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied().unwrap_or(Self::None)
    }

    /// Returns the number of this role in a claim.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the role with this name, or [`DatasetRole::None`] for an unknown name.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|role| role.name() == name).unwrap_or(Self::None)
    }

    /// Returns the name of this role, as in the `role` columns of the database.
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

/// The user who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserClaim {
    /// The node id of the user.
    pub node_id: UserNodeId,
}

/// The organization of the dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationClaim {
    /// The id of the organization, which names its database schema.
    pub id: OrganizationId,
}

/// The dataset that the caller has access to, and the role in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetClaim {
    /// The node id of the dataset.
    pub node_id: DatasetNodeId,
    /// The role of the caller.
    pub role: DatasetRole,
}

/// A claim is missing, null or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing or malformed")]
pub struct ClaimError(&'static str);

/// The claims of a request.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a>(Option<&'a HashMap<String, Value>>);

impl<'a> Claims<'a> {
    /// Wraps the claims of a request by their labels. The claims can be of any type.
    pub fn new(claims: Option<&'a HashMap<String, Value>>) -> Self {
        Self(claims)
    }

    /// Returns the user who calls.
    pub fn user(self) -> Result<UserClaim, ClaimError> {
        let node_id = self.text("user_claim", "NodeId").ok_or(ClaimError("user_claim"))?;
        Ok(UserClaim { node_id: UserNodeId(node_id) })
    }

    /// Returns the organization of the dataset.
    ///
    /// Ids are positive and have 32 bits, as in the database.
    pub fn organization(self) -> Result<OrganizationClaim, ClaimError> {
        let id = self.whole_number("org_claim", "IntId").and_then(|number| i32::try_from(number).ok());
        match id {
            Some(id) if id > 0 => Ok(OrganizationClaim { id: OrganizationId(id) }),
            _ => Err(ClaimError("org_claim")),
        }
    }

    /// Returns the dataset that the caller has access to, and the role in it.
    pub fn dataset(self) -> Result<DatasetClaim, ClaimError> {
        let error = ClaimError("dataset_claim");
        let node_id = self.text("dataset_claim", "NodeId").ok_or(error)?;
        let role = self.whole_number("dataset_claim", "Role").ok_or(error)?;
        Ok(DatasetClaim { node_id: DatasetNodeId(node_id), role: DatasetRole::from_number(role) })
    }

    fn member(self, label: &str, name: &str) -> Option<&'a Value> {
        self.0?.get(label)?.get(name)
    }

    fn text(self, label: &str, name: &str) -> Option<String> {
        self.member(label, name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Returns a whole number.
    ///
    /// It can be written as `4.0`, because some languages have only floats.
    fn whole_number(self, label: &str, name: &str) -> Option<i64> {
        let value = self.member(label, name)?;
        // A whole number beyond 63 bits is outside every range.
        value.as_i64().or_else(|| value.is_u64().then_some(i64::MAX)).or_else(|| {
            let float = value.as_f64()?;
            // Beyond 2^53 a float does not distinguish whole numbers.
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
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::{ClaimError, Claims, DatasetClaim, DatasetRole};

    fn claims(value: Value) -> HashMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn claims_of_the_platform_are_read() {
        let claims = claims(json!({
            "user_claim": {"Id": 101, "NodeId": "N:user:1", "IsSuperAdmin": false},
            "org_claim": {"Role": 16, "IntId": 367, "NodeId": "N:organization:1", "EnabledFeatures": null},
            "dataset_claim": {"Role": 4, "NodeId": "N:dataset:1", "IntId": 1180},
            "team_claims": null,
        }));
        let claims = Claims::new(Some(&claims));
        assert_eq!(claims.user().unwrap().node_id.as_str(), "N:user:1");
        assert_eq!(claims.organization().unwrap().id.0, 367);
        let dataset = claims.dataset().unwrap();
        assert_eq!((dataset.node_id.as_str(), dataset.role), ("N:dataset:1", DatasetRole::Manager));
    }

    fn dataset(role: &Value) -> Result<DatasetClaim, ClaimError> {
        Claims::new(Some(&claims(json!({"dataset_claim": {"NodeId": "N:dataset:1", "Role": role}}))))
            .dataset()
    }

    #[test]
    fn unknown_role_grants_nothing() {
        assert_eq!(dataset(&json!(3.0)).unwrap().role, DatasetRole::Editor);
        assert_eq!(dataset(&json!(99)).unwrap().role, DatasetRole::None);
        assert_eq!(dataset(&json!(-1)).unwrap().role, DatasetRole::None);
        assert_eq!(dataset(&json!(u64::MAX)).unwrap().role, DatasetRole::None);
        for malformed in [json!(2.5), json!("2"), json!(null), json!(true), json!([2]), json!(1e300)] {
            assert!(dataset(&malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn missing_null_and_malformed_claims_are_errors() {
        let malformed =
            |value: Value| claims(json!({"user_claim": value, "org_claim": value, "dataset_claim": value}));
        let values = [json!(null), json!(1), json!([]), json!({}), json!("x")].map(malformed);
        for claims in values.iter().map(Some).chain([None, Some(&HashMap::new())]) {
            let claims = Claims::new(claims);
            assert!(claims.user().is_err() && claims.organization().is_err() && claims.dataset().is_err());
        }
        let organization =
            |id| Claims::new(Some(&claims(json!({"org_claim": {"IntId": id}})))).organization();
        assert!(organization(json!(1)).is_ok());
        for id in [json!(0), json!(-3), json!(4_294_967_297_i64), json!("367")] {
            assert!(organization(id.clone()).is_err(), "{id}");
        }
    }
}
