//! A first deployment beside an older installation: the steps of `docs/taking-over.md`, with resources created by hand.

use serde_json::Value;
use stack::{Artifacts, Environment, Inputs, SigningKeys};

use super::crafted::craft;
use super::{WHATEVER, run, run_as_administrator};
use crate::aws::Aws;
use crate::stack::Running;
use crate::turns::{Turn, Turns};

const ENVIRONMENT: &str = include_str!("../../../../stack/environments/local.toml");
const QUEUE: &str = "local-restore-package-queue-use1";
const FUNCTION: &str = "local-packages-service-lambda-use1";
const LOG_GROUP: &str = "/aws/lambda/local-packages-service-lambda-use1";

/// Both tests change one stack, beside resources that were created by hand.
static TURNS: Turns = Turns::for_stack("taking-over");

/// Destroys the stack; returns a release of it. Its bucket is retained.
async fn after_destruction(edit: impl FnOnce(&mut Value, &mut Value)) -> (&'static Running, String, Turn) {
    let turn = TURNS.next().await;
    let running = turn.running;
    let release = craft(running, edit).await;
    let ended = run(running, &["destroy", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    (running, release, turn)
}

/// Returns the template of the local environment with a suffix.
fn rendered(suffix: Option<&str>) -> Value {
    let text = suffix.map_or(String::new(), |suffix| format!("suffix = \"{suffix}\"\n"));
    let environment = Environment::parse(&"local".parse().unwrap(), &format!("{text}{ENVIRONMENT}")).unwrap();
    let artifacts = Artifacts::unknown(&environment);
    let keys = SigningKeys::none();
    let inputs = Inputs { environment: &environment, signing_keys: &keys, artifacts: &artifacts };
    stack::render(&inputs).unwrap().to_value()
}

/// Writes into a template what a suffix changes.
fn add_suffix(template: &mut Value, without: &Value, with: &Value) {
    match (template, without, with) {
        (Value::Object(template), Value::Object(without), Value::Object(with)) => {
            for (name, template) in template.iter_mut() {
                if let (Some(without), Some(with)) = (without.get(name), with.get(name)) {
                    add_suffix(template, without, with);
                }
            }
        }
        (Value::Array(template), Value::Array(without), Value::Array(with)) => {
            for ((template, without), with) in template.iter_mut().zip(without).zip(with) {
                add_suffix(template, without, with);
            }
        }
        (template, without, with) if without != with => *template = with.clone(),
        _ => {}
    }
}

#[tokio::test]
async fn taken_names_are_reported_and_a_suffix_avoids_them() {
    let suffixed = |template: &mut Value, _: &mut Value| {
        add_suffix(template, &rendered(None), &rendered(Some("v2")));
    };
    let (running, release, _turn) = after_destruction(suffixed).await;
    let aws = Aws::for_stack(&running.stack);
    aws.create_by_hand(QUEUE, LOG_GROUP, FUNCTION).await;

    let ended = run(running, &["diff"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    for name in [QUEUE, LOG_GROUP, FUNCTION] {
        assert!(ended.stdout.contains(&format!("! {name} (")), "{name} is not in:\n{}", ended.stdout);
    }
    let ended = run(running, &["deploy", "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was changed: names are taken (3, "), "{}", ended.stderr);
    let status = run(running, &["status"]).await;
    assert!(status.stdout.contains("not deployed"), "{}", status.stdout);
    assert!(!aws.queues().await.iter().any(|queue| queue.contains("dead-letter")));

    let ended = run_as_administrator(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let queues = aws.queues().await;
    for queue in [QUEUE.to_owned(), format!("{QUEUE}-v2")] {
        assert!(queues.contains(&queue), "{queue} is not among {queues:?}");
    }
    aws.delete_by_hand(QUEUE, LOG_GROUP, FUNCTION).await;
    // The other test starts with a stack without the suffix.
    run_as_administrator(running, &["destroy", "--yes"]).await.success();
    run(running, &WHATEVER).await.success();
}

#[tokio::test]
async fn taken_over_bucket_is_reported_and_changed_to_the_template() {
    let (running, release, _turn) = after_destruction(|_, _| {}).await;
    let aws = Aws::for_stack(&running.stack);
    let bucket = &running.stack.buckets.assets;
    let cors = aws.bucket_configuration(bucket, "cors").await;
    let older =
        cors.replace("<AllowedOrigin>*</AllowedOrigin>", "<AllowedOrigin>https://old</AllowedOrigin>");
    assert_ne!(older, cors);
    aws.set_bucket_configuration(bucket, "cors", Some(&older)).await;
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
    );
    aws.set_bucket_configuration(bucket, "policy", Some(&policy)).await;

    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("aws s3api delete-bucket-policy"), "{}", ended.stderr);
    aws.set_bucket_configuration(bucket, "policy", None).await;

    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for expected in [
        format!("~ {bucket} (AssetsBucket, AWS::S3::Bucket) exists, and is imported"),
        r#"CorsConfiguration.CorsRules.0.AllowedOrigins: ["https://old"] → ["*"]"#.to_owned(),
    ] {
        assert!(ended.stderr.contains(&expected), "{expected} is not in:\n{}", ended.stderr);
    }
    assert!(ended.stderr.contains("AssetsBucket changed to match the template"), "{}", ended.stderr);
    assert_eq!(aws.bucket_configuration(bucket, "cors").await, cors);
}
