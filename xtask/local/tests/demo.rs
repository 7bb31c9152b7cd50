//! Tests the demo data with a real PostgreSQL server and the AWS emulator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::Path;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::Credentials;
use local_stack::demo::{self, DemoError, DemoTargets};
use local_stack::emulator::{Emulator, REGION};
use local_stack::platform;
use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use machine::python::MINISTACK;
use openapi::PackageNodeId;
use sqlx::PgPool;

const ASSETS_BUCKET: &str = "assets";

async fn start_emulator(directory: &StateDirectory) -> Emulator {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    let installation = MINISTACK.install(directory, &tools).await.unwrap();
    Emulator::start(directory, &installation, None, Data::Fresh).await.unwrap()
}

struct Clients {
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    ssm: aws_sdk_ssm::Client,
}

async fn clients(emulator: &Emulator) -> Clients {
    let timeout = TimeoutConfig::builder().operation_timeout(Duration::from_secs(30)).build();
    let configuration = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .endpoint_url(emulator.endpoint_url())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(
            machine::EMULATOR_ACCESS_KEY_ID,
            machine::EMULATOR_SECRET_ACCESS_KEY,
            None,
            None,
            "test",
        ))
        .timeout_config(timeout)
        .load()
        .await;
    let s3 = aws_sdk_s3::config::Builder::from(&configuration).force_path_style(true).build();
    Clients {
        s3: aws_sdk_s3::Client::from_conf(s3),
        sqs: aws_sdk_sqs::Client::new(&configuration),
        dynamodb: aws_sdk_dynamodb::Client::new(&configuration),
        ssm: aws_sdk_ssm::Client::new(&configuration),
    }
}

#[tokio::test]
async fn resources_and_parameters_can_be_created_again() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let emulator = start_emulator(&directory).await;
    let Clients { s3, sqs, dynamodb, ssm } = clients(&emulator).await;

    let resources = platform::create_resources(&sqs, &dynamodb, &s3).await.unwrap();
    assert!(resources.jobs_queue_url.ends_with(platform::JOBS_QUEUE), "{resources:?}");
    assert!(resources.jobs_queue_arn.ends_with(platform::JOBS_QUEUE), "{resources:?}");
    assert_eq!(platform::create_resources(&sqs, &dynamodb, &s3).await.unwrap(), resources);

    for issuer in ["http://127.0.0.1:1", "http://127.0.0.1:2"] {
        let parameters = [("/local/platform/token-issuer".to_owned(), issuer.to_owned())].into();
        platform::put_platform_parameters(&ssm, &parameters).await.unwrap();
        let answer = ssm.get_parameter().name("/local/platform/token-issuer").send().await.unwrap();
        assert_eq!(answer.parameter().and_then(|parameter| parameter.value()), Some(issuer));
    }
    emulator.stop().await;
}

