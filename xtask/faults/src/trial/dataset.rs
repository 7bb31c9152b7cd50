//! Creates a dataset with packages in the states that the platform produces.

use serde_json::json;

use super::{Trial, TrialError};

/// A package to create.
#[derive(Clone, Debug)]
pub struct Package {
    /// The parent folder as its position among the packages; `None` at the root.
    pub parent: Option<usize>,
    /// Package type: `Collection` is a folder.
    pub package_type: &'static str,
    /// Its state.
    pub state: &'static str,
    /// Name, in which `{node_id}` stands for the node id.
    pub name: String,
    /// Sizes of the source files; `None` if the platform has no size.
    pub source_sizes: Vec<Option<i64>>,
    /// Number of published source files, counted from the first.
    pub published: usize,
    /// Object in the storage bucket, if there is one.
    pub object: Option<Object>,
}

/// An object that a delete marker hides.
#[derive(Clone, Debug)]
pub struct Object {
    /// Key in the dataset. Packages with the same key share the object.
    pub key: String,
    /// Kind of the delete record.
    pub record: Record,
    /// `ObjectSize` of the record.
    pub size: String,
}

/// The kind of a package's delete record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// There is no record.
    Missing,
    /// It names the package's delete marker.
    Marker,
    /// It names the package's delete marker, which has already been removed.
    RemovedMarker,
    /// It names the version with the data.
    Data,
    /// It names the package's delete marker, but there is no data.
    NoData,
    /// It names a bucket that does not exist.
    NoBucket,
    /// It names no version.
    NoVersion,
    /// It names a version that does not exist, and another delete marker hides the data.
    OtherMarker,
}

impl Package {
    /// Returns a deleted folder.
    pub fn folder(parent: Option<usize>, name: &str) -> Self {
        Self {
            parent,
            package_type: "Collection",
            state: "DELETED",
            name: format!("__DELETED__{{node_id}}_{name}"),
            source_sizes: Vec::new(),
            published: 0,
            object: None,
        }
    }

    /// Returns a deleted file with an object and a correct delete record.
    pub fn file(parent: Option<usize>, name: &str, size: i64) -> Self {
        let key = format!("{}/{name}", parent.map_or_else(String::new, |parent| parent.to_string()));
        let object = Object { key, record: Record::Marker, size: size.to_string() };
        Self {
            package_type: "CSV",
            source_sizes: vec![Some(size)],
            object: Some(object),
            ..Self::folder(parent, name)
        }
    }

    /// Returns a deleted file with one published source file, and thus without an object or a record here.
    pub fn published(parent: Option<usize>, name: &str, size: i64) -> Self {
        Self { published: 1, object: None, ..Self::file(parent, name, size) }
    }

    /// Returns the package in the state RESTORING.
    #[must_use]
    pub fn restoring(self) -> Self {
        Self { state: "RESTORING", ..self }
    }

    /// Returns the package in this state with its original name.
    #[must_use]
    pub fn live(self, state: &'static str) -> Self {
        Self { state, name: self.name.replace("__DELETED__{node_id}_", ""), object: None, ..self }
    }
}

/// A created dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its id.
    pub id: i32,
    organization: i32,
    first: i32,
}

impl Dataset {
    pub(super) fn new(organization: i32, id: i32, first: i32) -> Self {
        Self { id, organization, first }
    }

    /// Returns the id of the package at this position.
    pub fn package_id(&self, position: usize) -> i32 {
        self.first + i32::try_from(position).unwrap_or(i32::MAX)
    }

    /// Returns the position of the package with this id.
    pub fn position(&self, id: i32) -> usize {
        usize::try_from(id - self.first).unwrap_or(usize::MAX)
    }

    /// Returns the node id of the package at this position, with the same length as on the platform.
    pub fn node_id(&self, position: usize) -> String {
        format!("N:package:{:08x}-0000-4000-8000-{:012}", self.organization, self.package_id(position))
    }

    /// Returns the message that requests the restore of the package at this position.
    pub fn message(&self, position: usize) -> String {
        json!({
            "orgId": self.organization,
            "datasetId": self.id,
            "userId": "N:user:trial",
            "package": {
                "id": self.package_id(position), "nodeId": self.node_id(position),
                "name": "", "parentId": null, "type": 0,
            },
        })
        .to_string()
    }

    /// Returns the full key of an object.
    pub(super) fn key(&self, key: &str) -> String {
        format!("trial/O{}/D{}/{key}", self.organization, self.id)
    }

    pub(super) async fn insert_rows(&self, trial: &Trial, packages: &[Package]) -> Result<(), TrialError> {
        let mut transaction = trial.database.begin().await?;
        let ids: Vec<i32> = (0..packages.len()).map(|position| self.package_id(position)).collect();
        let node_ids: Vec<String> = (0..packages.len()).map(|position| self.node_id(position)).collect();
        let names: Vec<String> = packages
            .iter()
            .zip(&node_ids)
            .map(|(package, node_id)| package.name.replace("{node_id}", node_id))
            .collect();
        let types: Vec<&str> = packages.iter().map(|package| package.package_type).collect();
        let states: Vec<&str> = packages.iter().map(|package| package.state).collect();
        let parents: Vec<Option<i32>> =
            packages.iter().map(|package| package.parent.map(|position| self.package_id(position))).collect();
        // One statement, because parents are checked at its end: a test tree may contain cycles.
        let insert = trial.sql(
            "INSERT INTO {schema}.packages (id, node_id, name, type, state, dataset_id, parent_id)
             SELECT id, node_id, name, type, state, $6, parent_id
             FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $7::int[])
                 AS p (id, node_id, name, type, state, parent_id)",
        );
        sqlx::query(insert)
            .bind(&ids)
            .bind(&node_ids)
            .bind(&names)
            .bind(&types)
            .bind(&states)
            .bind(self.id)
            .bind(&parents)
            .execute(&mut *transaction)
            .await?;

        let mut owners = Vec::new();
        let mut sizes = Vec::new();
        let mut published = Vec::new();
        for (package, id) in packages.iter().zip(&ids) {
            for (index, size) in package.source_sizes.iter().enumerate() {
                owners.push(*id);
                sizes.push(*size);
                published.push((index < package.published).then_some("published"));
            }
        }
        let insert = trial.sql(
            "INSERT INTO {schema}.files
                 (package_id, name, object_type, processing_state, size, published_s3_version_id)
             SELECT package_id, 'source', 'source', 'processed', size, published
             FROM unnest($1::int[], $2::bigint[], $3::text[]) AS f (package_id, size, published)",
        );
        sqlx::query(insert).bind(&owners).bind(&sizes).bind(&published).execute(&mut *transaction).await?;
        transaction.commit().await?;
        // A server in use has long done this. Without statistics, the planner's estimates are far off.
        let analyze = trial.sql("ANALYZE {schema}.packages; ANALYZE {schema}.files");
        if packages.len() >= 1000 {
            sqlx::raw_sql(analyze).execute(&trial.database).await?;
        }
        Ok(())
    }
}
