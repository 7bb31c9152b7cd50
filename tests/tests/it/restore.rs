//! Restores of deleted packages, from the request to the end state.

use openapi::RestoreFailure;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::client::{Client, error_of, header, json_of};
use crate::database::{Database, Package};
use crate::fixture::Dataset;
use crate::waiting::eventually;

/// Waits until a package and everything below it are READY.
async fn restored(database: &mut Database, node_id: &str) -> Vec<Package> {
    let what = format!("{node_id} and all that is in it are READY");
    eventually(&what, async || {
        let packages = database.subtree(node_id).await;
        assert!(!packages.is_empty(), "{node_id} is not there");
        packages.iter().all(|package| package.state == "READY").then_some(packages)
    })
    .await
}

fn failure(node_id: &str, dataset: &str) -> RestoreFailure {
    let error = format!("deleted package {node_id} not found in dataset {dataset}");
    RestoreFailure { id: node_id.to_owned(), error }
}

fn ids(failures: &[RestoreFailure]) -> Vec<(&str, &str)> {
    failures.iter().map(|failure| (failure.id.as_str(), failure.error.as_str())).collect()
}

#[tokio::test]
async fn deleted_folder_is_restored_with_its_contents() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let (dataset, folder) = (&client.stack.dataset_id, &client.stack.packages.deleted_folder);
    let before = database.subtree(folder).await;
    let files: Vec<&Package> = before.iter().filter(|package| package.size.is_some()).collect();
    let size: i64 = files.iter().filter_map(|file| file.size).sum();
    assert_eq!((files.len(), before.len()), (60, 71));
    assert!(before.iter().all(|package| package.state == "DELETED"));
    let parent = before[0].parent_id.unwrap();
    let parent_storage = database.storage_of(parent).await;
    assert_eq!(database.miscounted().await, [], "before");

    let parameters = [("dataset_id", dataset.as_str())];
    let request = client.request_as("editor", Method::POST, "/restore", &parameters);
    let response = request.json(&json!({ "nodeIds": [folder] })).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), format!(r#"{{"success":["{folder}"],"failures":[]}}"#));

    let after = restored(&mut database, folder).await;
    for (before, after) in before.iter().zip(&after) {
        let original = before.name.strip_prefix(&format!("__DELETED__{}_", before.node_id));
        assert_eq!(Some(after.name.as_str()), original);
        assert_eq!((before.id, before.parent_id, &before.key), (after.id, after.parent_id, &after.key));
    }
    for file in &files {
        let parameters = [("dataset_id", dataset.as_str()), ("package_id", &file.node_id)];
        let response = client.get("/presign/s3", &parameters).await;
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        let object = client.open(&header(&response, "location")).await;
        assert_eq!(object.status(), StatusCode::OK, "{}", file.name);
        assert_eq!(i64::try_from(object.bytes().await.unwrap().len()).ok(), file.size, "{}", file.name);
    }

    assert_eq!(database.storage_of(before[0].id).await, size);
    assert_eq!(database.storage_of(parent).await, parent_storage + size);
    assert_eq!(database.miscounted().await, [], "after");

    // The records are removed last, so the restore is complete.
    for file in &files {
        let gone = async || (!aws.has_delete_record(&file.node_id).await).then_some(());
        eventually("the delete records are gone", gone).await;
    }
    let empty = async || (aws.messages_in(&client.stack.queues.restore).await == 0).then_some(());
    eventually("the restore queue is empty", empty).await;
    for package in &after {
        let events = aws.changelog_of(&package.node_id).await;
        let events: Vec<_> = events
            .iter()
            .map(|event| (&*event.event_type, event.event_detail.id.0, &event.event_detail.name))
            .collect();
        assert_eq!(events, [("RESTORE_PACKAGE", package.id, &package.name)]);
    }
}

