//! The platform's database.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::stack::stack;

/// A connection, and the organization whose schema is used.
pub(crate) struct Database {
    pub(crate) connection: PgConnection,
    organization: i32,
}

/// A package, and the size of its source file.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) id: i32,
    pub(crate) parent_id: Option<i32>,
    pub(crate) node_id: String,
    pub(crate) name: String,
    pub(crate) state: String,
    /// None for a folder.
    pub(crate) size: Option<i64>,
    /// None for a folder.
    pub(crate) key: Option<String>,
}

impl Database {
    pub(crate) async fn connect() -> Self {
        let stack = stack().await;
        let connection = PgConnection::connect(&stack.database_url).await.unwrap();
        Self { connection, organization: stack.organization_id }
    }

    /// Returns a statement with the organization's schema in the place of `{schema}`.
    pub(crate) fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(text.replace("{schema}", &format!("\"{}\"", self.organization)))
    }

    /// Returns a package.
    pub(crate) async fn package(&mut self, node_id: &str) -> Package {
        self.subtree(node_id).await.remove(0)
    }

    /// Returns a package and everything below it, in ascending order of ids.
    pub(crate) async fn subtree(&mut self, node_id: &str) -> Vec<Package> {
        let sql = self.sql(
            "WITH RECURSIVE subtree AS (
                 SELECT * FROM {schema}.packages WHERE node_id = $1
                 UNION ALL
                 SELECT below.* FROM {schema}.packages AS below JOIN subtree ON below.parent_id = subtree.id
             )
             SELECT subtree.id, subtree.parent_id, subtree.node_id, subtree.name, subtree.state,
                    files.size, files.s3_key AS key
             FROM subtree LEFT JOIN {schema}.files ON files.package_id = subtree.id AND files.object_type = 'source'
             ORDER BY subtree.id",
        );
        let rows = sqlx::query(sql).bind(node_id).fetch_all(&mut self.connection).await.unwrap();
        let package = |row: &PgRow| Package {
            id: row.get("id"),
            parent_id: row.get("parent_id"),
            node_id: row.get("node_id"),
            name: row.get("name"),
            state: row.get("state"),
            size: row.get("size"),
            key: row.get("key"),
        };
        rows.iter().map(package).collect()
    }

    /// Returns the storage counter of a package.
    pub(crate) async fn storage_of(&mut self, package: i32) -> i64 {
        let sql = self.sql("SELECT size FROM {schema}.package_storage WHERE package_id = $1");
        sqlx::query_scalar(sql).bind(package).fetch_one(&mut self.connection).await.unwrap()
    }

    /// Returns all storage counters that are not the sum of the READY files: what is counted, the counter, and the right value.
    /// One statement reads one snapshot, whatever else is being restored.
    pub(crate) async fn miscounted(&mut self) -> Vec<(String, i64, i64)> {
        let sql = self.sql(
            "WITH RECURSIVE ready (package_id, parent_id, dataset_id, size) AS (
                 SELECT packages.id, parent_id, dataset_id, files.size
                 FROM {schema}.packages JOIN {schema}.files ON files.package_id = packages.id
                 WHERE state = 'READY' AND object_type = 'source'
                 UNION ALL
                 SELECT packages.id, packages.parent_id, packages.dataset_id, ready.size
                 FROM ready JOIN {schema}.packages ON packages.id = ready.parent_id
             ), counters (what, counted, should_be) AS (
                 SELECT 'package ' || packages.node_id, max(package_storage.size), sum(ready.size)
                 FROM {schema}.packages
                 LEFT JOIN {schema}.package_storage ON package_storage.package_id = packages.id
                 LEFT JOIN ready ON ready.package_id = packages.id
                 GROUP BY packages.node_id
                 UNION ALL
                 SELECT 'dataset ' || datasets.id, max(dataset_storage.size), sum(ready.size)
                 FROM {schema}.datasets
                 LEFT JOIN {schema}.dataset_storage ON dataset_storage.dataset_id = datasets.id
                 LEFT JOIN ready ON ready.dataset_id = datasets.id AND ready.parent_id IS NULL
                 GROUP BY datasets.id
                 UNION ALL
                 SELECT 'organization',
                        (SELECT size FROM pennsieve.organization_storage WHERE organization_id = $1),
                        (SELECT sum(size) FROM ready WHERE parent_id IS NULL)
             )
             SELECT what, coalesce(counted, 0)::bigint, coalesce(should_be, 0)::bigint FROM counters
             WHERE coalesce(counted, 0) <> coalesce(should_be, 0)",
        );
        sqlx::query_as(sql).bind(self.organization).fetch_all(&mut self.connection).await.unwrap()
    }
}
