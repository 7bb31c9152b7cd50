//! Tests the constraints and triggers of the platform's schema in a real PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::Path;

use local_stack::platform::create_schema;
use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use sqlx::PgPool;
use tempfile::TempDir;

const SEED: &str = r#"
    INSERT INTO pennsieve.organizations (id, name, encryption_key_id) VALUES (1, 'One', ''), (2, 'Two', '');
    INSERT INTO pennsieve.users (email) VALUES ('First@Example.org');
    INSERT INTO "1".datasets (name, state, status_id, node_id)
        VALUES ('First', 'READY', 1, 'N:dataset:1'), ('Second', 'READY', 1, 'N:dataset:2');
    INSERT INTO "1".packages (name, type, state, dataset_id, parent_id, node_id) VALUES
        ('folder', 'Collection', 'READY', 1, NULL, 'N:collection:1'),
        ('file', 'CSV', 'READY', 1, NULL, 'N:package:2'),
        ('file', 'CSV', 'READY', 1, 1, 'N:package:3');
    INSERT INTO "1".files (package_id, object_type, processing_state) VALUES (2, 'source', 'processed');
"#;

/// A separate server with two organizations. The first has content.
struct Database {
    pool: PgPool,
    _postgres: Postgres,
    _state: StateDirectory,
    _root: TempDir,
}

impl Database {
    async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path()).unwrap();
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
        let server = Server::find_or_install(&state, &tools).await.unwrap();
        let postgres = Postgres::start(&state, server, None, Data::Fresh).await.unwrap();
        let pool = PgPool::connect(&postgres.url()).await.unwrap();
        create_schema(&pool, &[1, 2]).await.unwrap();
        sqlx::raw_sql(SEED).execute(&pool).await.unwrap();
        Self { pool, _postgres: postgres, _state: state, _root: root }
    }

    async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    async fn truth(&self, sql: &'static str) -> bool {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    async fn assert_refused(&self, sql: &'static str, constraint: &str) {
        let error = sqlx::query(sql).execute(&self.pool).await.unwrap_err();
        assert_eq!(error.as_database_error().and_then(|error| error.constraint()), Some(constraint), "{sql}");
    }
}

