//! Inserts the rows of the demo into the database.

use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};

use super::DemoData;
use super::identifiers::{DATASET, ORGANIZATION, OTHER_DATASET};
use super::tree::{Package, Tree};

/// Returns whether an earlier start has loaded the demo.
pub(super) async fn exist(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pennsieve.organizations WHERE id = $1)")
        .bind(ORGANIZATION.0)
        .fetch_one(pool)
        .await
}

/// Inserts all rows in one transaction.
pub(super) async fn insert(
    pool: &PgPool,
    data: &DemoData,
    tree: &Tree,
    storage_bucket: &str,
) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    insert_organization(&mut transaction, data).await?;
    insert_users(&mut transaction, data).await?;
    insert_datasets(&mut transaction, data).await?;
    insert_packages(&mut transaction, &tree.packages, data.users.owner.id).await?;
    insert_files(&mut transaction, &tree.packages, storage_bucket).await?;
    sqlx::raw_sql(in_schema(COUNT_STORAGE)).execute(&mut *transaction).await?;
    sqlx::raw_sql(in_schema(ADVANCE_SEQUENCES)).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Replaces the placeholder in a statement with the organization's schema name.
pub(super) fn in_schema(sql: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.replace("{organization}", &ORGANIZATION.to_string()))
}

async fn insert_organization(
    transaction: &mut Transaction<'_, Postgres>,
    data: &DemoData,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO pennsieve.organizations (id, name, slug, node_id, encryption_key_id)
         VALUES ($1, 'Demo Laboratory', 'demo-laboratory', $2, 'NO_ENCRYPTION_KEY')",
    )
    .bind(ORGANIZATION.0)
    .bind(&data.organization_node_id)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn insert_users(transaction: &mut Transaction<'_, Postgres>, data: &DemoData) -> sqlx::Result<()> {
    for membership in data.users.memberships() {
        sqlx::query(
            "INSERT INTO pennsieve.users
                 (id, email, first_name, last_name, node_id, is_super_admin, preferred_org_id, cognito_id, status)
             VALUES ($1, $2, initcap($3), 'Example', $4, false, $5, $6, true)",
        )
        .bind(membership.user.id)
        .bind(&membership.user.email)
        .bind(membership.dataset_role)
        .bind(membership.user.node_id.as_str())
        .bind(ORGANIZATION.0)
        .bind(membership.user.cognito_id)
        .execute(&mut **transaction)
        .await?;
        sqlx::query(
            "INSERT INTO pennsieve.organization_user (organization_id, user_id, permission_bit) VALUES ($1, $2, $3)",
        )
        .bind(ORGANIZATION.0)
        .bind(membership.user.id)
        .bind(membership.organization_permission)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn insert_datasets(transaction: &mut Transaction<'_, Postgres>, data: &DemoData) -> sqlx::Result<()> {
    for (id, node_id, name) in [
        (DATASET, &data.dataset_id, "Hippocampal slices and EEG"),
        (OTHER_DATASET, &data.other_dataset_id, "Pilot study"),
    ] {
        sqlx::query(in_schema(
            r#"INSERT INTO "{organization}".datasets (id, node_id, name, state, status_id)
               SELECT $1, $2, $3, 'READY', id FROM "{organization}".dataset_status WHERE name = 'NO_STATUS'"#,
        ))
        .bind(id.0)
        .bind(node_id.as_str())
        .bind(name)
        .execute(&mut **transaction)
        .await?;
    }
    let owner = &data.users.owner;
    let roles = data.users.memberships();
    let roles =
        roles.iter().map(|member| (DATASET, member.user.id, member.dataset_role, member.dataset_permission));
    for (dataset, user, role, permission) in roles.chain([(OTHER_DATASET, owner.id, "owner", 32)]) {
        sqlx::query(in_schema(
            r#"INSERT INTO "{organization}".dataset_user (dataset_id, user_id, role, permission_bit)
               VALUES ($1, $2, $3, $4)"#,
        ))
        .bind(dataset.0)
        .bind(user)
        .bind(role)
        .bind(permission)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn insert_packages(
    transaction: &mut Transaction<'_, Postgres>,
    packages: &[Package],
    owner: i32,
) -> sqlx::Result<()> {
    for package in packages {
        sqlx::query(in_schema(
            r#"INSERT INTO "{organization}".packages
                   (id, node_id, name, type, state, dataset_id, parent_id, owner_id, attributes)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '[]')"#,
        ))
        .bind(package.id.0)
        .bind(package.node_id.as_str())
        .bind(package.name())
        .bind(package.package_type().name())
        .bind(package.state())
        .bind(package.dataset.0)
        .bind(package.parent.map(|parent| parent.0))
        .bind(owner)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn insert_files(
    transaction: &mut Transaction<'_, Postgres>,
    packages: &[Package],
    bucket: &str,
) -> sqlx::Result<()> {
    for (package, file) in packages.iter().filter_map(|package| Some((package, package.file()?))) {
        sqlx::query(in_schema(
            r#"INSERT INTO "{organization}".files
                   (package_id, uuid, name, file_type, s3_bucket, s3_key, size,
                    object_type, processing_state, uploaded_state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'source', 'unprocessed', 'UPLOADED')"#,
        ))
        .bind(package.id.0)
        .bind(file.uuid)
        .bind(&file.name)
        .bind(file.file_type)
        .bind(bucket)
        .bind(&file.key)
        .bind(i64::try_from(file.bytes.len()).unwrap_or(i64::MAX))
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Computes the storage counters as the platform does.
///
/// Deleted files do not count, and a folder counts the live files below it.
const COUNT_STORAGE: &str = r#"
    WITH RECURSIVE counted (package_id, parent_id, size) AS (
        SELECT packages.id, packages.parent_id, files.size
        FROM "{organization}".packages JOIN "{organization}".files ON files.package_id = packages.id
        WHERE packages.state = 'READY' AND files.object_type = 'source'
        UNION ALL
        SELECT packages.id, packages.parent_id, counted.size
        FROM counted JOIN "{organization}".packages ON packages.id = counted.parent_id
    )
    INSERT INTO "{organization}".package_storage (package_id, size)
    SELECT packages.id, coalesce(sum(counted.size), 0)
    FROM "{organization}".packages LEFT JOIN counted ON counted.package_id = packages.id
    GROUP BY packages.id;

    INSERT INTO "{organization}".dataset_storage (dataset_id, size)
    SELECT packages.dataset_id, sum(package_storage.size)
    FROM "{organization}".packages JOIN "{organization}".package_storage ON package_id = packages.id
    WHERE packages.parent_id IS NULL
    GROUP BY packages.dataset_id;

    INSERT INTO pennsieve.organization_storage (organization_id, size)
    SELECT {organization}, sum(size) FROM "{organization}".dataset_storage;
"#;

/// Inserting explicit ids does not advance a sequence, so this sets each one past the existing ids.
const ADVANCE_SEQUENCES: &str = r#"
    SELECT setval(pg_get_serial_sequence('pennsieve.organizations', 'id'), max(id)) FROM pennsieve.organizations;
    SELECT setval(pg_get_serial_sequence('pennsieve.users', 'id'), max(id)) FROM pennsieve.users;
    SELECT setval(pg_get_serial_sequence('"{organization}".datasets', 'id'), max(id)) FROM "{organization}".datasets;
    SELECT setval(pg_get_serial_sequence('"{organization}".packages', 'id'), max(id)) FROM "{organization}".packages;
"#;
