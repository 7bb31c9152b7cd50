//! The user, organization and role of a caller.

use openapi::{DatasetId, DatasetNodeId, DatasetRole, OrganizationId, UserId};
use serde_json::{Map, Value, json};
use sqlx::Row as _;
use uuid::Uuid;

use crate::platform::database::{Database, DatabaseError, Statement};

/// A caller with access to a dataset.
pub(super) struct Admission {
    user: User,
    organization: Organization,
    dataset_id: DatasetId,
    dataset_node_id: DatasetNodeId,
    role: DatasetRole,
}

struct User {
    id: UserId,
    node_id: String,
    is_super_admin: bool,
}

struct Organization {
    id: OrganizationId,
    node_id: String,
    permission: i32,
}

/// Returns the caller with this user name.
///
/// Returns `None` if the user is unknown, is not in the organization of the dataset, or has no role in the
/// dataset.
pub(super) async fn look_up(
    database: &Database,
    username: Uuid,
    dataset: &DatasetNodeId,
) -> Result<Option<Admission>, DatabaseError> {
    let statement = Statement::for_platform(
        "SELECT u.id, u.node_id, u.is_super_admin, o.id, o.node_id, ou.permission_bit \
         FROM pennsieve.users u \
         JOIN pennsieve.organization_user ou ON ou.user_id = u.id \
         JOIN pennsieve.organizations o ON o.id = ou.organization_id \
         JOIN pennsieve.dataset_organization d ON d.organization_id = o.id \
         WHERE u.cognito_id = $1 AND d.dataset_node_id = $2",
    );
    let rows = database.look_up(|| statement.bind(username).bind(dataset)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let user = User {
        id: UserId(row.try_get(0)?),
        node_id: row.try_get::<Option<String>, _>(1)?.unwrap_or_default(),
        is_super_admin: row.try_get::<Option<bool>, _>(2)?.unwrap_or(false),
    };
    let organization = Organization {
        id: OrganizationId(row.try_get(3)?),
        node_id: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
        permission: row.try_get::<Option<i32>, _>(5)?.unwrap_or(0),
    };

    let Some((dataset_id, role)) = best_role(database, organization.id, user.id, dataset).await? else {
        return Ok(None);
    };
    let admission = Admission { user, organization, dataset_id, dataset_node_id: dataset.clone(), role };
    Ok((role > DatasetRole::None).then_some(admission))
}

/// Returns the best role of a user in a dataset.
///
/// It is the default role of the dataset, the role of a team of the user, or that of the user.
///
/// Several datasets can have the same node id, and the statements of the API find a dataset by its node id.
/// So all roles must be those of one dataset: of the oldest one that is not deleted.
async fn best_role(
    database: &Database,
    organization: OrganizationId,
    user: UserId,
    dataset: &DatasetNodeId,
) -> Result<Option<(DatasetId, DatasetRole)>, DatabaseError> {
    let statement = Statement::for_organization(
        "SELECT d.id, d.role, du.role, dt.role FROM {schema}.datasets d \
         LEFT JOIN {schema}.dataset_user du ON du.dataset_id = d.id AND du.user_id = $2 \
         LEFT JOIN (SELECT t.dataset_id, t.role FROM {schema}.dataset_team t \
           JOIN pennsieve.team_user tu ON tu.team_id = t.team_id AND tu.user_id = $2) dt ON dt.dataset_id = d.id \
         WHERE d.node_id = $1 ORDER BY (d.state IN ('DELETED', 'DELETING')), d.id",
        organization,
    );
    let rows = database.look_up(|| statement.bind(dataset).bind(user)).await?;
    let mut roles = Vec::new();
    for row in &rows {
        for column in 1..=3 {
            let name: Option<&str> = row.try_get(column)?;
            roles.push((DatasetId(row.try_get(0)?), name.map_or(DatasetRole::None, DatasetRole::from_name)));
        }
    }
    Ok(best_of_first(&roles))
}

/// Returns the first dataset and the best of its roles.
fn best_of_first(roles: &[(DatasetId, DatasetRole)]) -> Option<(DatasetId, DatasetRole)> {
    let (first, _) = *roles.first()?;
    roles.iter().copied().filter(|(dataset, _)| *dataset == first).max_by_key(|(_, role)| *role)
}

impl Admission {
    /// Returns the claims in the form of the authorizer of the platform.
    pub(super) fn claims(&self) -> Map<String, Value> {
        let claims = [
            (
                "user_claim",
                json!({
                    "Id": self.user.id,
                    "NodeId": self.user.node_id,
                    "IsSuperAdmin": self.user.is_super_admin,
                }),
            ),
            (
                "org_claim",
                json!({
                    "Role": self.organization.permission,
                    "IntId": self.organization.id,
                    "NodeId": self.organization.node_id,
                    "EnabledFeatures": null,
                }),
            ),
            (
                "dataset_claim",
                json!({
                    "Role": self.role.number(),
                    "NodeId": self.dataset_node_id,
                    "IntId": self.dataset_id,
                }),
            ),
            ("team_claims", Value::Null),
        ];
        claims.map(|(label, claim)| (label.to_owned(), claim)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use openapi::{DatasetId, DatasetRole};

    use super::best_of_first;

    #[test]
    fn roles_of_two_datasets_are_not_mixed() {
        let roles = [(7, DatasetRole::Viewer), (7, DatasetRole::Editor), (9, DatasetRole::Owner)];
        let roles = roles.map(|(dataset, role)| (DatasetId(dataset), role));
        assert_eq!(best_of_first(&roles), Some((DatasetId(7), DatasetRole::Editor)));
        assert_eq!(best_of_first(&[]), None);
    }
}