#[tokio::test]
async fn schema_is_created_once_by_concurrent_callers() {
    let database = Database::start().await;
    let (one, other) =
        tokio::join!(create_schema(&database.pool, &[1, 2, 367]), create_schema(&database.pool, &[367, 1]),);
    one.unwrap();
    other.unwrap();
    let schemas =
        r#"SELECT (SELECT count(*) FROM "1".packages) = 3 AND (SELECT count(*) FROM "367".packages) = 0"#;
    assert!(database.truth(schemas).await);
    assert!(database.truth(r#"SELECT count(*) = 4 FROM "367".dataset_status"#).await);
}

#[tokio::test]
async fn constraints_reject_what_the_platform_rejects() {
    let database = Database::start().await;
    create_schema(&database.pool, &[367]).await.unwrap();
    for (sql, constraint) in [
        (
            r#"INSERT INTO "1".packages (name, type, state, dataset_id) VALUES ('file', 'PDF', 'DELETED', 1)"#,
            "packages_name_dataset_id__parent_id_null_idx",
        ),
        (
            r#"INSERT INTO "1".packages (name, type, state, dataset_id, parent_id)
               VALUES ('file', 'PDF', 'DELETED', 1, 1)"#,
            "packages_name_dataset_id_parent_id__parent_id_not_null_idx",
        ),
        (r#"UPDATE "1".packages SET node_id = 'N:package:2' WHERE id = 3"#, "unique_node_id"),
        (r#"UPDATE "1".packages SET replaces_package_id = 2 WHERE id = 1"#, "packages_check"),
        (
            r#"INSERT INTO "1".files (package_id, object_type, processing_state)
               VALUES (2, 'view', 'processed')"#,
            "processing_state_constraint",
        ),
        (
            r#"INSERT INTO "1".files (package_id, object_type, processing_state)
               VALUES (2, 'source', 'not_processable')"#,
            "processing_state_constraint",
        ),
        (r#"UPDATE "1".files SET published_s3_version_id = ''"#, "files_published_s3_version_id_check"),
        (r#"UPDATE "1".files SET scan_status = 'unheard of'"#, "files_scan_status_check"),
        (r#"DELETE FROM "1".dataset_status WHERE id = 1"#, "datasets_status_id_fkey"),
        ("UPDATE pennsieve.organizations SET storage_bucket = 'ab'", "organizations_storage_bucket_check"),
        (
            r#"INSERT INTO "367".datasets (name, state, status_id, node_id)
               VALUES ('Nobody''s', 'READY', 1, 'N:dataset:9')"#,
            "dataset_organization_organization_id_fkey",
        ),
    ] {
        database.assert_refused(sql, constraint).await;
    }
    // The same name is allowed in another folder or dataset.
    database.run(r#"UPDATE "1".packages SET name = 'folder' WHERE id = 3"#).await;
    database
        .run(r#"INSERT INTO "1".packages (name, type, state, dataset_id) VALUES ('file', 'CSV', 'READY', 2)"#)
        .await;
}

#[tokio::test]
async fn update_changes_only_the_expected_times() {
    let database = Database::start().await;
    database.run(r#"UPDATE "1".packages SET state = 'RESTORING' WHERE id = 2"#).await;
    assert!(database.truth(r#"SELECT updated_at > created_at FROM "1".packages WHERE id = 2"#).await);
    let dataset = r#"SELECT updated_at > created_at AND etag > created_at FROM "1".datasets WHERE id = 1"#;
    database.run(r#"UPDATE "1".datasets SET size = 5, state = 'UNAVAILABLE' WHERE id = 1"#).await;
    assert!(!database.truth(dataset).await, "nobody sees these columns");
    database.run(r#"UPDATE "1".datasets SET name = 'Renamed' WHERE id = 1"#).await;
    assert!(database.truth(dataset).await);
}

#[tokio::test]
async fn organization_of_a_dataset_can_be_looked_up_while_it_exists() {
    let database = Database::start().await;
    let map = "SELECT coalesce(array_agg(dataset_node_id ORDER BY dataset_node_id), '{}')
               FROM pennsieve.dataset_organization WHERE organization_id = ";
    let of = async |organization: i32| -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(format!("{map}{organization}"));
        sqlx::query_scalar(sql).fetch_one(&database.pool).await.unwrap()
    };
    assert_eq!(of(1).await, ["N:dataset:1", "N:dataset:2"]);
    database.run(r#"UPDATE "1".datasets SET node_id = 'N:dataset:3' WHERE id = 2"#).await;
    assert_eq!(of(1).await, ["N:dataset:1", "N:dataset:3"]);
    database.run(r#"DELETE FROM "1".datasets WHERE id = 2"#).await;
    database
        .run(
            r#"INSERT INTO "2".datasets (name, state, status_id, node_id)
               VALUES ('Moved', 'READY', 1, 'N:dataset:3'), ('Without a node id', 'READY', 1, NULL)"#,
        )
        .await;
    assert_eq!((of(1).await, of(2).await), (vec!["N:dataset:1".to_owned()], vec!["N:dataset:3".to_owned()]));
}

#[tokio::test]
async fn changes_of_a_user_are_audited_with_the_address_in_lower_case() {
    let database = Database::start().await;
    database.run("UPDATE pennsieve.users SET email = 'Second@Example.org'").await;
    database.run("DELETE FROM pennsieve.users").await;
    let audit: Vec<(String, String)> =
        sqlx::query_as("SELECT change_type, email FROM pennsieve.users_audit ORDER BY change_time")
            .fetch_all(&database.pool)
            .await
            .unwrap();
    let entry = |change: &str, email: &str| (change.to_owned(), email.to_owned());
    assert_eq!(
        audit,
        [entry("I", "first@example.org"), entry("U", "second@example.org"), entry("D", "second@example.org"),]
    );
}

#[tokio::test]
async fn deleting_a_dataset_takes_its_packages_and_queues_its_viewer_assets() {
    let database = Database::start().await;
    database
        .run(
            r#"INSERT INTO "1".viewer_assets (id, dataset_id, name, asset_type, s3_bucket)
                   VALUES ('00000000-0000-4000-8000-000000000001', 1, 'image', 'ome-zarr', 'assets');
               INSERT INTO "1".viewer_asset_packages VALUES ('00000000-0000-4000-8000-000000000001', 2);
               DELETE FROM "1".datasets WHERE id = 1;"#,
        )
        .await;
    assert!(database.truth(r#"SELECT NOT EXISTS (SELECT FROM "1".packages)"#).await);
    assert!(database.truth(r#"SELECT NOT EXISTS (SELECT FROM "1".viewer_asset_packages)"#).await);
    let queued: (i32, String, String) =
        sqlx::query_as("SELECT org_id, s3_bucket, s3_prefix FROM pennsieve.viewer_asset_cleanup_queue")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    let prefix = "viewer-assets/O1/D1/00000000-0000-4000-8000-000000000001/";
    assert_eq!(queued, (1, "assets".to_owned(), prefix.to_owned()));
}
