//! The platform's database schema.

use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};

use super::PlatformError;

/// SQL that creates the schema `pennsieve`, which all organizations share.
///
/// Run it once, before creating the schema of an organization.
pub const PENNSIEVE_SCHEMA: &str = include_str!("schema_pennsieve.sql");

/// Returns SQL that creates the schema of the organization with this id.
///
/// The schema's name is the id, quoted: `"367"`. A dataset can be inserted only after the organization's row in
/// `pennsieve.organizations`.
pub fn organization_schema(organization: i32) -> String {
    include_str!("schema_organization.sql").replace("{organization}", &organization.to_string())
}

/// Creates the shared schema and those of `organizations`, unless they exist.
pub async fn create_schema(pool: &PgPool, organizations: &[i32]) -> Result<(), PlatformError> {
    create_missing(pool, organizations).await.map_err(PlatformError::Schema)
}

async fn create_missing(pool: &PgPool, organizations: &[i32]) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    // Tests share a database and start concurrently: the first one creates the schemas.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('local platform schema'))")
        .execute(&mut *transaction)
        .await?;
    if !schema_exists(&mut transaction, "pennsieve").await? {
        sqlx::raw_sql(PENNSIEVE_SCHEMA).execute(&mut *transaction).await?;
    }
    for organization in organizations {
        if !schema_exists(&mut transaction, &organization.to_string()).await? {
            // Safe: the only inserted value is an integer.
            sqlx::raw_sql(AssertSqlSafe(organization_schema(*organization)))
                .execute(&mut *transaction)
                .await?;
        }
    }
    transaction.commit().await
}

async fn schema_exists(transaction: &mut Transaction<'_, Postgres>, name: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
        .bind(name)
        .fetch_one(&mut **transaction)
        .await
}
