//! Demo data that looks like real data of the platform.
//!
//! It consists of an organization with two datasets and four users, a live folder tree, a deleted file and a deleted
//! folder. One package has viewer assets: a Parquet file, an OME-Zarr and a thumbnail. All content is generated from
//! fixed seeds, so ids and bytes are the same on every start.

mod assets;
mod dataset;
mod deletion;
mod identifiers;
mod image;
mod noise;
mod objects;
mod people;
mod picture;
mod records;
mod rows;
mod signal;
mod table;
mod tree;
mod zarr;

use openapi::{DatasetId, DatasetNodeId, OrganizationId, PackageNodeId};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

pub use assets::DemoAssets;
use dataset::Study;
pub use deletion::{delete, state};
pub use identifiers::ORGANIZATION;
use identifiers::{DATASET, fixed_node_id};
use image::Micrograph;
use objects::Object;
pub use people::{DemoUser, DemoUsers};
use records::DeleteRecord;

/// Width and height of the largest level of the picture, in pixels.
const PICTURE_SIDE: usize = 512;

/// The services that receive the demo data.
///
/// The schema of [`ORGANIZATION`], the table and the two buckets must exist, and the storage bucket must have
/// versioning. The clients must have timeouts.
#[derive(Debug, Clone)]
pub struct DemoTargets<'a> {
    /// The platform's database.
    pub pool: &'a PgPool,
    /// Client for both buckets.
    pub s3: &'a aws_sdk_s3::Client,
    /// Client for the table of delete records.
    pub dynamodb: &'a aws_sdk_dynamodb::Client,
    /// The platform's bucket for the files of packages.
    pub storage_bucket: &'a str,
    /// The service's bucket for viewer assets.
    pub assets_bucket: &'a str,
    /// The platform's table of delete records.
    pub delete_record_table: &'a str,
}

/// The ids of the loaded data, as requests use them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoData {
    /// The integer that names the organization's schema.
    pub organization_id: OrganizationId,
    /// The organization's node id.
    pub organization_node_id: String,
    /// The dataset that contains the demo data.
    pub dataset_id: DatasetNodeId,
    /// The integer id of that dataset.
    pub dataset_int_id: DatasetId,
    /// Another dataset of the same organization; only the owner has a role in it.
    pub other_dataset_id: DatasetNodeId,
    /// The users with a role in the dataset.
    pub users: DemoUsers,
    /// Packages for demo requests.
    pub packages: DemoPackages,
    /// Paths of the viewer assets of the package `viewer`.
    pub assets: DemoAssets,
}

/// Packages for demo requests, by use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoPackages {
    /// A file to presign.
    pub live_file: PackageNodeId,
    /// A live file that has the viewer assets.
    pub viewer: PackageNodeId,
    /// A deleted file in a live folder.
    pub deleted_file: PackageNodeId,
    /// A deleted folder with nested folders and sixty files.
    pub deleted_folder: PackageNodeId,
    /// A live file of the other dataset.
    pub other_file: PackageNodeId,
}

