//! Templates of the environments.

mod gateway;
mod keys;
mod names;
mod snapshots;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::environment::testing::{environment, environments};
use crate::{
    ArtifactKey, Artifacts, Environment, FunctionName, Inputs, SigningKey, SigningKeys, Template, render,
};

/// Returns P-256 public keys generated for these tests; their private halves were not kept.
fn two_keys() -> SigningKeys {
    let key = |fingerprint: &str, created_at, body| {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        SigningKey::new(fingerprint.parse().unwrap(), created_at, &pem).unwrap()
    };
    let keys = vec![
        key(
            "bca0ea2eb134",
            1_790_000_000,
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKSVHTIYOdk0KOLQ/ohfYMxmESWXn\nA27t9SKCPiCgGIgNEs1Iw0aKBNna7wQS2NhNw85978WttRWijYVeJ8tS+A==",
        ),
        key(
            "c44b2cb70ac5",
            1_795_000_000,
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVhUSfC5Chv4kb7zmPzuQmTXNZ3lL\nbbbmi2YVDE+x/oUXBK9nHx7GlUyO5G620DOgobS6ejjYgrap3imQPaBN0w==",
        ),
    ];
    SigningKeys::new(keys, Some("bca0ea2eb134".parse().unwrap())).unwrap()
}

fn template(environment: &Environment, signing_keys: &SigningKeys) -> Template {
    let artifact = |function, digit: &str| {
        ArtifactKey::new(&environment.service, function, &digit.repeat(64).parse().unwrap())
    };
    let artifacts = Artifacts {
        bucket: environment.artifact_bucket.clone(),
        api: artifact(FunctionName::Api, "a"),
        restore: artifact(FunctionName::Restore, "b"),
        authorizer: artifact(FunctionName::Authorizer, "c"),
    };
    render(&Inputs { environment, signing_keys, artifacts: &artifacts }).unwrap()
}

/// Returns the template of an environment with two keys.
pub(crate) fn template_of(name: &str) -> Template {
    template(&environment(name), &two_keys())
}

#[test]
fn two_renders_are_byte_identical() {
    let once = || environments().map(|environment| template(&environment, &two_keys()).to_json());
    assert_eq!(once(), once());
}

#[test]
fn buckets_outlive_the_stack_and_public_keys_their_replacement() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let resources = json["Resources"].as_object().unwrap();
        let retained: BTreeSet<[&str; 3]> = resources
            .values()
            .filter(|resource| resource["UpdateReplacePolicy"] == "Retain")
            .map(|resource| {
                ["Type", "DeletionPolicy", "UpdateReplacePolicy"].map(|it| resource[it].as_str().unwrap())
            })
            .collect();
        let public_key = ["AWS::CloudFront::PublicKey", "Delete", "Retain"];
        let bucket = ["AWS::S3::Bucket", "RetainExceptOnCreate", "Retain"];
        assert_eq!(retained, BTreeSet::from([public_key, bucket]));
        let of_type = |name| resources.values().filter(move |resource| resource["Type"] == name);
        for name in ["AWS::S3::Bucket", "AWS::CloudFront::PublicKey"] {
            assert!(of_type(name).all(|resource| resource["UpdateReplacePolicy"] == "Retain"), "{name}");
        }
    }
}

#[test]
fn lambda_drops_no_log_lines() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let resources = json["Resources"].as_object().unwrap().values();
        let functions = resources.filter(|resource| resource["Type"] == "AWS::Lambda::Function");
        let levels: Vec<&Json> = functions
            .map(|function| &function["Properties"]["LoggingConfig"]["ApplicationLogLevel"])
            .collect();
        assert_eq!(levels, vec!["TRACE"; environment.functions().len()]);
    }
}
