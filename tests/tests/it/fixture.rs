//! Datasets of one test, with packages to restore.

use sqlx::Connection;
use uuid::Uuid;

use crate::aws::Aws;
use crate::database::Database;
use crate::stack::{Stack, stack};

/// A dataset with the roles of the demo dataset, empty at first.
pub(crate) struct Dataset {
    pub(crate) node_id: String,
    id: i32,
    database: Database,
    aws: Aws,
    stack: &'static Stack,
}

/// A package of the dataset.
pub(crate) struct Created {
    pub(crate) id: i32,
    pub(crate) node_id: String,
}

impl Dataset {
    pub(crate) async fn create() -> Self {
        let stack = stack().await;
        let mut database = Database::connect().await;
        let node_id = format!("N:dataset:{}", Uuid::new_v4());
        let create = database.sql(
            "WITH demo AS (SELECT * FROM {schema}.datasets WHERE node_id = $2), made AS (
                 INSERT INTO {schema}.datasets (node_id, name, state, status_id)
                 SELECT $1, $1, 'READY', status_id FROM demo RETURNING id
             ), roles AS (
                 INSERT INTO {schema}.dataset_user (dataset_id, user_id, role, permission_bit)
                 SELECT made.id, user_id, dataset_user.role, dataset_user.permission_bit
                 FROM made, demo JOIN {schema}.dataset_user ON dataset_user.dataset_id = demo.id
             )
             SELECT id FROM made",
        );
        let id = sqlx::query_scalar(create).bind(&node_id).bind(&stack.dataset_id);
        let id = id.fetch_one(&mut database.connection).await.unwrap();
        Self { node_id, id, database, aws: Aws::new().await, stack }
    }

    /// Creates a deleted file as the platform does: its object is behind a delete marker and has a delete record.
    pub(crate) async fn deleted_file(
        &mut self,
        folder: Option<&Created>,
        name: &str,
        bytes: &[u8],
    ) -> Created {
        let (made, key, marker) = self.deleted_object(folder, name, bytes).await;
        self.aws.put_delete_record(&made.node_id, &key, &marker, bytes.len()).await;
        made
    }

    /// Creates a deleted file without a delete record, so that the place of its object is not known.
    pub(crate) async fn deleted_file_without_record(&mut self, folder: &Created, name: &str) -> Created {
        self.deleted_object(Some(folder), name, b"lost").await.0
    }

    /// Creates a deleted folder.
    pub(crate) async fn deleted_folder(&mut self, name: &str) -> Created {
        let node_id = format!("N:collection:{}", Uuid::new_v4());
        let name = deleted_name(&node_id, name);
        Created { id: self.insert_package(&node_id, &name, "Collection", "DELETED", None).await, node_id }
    }

    /// Creates a package without data, which uses a name.
    pub(crate) async fn live_package(&mut self, name: &str) -> Created {
        let node_id = format!("N:package:{}", Uuid::new_v4());
        Created { id: self.insert_package(&node_id, name, "CSV", "READY", None).await, node_id }
    }

    async fn deleted_object(
        &mut self,
        folder: Option<&Created>,
        name: &str,
        bytes: &[u8],
    ) -> (Created, String, String) {
        let bucket = &self.stack.buckets.storage;
        let key = format!("O{}/D{}/{}", self.stack.organization_id, self.id, Uuid::new_v4());
        self.aws.put_object(bucket, &key, bytes).await;
        let marker = self.aws.delete_object(bucket, &key).await;

        let node_id = format!("N:package:{}", Uuid::new_v4());
        let name = deleted_name(&node_id, name);
        let id = self.insert_package(&node_id, &name, "CSV", "DELETED", folder).await;
        let insert = self.database.sql(
            "INSERT INTO {schema}.files
                 (package_id, name, file_type, s3_bucket, s3_key, size, object_type, processing_state, uploaded_state)
             VALUES ($1, $2, 'CSV', $3, $4, $5, 'source', 'unprocessed', 'UPLOADED')",
        );
        sqlx::query(insert)
            .bind(id)
            .bind(name)
            .bind(bucket)
            .bind(&key)
            .bind(i64::try_from(bytes.len()).unwrap())
            .execute(&mut self.database.connection)
            .await
            .unwrap();
        (Created { id, node_id }, key, marker)
    }

    /// Creates a row in `packages` and its storage counter, which is 0 for deleted packages.
    async fn insert_package(
        &mut self,
        node_id: &str,
        name: &str,
        package_type: &str,
        state: &str,
        folder: Option<&Created>,
    ) -> i32 {
        let insert = self.database.sql(
            "INSERT INTO {schema}.packages (node_id, name, type, state, dataset_id, parent_id, owner_id, attributes)
             VALUES ($1, $2, $3, $4, $5, $6, 101, '[]') RETURNING id",
        );
        let count =
            self.database.sql("INSERT INTO {schema}.package_storage (package_id, size) VALUES ($1, 0)");
        let mut transaction = self.database.connection.begin().await.unwrap();
        let id: i32 = sqlx::query_scalar(insert)
            .bind(node_id)
            .bind(name)
            .bind(package_type)
            .bind(state)
            .bind(self.id)
            .bind(folder.map(|folder| folder.id))
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        sqlx::query(count).bind(id).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }
}

fn deleted_name(node_id: &str, name: &str) -> String {
    format!("__DELETED__{node_id}_{name}")
}