/// The reason why the demo data could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database rejected a row or was unreachable.
    #[error(
        "the demo data could not be written to the local database; start with a fresh one if it was kept"
    )]
    Database(#[from] sqlx::Error),
    /// S3 rejected an object or was unreachable.
    #[error("the demo data could not be written to bucket {bucket}; the emulator's log says more")]
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// The error of the AWS SDK.
        #[source]
        source: Box<aws_sdk_s3::Error>,
    },
    /// The database was kept from an earlier start, but the objects were not.
    #[error(
        "the kept database has the demo data, but bucket {bucket} does not; the last run did not shut down \
         cleanly; start without --keep"
    )]
    ObjectsLost {
        /// The bucket's name.
        bucket: String,
    },
    /// The deletion of an object created no delete marker.
    #[error("bucket {bucket} created no delete marker for {key}; versioning must be enabled")]
    NoDeleteMarker {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// DynamoDB rejected a delete record or was unreachable.
    #[error("the delete records could not be written to table {table}; the emulator's log says more")]
    DeleteRecords {
        /// The table's name.
        table: String,
        /// The error of the AWS SDK.
        #[source]
        source: Box<aws_sdk_dynamodb::Error>,
    },
    /// The Parquet file could not be encoded.
    #[error("the demo's Parquet file could not be made")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A picture could not be encoded.
    #[error("the demo's pictures could not be made")]
    Picture(#[from] png::EncodingError),
    /// A task ended early, by a panic or because the program is shutting down.
    #[error("loading the demo data was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// Loads the demo data, unless an earlier start has loaded it.
///
/// All rows are inserted last and in one transaction, so an interrupted load is simply repeated.
pub async fn load(targets: &DemoTargets<'_>) -> Result<DemoData, DemoError> {
    let (study, levels) = tokio::task::spawn_blocking(make_study).await??;
    let data = describe(&study);
    let files = files_of(&study, targets.storage_bucket);
    let assets = data.assets.objects(targets.assets_bucket, study.viewer.id, &levels)?;
    if rows::exist(targets.pool).await? {
        // The first file belongs to a live package.
        for object in [files.first(), assets.first()].into_iter().flatten() {
            if !objects::exists(targets.s3, object).await? {
                return Err(DemoError::ObjectsLost { bucket: object.bucket.clone() });
            }
        }
        return Ok(data);
    }
    objects::upload(targets.s3, files.into_iter().chain(assets)).await?;
    delete_objects(targets, &study).await?;
    rows::insert(targets.pool, &data, &study.tree, targets.storage_bucket).await?;
    Ok(data)
}

fn make_study() -> Result<(Study, [Micrograph; 3]), DemoError> {
    let largest = Micrograph::synthesize(0, PICTURE_SIDE);
    let middle = largest.halve();
    let smallest = middle.halve();
    Ok((dataset::create_tree(&middle)?, [largest, middle, smallest]))
}

fn describe(study: &Study) -> DemoData {
    DemoData {
        organization_id: ORGANIZATION,
        organization_node_id: fixed_node_id("organization", "demo"),
        dataset_id: DatasetNodeId(fixed_node_id("dataset", "demo")),
        dataset_int_id: DATASET,
        other_dataset_id: DatasetNodeId(fixed_node_id("dataset", "other")),
        users: DemoUsers::new(),
        packages: DemoPackages {
            live_file: study.live_file.node_id.clone(),
            viewer: study.viewer.node_id.clone(),
            deleted_file: study.deleted_file.node_id.clone(),
            deleted_folder: study.deleted_folder.node_id.clone(),
            other_file: study.other_file.node_id.clone(),
        },
        assets: DemoAssets::new(),
    }
}

fn files_of(study: &Study, bucket: &str) -> Vec<Object> {
    let files = study.tree.packages.iter().filter_map(|package| package.file());
    files
        .map(|file| Object {
            bucket: bucket.to_owned(),
            key: file.key.clone(),
            content_type: file.content_type,
            bytes: file.bytes.clone(),
        })
        .collect()
}

/// Deletes the objects of deleted packages and records the version id of each delete marker.
async fn delete_objects(targets: &DemoTargets<'_>, study: &Study) -> Result<(), DemoError> {
    let deleted = study.tree.packages.iter().filter(|package| package.deleted);
    let files: Vec<_> = deleted.filter_map(|package| Some((package, package.file()?))).collect();
    let keys: Vec<_> = files.iter().map(|(_, file)| file.key.as_str()).collect();
    let markers = objects::delete(targets.s3, targets.storage_bucket, &keys).await?;
    let mut records = Vec::new();
    for (package, file) in files {
        let Some(marker) = markers.get(&file.key) else {
            let bucket = targets.storage_bucket.to_owned();
            return Err(DemoError::NoDeleteMarker { bucket, key: file.key.clone() });
        };
        records.push(DeleteRecord {
            node_id: &package.node_id,
            bucket: targets.storage_bucket,
            key: &file.key,
            marker,
            size: file.bytes.len(),
        });
    }
    records::put(targets.dynamodb, targets.delete_record_table, &records).await
}