#[tokio::test]
async fn demo_is_in_the_state_that_the_platform_leaves() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    let server = Server::find_or_install(&directory, &tools).await.unwrap();
    let postgres = Postgres::start(&directory, server, None, Data::Fresh).await.unwrap();
    let emulator = start_emulator(&directory).await;
    let Clients { s3, sqs, dynamodb, .. } = clients(&emulator).await;
    let pool = PgPool::connect(&postgres.url()).await.unwrap();

    platform::create_schema(&pool, &[demo::ORGANIZATION.0]).await.unwrap();
    let resources = platform::create_resources(&sqs, &dynamodb, &s3).await.unwrap();
    s3.create_bucket().bucket(ASSETS_BUCKET).send().await.unwrap();

    let targets = DemoTargets {
        pool: &pool,
        s3: &s3,
        dynamodb: &dynamodb,
        storage_bucket: &resources.storage_bucket,
        assets_bucket: ASSETS_BUCKET,
        delete_record_table: &resources.delete_record_table,
    };
    let data = demo::load(&targets).await.unwrap();

    assert_matches_the_platform(&targets).await;

    let package: i32 = sqlx::query_scalar(r#"SELECT id FROM "367".packages WHERE node_id = $1"#)
        .bind(data.packages.viewer.as_str())
        .fetch_one(&pool)
        .await
        .unwrap();
    for (path, content_type) in [
        (data.assets.parquet.clone(), "application/vnd.apache.parquet"),
        (format!("{}/.zattrs", data.assets.zarr), "application/json"),
        (format!("{}/0/0/0/0", data.assets.zarr), "application/octet-stream"),
        (data.assets.thumbnail.clone(), "image/png"),
    ] {
        let key = format!("O367/D{}/P{package}/{path}", data.dataset_int_id);
        let object = s3.head_object().bucket(ASSETS_BUCKET).key(&key).send().await.unwrap();
        assert_eq!(object.content_type(), Some(content_type), "{key}");
    }

    // A start with kept data finds the demo data and changes nothing.
    sqlx::query(r#"UPDATE "367".packages SET name = 'renamed' WHERE node_id = $1"#)
        .bind(data.packages.live_file.as_str())
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(demo::load(&targets).await.unwrap(), data);
    let renamed: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "367".packages WHERE name = 'renamed'"#)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(renamed, 1);
    let parquet = format!("O367/D{}/P{package}/{}", data.dataset_int_id, data.assets.parquet);
    s3.delete_object().bucket(ASSETS_BUCKET).key(parquet).send().await.unwrap();
    assert!(
        matches!(demo::load(&targets).await, Err(DemoError::ObjectsLost { bucket }) if bucket == ASSETS_BUCKET)
    );

    // A file that is deleted later looks the same as one that was deleted from the start.
    let file = &data.packages.live_file;
    assert_eq!(demo::state(&pool, file).await.unwrap().as_deref(), Some("READY"));
    assert!(demo::delete(&targets, file).await.unwrap());
    assert_eq!(demo::state(&pool, file).await.unwrap().as_deref(), Some("DELETED"));
    assert!(!demo::delete(&targets, file).await.unwrap());
    assert_matches_the_platform(&targets).await;
    let name: String = sqlx::query_scalar(r#"SELECT name FROM "367".packages WHERE node_id = $1"#)
        .bind(file.as_str())
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(name, format!("__DELETED__{file}_renamed"));

    // A folder is deleted with everything in it that is live. What was deleted before keeps its name.
    let folder: String = sqlx::query_scalar(
        r#"SELECT parent.node_id FROM "367".packages JOIN "367".packages parent ON parent.id = packages.parent_id
           WHERE packages.node_id = $1"#,
    )
    .bind(data.packages.viewer.as_str())
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(demo::delete(&targets, &PackageNodeId(folder)).await.unwrap());
    assert_matches_the_platform(&targets).await;
    let prefixes: i64 = sqlx::query_scalar(
        r#"SELECT count(*) FROM "367".packages
           WHERE (state = 'DELETED') <> (name LIKE '\_\_DELETED\_\_%') OR name LIKE '%\_\_DELETED\_\_%\_\_DELETED%'"#,
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(prefixes, 0);

    postgres.stop().await;
    emulator.stop().await;
}

/// Checks the objects, delete records and storage counters of all packages.
async fn assert_matches_the_platform(targets: &DemoTargets<'_>) {
    let DemoTargets { pool, s3, dynamodb, storage_bucket, delete_record_table, .. } = *targets;
    // The object of a live package is visible. The object of a deleted package has the delete marker that its delete
    // record names.
    let files: Vec<(String, String, String, i64)> = sqlx::query_as(
        r#"SELECT state, node_id, s3_key, files.size
           FROM "367".packages JOIN "367".files ON package_id = packages.id"#,
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(files.len(), 15 + 1 + 61);
    for (state, node_id, key, size) in &files {
        let head = s3.head_object().bucket(storage_bucket).key(key).send().await;
        let record = dynamodb
            .get_item()
            .table_name(delete_record_table)
            .key("NodeId", AttributeValue::S(node_id.clone()))
            .send()
            .await
            .unwrap()
            .item;
        if state == "READY" {
            assert_eq!(head.unwrap().content_length(), Some(*size));
            assert_eq!(record, None);
            continue;
        }
        assert!(head.unwrap_err().into_service_error().is_not_found());
        let record = record.unwrap();
        let text = |name: &str| record[name].as_s().unwrap().clone();
        assert_eq!((text("S3Bucket"), text("S3Key")), (storage_bucket.to_owned(), key.clone()));
        assert_eq!(text("ObjectSize"), size.to_string());
        let marker =
            s3.head_object().bucket(storage_bucket).key(key).version_id(text("S3ObjectVersion")).send().await;
        assert_eq!(marker.unwrap_err().raw_response().unwrap().status().as_u16(), 405, "a delete marker");
    }

    // The counters include only live files.
    let counters: (i64, i64, i64, i64) = sqlx::query_as(
        r#"SELECT (SELECT sum(files.size)::bigint FROM "367".packages JOIN "367".files ON package_id = packages.id
                   WHERE state = 'READY'),
                  (SELECT size FROM pennsieve.organization_storage WHERE organization_id = 367),
                  (SELECT sum(size)::bigint FROM "367".dataset_storage),
                  (SELECT sum(package_storage.size)::bigint FROM "367".package_storage
                   JOIN "367".packages ON package_id = packages.id WHERE state = 'DELETED')"#,
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(counters.0 > 0);
    assert_eq!(counters, (counters.0, counters.0, counters.0, 0));
}