#[tokio::test]
async fn deleted_file_is_restored_and_other_ids_are_failures() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let dataset = &client.stack.dataset_id;
    let packages = &client.stack.packages;
    let (file, unknown) = (&*packages.deleted_file, "N:package:00000000-0000-4000-8000-000000000000");
    let asked = [unknown, file, &*packages.live_file, file, &*packages.other_file, "", "N:package:\0x"];
    let response = client.restore(dataset, &asked).await;
    assert_eq!(response.success, [file]);
    let expected = [unknown, &*packages.live_file, &*packages.other_file, "", "N:package:\0x"]
        .map(|node_id| failure(node_id, dataset));
    assert_eq!(ids(&response.failures), ids(&expected));

    let package = restored(&mut database, file).await.remove(0);
    assert_eq!(package.name, "band-power-draft.csv");
    let bytes = aws.get_object(&client.stack.buckets.storage, &package.key.unwrap()).await;
    assert_eq!(bytes, b"subject,theta,alpha\nsub-01,38.9,\n");

    let again = client.restore(dataset, &[file]).await;
    assert!(again.success.is_empty());
    assert_eq!(ids(&again.failures), ids(&[failure(file, dataset)]));
}

#[tokio::test]
async fn one_of_many_concurrent_requests_restores() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let file = dataset.deleted_file(None, "once.csv", b"a,b\n1,2\n").await;
    let asked = [&*file.node_id];
    let ask = || client.restore(&dataset.node_id, &asked);
    let responses = tokio::join!(ask(), ask(), ask(), ask(), ask());
    let responses: [_; 5] = responses.into();
    assert_eq!(responses.iter().filter(|response| response.success == asked).count(), 1);
    assert_eq!(responses.iter().filter(|response| response.failures.len() == 1).count(), 4);

    restored(&mut database, &file.node_id).await;
    assert_eq!(database.storage_of(file.id).await, 8);
    let gone = async || (!aws.has_delete_record(&file.node_id).await).then_some(());
    eventually("the delete record is gone", gone).await;
    assert_eq!(aws.changelog_of(&file.node_id).await.len(), 1);
    assert_eq!(database.miscounted().await, []);
}

#[tokio::test]
async fn name_in_use_gets_a_suffix() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let file = dataset.deleted_file(None, "results.csv", b"1\n").await;
    let holder = dataset.live_package("results.csv").await;
    assert_eq!(client.restore(&dataset.node_id, &[&file.node_id]).await.success, [&*file.node_id]);
    assert_eq!(restored(&mut database, &file.node_id).await[0].name, "results-restored_1.csv");
    assert_eq!(database.package(&holder.node_id).await.name, "results.csv");
    let detail = aws.changelog_of(&file.node_id).await.remove(0).event_detail;
    assert_eq!(detail.name, "results-restored_1.csv");
    assert_eq!(detail.original_name.as_deref(), Some("results.csv"));
}

#[tokio::test]
async fn file_without_a_record_stays_deleted_and_its_folder_is_restored() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let folder = dataset.deleted_folder("session").await;
    let found = dataset.deleted_file(Some(&folder), "found.csv", b"found").await;
    let lost = dataset.deleted_file_without_record(&folder, "lost.csv").await;
    let lost_before = database.package(&lost.node_id).await;
    assert_eq!(client.restore(&dataset.node_id, &[&folder.node_id]).await.success, [&*folder.node_id]);
    restored(&mut database, &found.node_id).await;

    assert_eq!(database.package(&folder.node_id).await.name, "session");
    let lost_after = database.package(&lost.node_id).await;
    assert_eq!((&*lost_after.state, &lost_after.name), ("DELETED", &lost_before.name));
    let bucket = &client.stack.buckets.storage;
    assert!(!aws.object_is_readable(bucket, lost_after.key.as_deref().unwrap()).await);
    assert_eq!(database.storage_of(folder.id).await, 5);
    assert!(aws.changelog_of(&lost.node_id).await.is_empty());
}

#[tokio::test]
async fn restore_requires_an_editor_and_a_valid_request() {
    let client = Client::new().await;
    let parameters = [("dataset_id", client.stack.dataset_id.as_str())];
    let request = |user| client.request_as(user, Method::POST, "/restore", &parameters);
    let response = request("viewer").json(&json!({ "nodeIds": ["N:package:1"] })).send().await.unwrap();
    let message = "this needs the role editor in the dataset, or a higher one";
    assert_eq!(error_of(response).await, (403, message.to_owned()));
    for body in ["", "{", "[]", r#"{"nodeIds":"N:package:1"}"#, r#"{"nodeIds":[1]}"#] {
        let response = request("editor").body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        let body: Value = response.json().await.unwrap();
        assert!(!body["errorId"].as_str().unwrap().is_empty());
    }
    let none: Value = json_of(request("owner").json(&json!({ "nodeIds": [] })).send().await.unwrap()).await;
    assert_eq!(none, json!({ "success": [], "failures": [] }));
}
