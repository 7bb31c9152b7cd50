//! Who the caller is, where the dataset lies, and what the caller may do in it.

use openapi::{DatasetRole, OrganizationId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::platform::database::{Database, DatabaseError, table};

/// A caller admitted to a dataset.
pub(super) struct Admission {
    user: User,
    organization: Organization,
    dataset_id: i32,
    dataset_node_id: String,
    role: DatasetRole,
}

struct User {
    id: i32,
    node_id: String,
    is_super_admin: bool,
}

struct Organization {
    id: i32,
    node_id: String,
    permission: i32,
}

/// Look a caller up; none where the caller is unknown, is not in the dataset's organization, or has no role in the
/// dataset.
pub(super) async fn look_up(
    database: &Database,
    username: Uuid,
    dataset_node_id: &str,
) -> Result<Option<Admission>, DatabaseError> {
    let sql = "SELECT u.id, u.node_id, u.is_super_admin, o.id, o.node_id, ou.permission_bit \
         FROM pennsieve.users u \
         JOIN pennsieve.organization_user ou ON ou.user_id = u.id \
         JOIN pennsieve.organizations o ON o.id = ou.organization_id \
         JOIN pennsieve.dataset_organization d ON d.organization_id = o.id \
         WHERE u.cognito_id = $1 AND d.dataset_node_id = $2";
    let rows = database.look_up(|| sqlx::query(sql).bind(username).bind(dataset_node_id)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let user = User {
        id: row.try_get(0)?,
        node_id: row.try_get::<Option<String>, _>(1)?.unwrap_or_default(),
        is_super_admin: row.try_get::<Option<bool>, _>(2)?.unwrap_or(false),
    };
    let organization = Organization {
        id: row.try_get(3)?,
        node_id: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
        permission: row.try_get::<Option<i32>, _>(5)?.unwrap_or(0),
    };

    let Some((dataset_id, role)) = best_role(database, &organization, &user, dataset_node_id).await? else {
        return Ok(None);
    };
    let admission =
        Admission { user, organization, dataset_id, dataset_node_id: dataset_node_id.to_owned(), role };
    Ok((role > DatasetRole::None).then_some(admission))
}

/// The best of the dataset's default role, the roles of the caller's teams, and the caller's own.
///
/// A node id is not unique among datasets. The look-ups of the API join by node id too, so that all roles must be those
/// of one dataset: the one that is live, and the oldest of several.
async fn best_role(
    database: &Database,
    organization: &Organization,
    user: &User,
    dataset_node_id: &str,
) -> Result<Option<(i32, DatasetRole)>, DatabaseError> {
    let schema = OrganizationId(organization.id);
    let sql = format!(
        "SELECT d.id, d.role, du.role, dt.role FROM {datasets} d \
         LEFT JOIN {dataset_user} du ON du.dataset_id = d.id AND du.user_id = $2 \
         LEFT JOIN (SELECT t.dataset_id, t.role FROM {dataset_team} t \
           JOIN pennsieve.team_user tu ON tu.team_id = t.team_id AND tu.user_id = $2) dt ON dt.dataset_id = d.id \
         WHERE d.node_id = $1 ORDER BY (d.state IN ('DELETED', 'DELETING')), d.id",
        datasets = table(schema, "datasets"),
        dataset_user = table(schema, "dataset_user"),
        dataset_team = table(schema, "dataset_team"),
    );
    let query = || sqlx::query(AssertSqlSafe(sql.as_str())).bind(dataset_node_id).bind(user.id);
    let rows = database.look_up(query).await?;
    let mut roles = Vec::new();
    for row in &rows {
        for column in 1..=3 {
            let name: Option<&str> = row.try_get(column)?;
            roles.push((row.try_get(0)?, name.map_or(DatasetRole::None, DatasetRole::from_name)));
        }
    }
    Ok(best_of_first(&roles))
}

/// The first dataset, and the best of its roles.
fn best_of_first(roles: &[(i32, DatasetRole)]) -> Option<(i32, DatasetRole)> {
    let (first, _) = *roles.first()?;
    roles.iter().copied().filter(|(dataset, _)| *dataset == first).max_by_key(|(_, role)| *role)
}

impl Admission {
    /// The claims, in the shape that the platform's authorizer gives them.
    pub(super) fn claims(&self) -> Value {
        json!({
            "user_claim": {
                "Id": self.user.id,
                "NodeId": self.user.node_id,
                "IsSuperAdmin": self.user.is_super_admin,
            },
            "org_claim": {
                "Role": self.organization.permission,
                "IntId": self.organization.id,
                "NodeId": self.organization.node_id,
                "EnabledFeatures": null,
            },
            "dataset_claim": {
                "Role": self.role.number(),
                "NodeId": self.dataset_node_id,
                "IntId": self.dataset_id,
            },
            "team_claims": null,
        })
    }
}

#[cfg(test)]
mod tests {
    use openapi::DatasetRole;

    use super::best_of_first;

    #[test]
    fn roles_of_two_datasets_are_not_mixed() {
        let roles = [(7, DatasetRole::Viewer), (7, DatasetRole::Editor), (9, DatasetRole::Owner)];
        assert_eq!(best_of_first(&roles), Some((7, DatasetRole::Editor)));
        assert_eq!(best_of_first(&[]), None);
    }
}
