//! The packages that the console shows, and their deletion.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::Client as DynamoDb;
use local_stack::StackFile;
use local_stack::console::{Action, Topic, packages};
use local_stack::demo::{self, DemoTargets};
use local_stack::platform::DELETE_RECORD_TABLE;
use openapi::PackageNodeId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Access, boxed};

/// One statement of about a millisecond, often enough to show states in which packages are for a moment only.
const INTERVAL: Duration = Duration::from_millis(150);

/// What the page sends to delete a package.
#[derive(Deserialize)]
struct Deletion {
    package: PackageNodeId,
}

/// Returns the tree of packages.
pub(super) fn topic(access: &Arc<Access>) -> Topic {
    super::topic("packages", INTERVAL, access, async |access| {
        packages::read(&access.pool).await.context("the database does not respond")
    })
}

/// Deletes a package and what is in it, as the platform does.
pub(super) fn delete(access: &Arc<Access>, stack_file: &Arc<watch::Sender<StackFile>>) -> Action {
    let (access, stack_file) = (Arc::clone(access), Arc::clone(stack_file));
    Action {
        name: "delete",
        run: Arc::new(move |parameters| {
            let (access, stack_file) = (Arc::clone(&access), stack_file.borrow().clone());
            boxed(async move { delete_package(&access, &stack_file, parameters).await })
        }),
    }
}

async fn delete_package(access: &Access, stack_file: &StackFile, parameters: Value) -> Result<Value> {
    let Deletion { package } = serde_json::from_value(parameters).context("the parameters are malformed")?;
    let targets = DemoTargets {
        pool: &access.pool,
        s3: &access.administrator.s3(),
        dynamodb: &DynamoDb::new(&access.administrator.configuration),
        storage_bucket: &stack_file.buckets.storage,
        assets_bucket: stack_file.buckets.assets.as_deref().unwrap_or_default(),
        delete_record_table: DELETE_RECORD_TABLE,
    };
    ensure!(demo::delete(&targets, &package).await?, "{package} is not READY, so it cannot be deleted");
    Ok(json!({}))
}
