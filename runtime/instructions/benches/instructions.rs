//! The instructions of hot code, which Valgrind counts.
//!
//! `cargo xtask bench instructions` runs it. The count does not depend on other load. Only the function of a benchmark is
//! counted, and not its `setup` and `teardown`.

#![expect(missing_docs, reason = "what the macros of gungraun make is public")]
#![expect(clippy::needless_pass_by_value, reason = "a teardown receives what the benchmark returns")]
#![expect(clippy::expect_used, reason = "work that fails must not be counted")]

use ::instructions::MAXIMUM_INSTRUCTIONS;
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use runtime::api::s3_url::{PresignedUrl, S3UrlError, S3UrlRules};
use runtime::api::{ApiContext, respond};
use runtime::configuration::{AllowedBuckets, ApiSettings, Variables};
use runtime::http::HttpApiEvent;
use runtime::restore::{Rehearsal, Rehearsed};
use runtime::telemetry::Invocation;
use serde_json::{Value, json};
use signing::{BaseUrl, HashAlgorithm, KeyError, SignedUrl, Signer, SigningKey};
use tokio::runtime::{Builder, Runtime};

/// These keys sign nothing but the URL of this benchmark.
const EC_KEY: &str = include_str!("keys/ec.pem");
const RSA_KEY: &str = include_str!("keys/rsa.pem");

const ASSET: &str = "https://d111111abcdef8.cloudfront.net/O367/D1180/P9001/recording.parquet";
/// A time before the expiry of [`valid_url`], in Unix seconds.
const NOW: i64 = 1_800_000_000;
const PACKAGES: i32 = 1_000;

/// Sets the maximum of a benchmark. One without a maximum fails.
fn limited(benchmark: &str) -> LibraryBenchmarkConfig {
    let maximum =
        MAXIMUM_INSTRUCTIONS.iter().find(|(name, _)| *name == benchmark).map_or(0, |(_, it)| u64::from(*it));
    // Without the simulation of caches, which takes as long again.
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, maximum)]);
    let mut configuration = LibraryBenchmarkConfig::default();
    configuration.tool(callgrind);
    configuration
}

fn signer(key: &str, hash: HashAlgorithm) -> (Signer, BaseUrl) {
    let key = SigningKey::from_pem(key, Some(hash)).expect("this is a key");
    let signer = Signer::new(key, "K1".to_owned());
    let url = BaseUrl::parse(ASSET).expect("this is a URL");
    // The first signature of a process also prepares random numbers.
    signer.sign_url(&url, NOW).expect("the key signs");
    (signer, url)
}

#[library_benchmark(setup = signer, teardown = expect_signature)]
#[bench::ec_sha256(args = (EC_KEY, HashAlgorithm::Sha256), config = limited("sign_url::ec_sha256"))]
#[bench::ec_sha1(args = (EC_KEY, HashAlgorithm::Sha1), config = limited("sign_url::ec_sha1"))]
#[bench::rsa_sha256(args = (RSA_KEY, HashAlgorithm::Sha256), config = limited("sign_url::rsa_sha256"))]
#[bench::rsa_sha1(args = (RSA_KEY, HashAlgorithm::Sha1), config = limited("sign_url::rsa_sha1"))]
fn sign_url((signer, url): (Signer, BaseUrl)) -> Result<SignedUrl, KeyError> {
    signer.sign_url(&url, NOW)
}

fn expect_signature(signed: Result<SignedUrl, KeyError>) {
    signed.expect("the key signs");
}

fn valid_url() -> String {
    format!(
        "https://bucket.s3.eu-west-1.amazonaws.com/a%20folder/object.parquet?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKID%2F99990101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=99990101T000000Z\
         &X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "0123456789abcdef".repeat(4)
    )
}

/// Returns a URL with many escapes. The last ones leave the bucket.
fn hostile_url() -> String {
    let escapes = "%61/".repeat(1_000);
    valid_url().replace("a%20folder/object.parquet", &format!("{escapes}%2e%2e/%2e%2e/secrets/object"))
}

#[library_benchmark]
#[bench::valid(setup = valid_url, teardown = expect_valid, config = limited("judge_s3_url::valid"))]
#[bench::hostile(setup = hostile_url, teardown = expect_hostile, config = limited("judge_s3_url::hostile"))]
fn judge_s3_url(url: String) -> Result<PresignedUrl, S3UrlError> {
    let rules = S3UrlRules { allowed_buckets: &AllowedBuckets::Any, endpoint: None };
    PresignedUrl::parse(&url, &rules, NOW)
}

fn expect_valid(judged: Result<PresignedUrl, S3UrlError>) {
    judged.expect("the URL is valid");
}

fn expect_hostile(judged: Result<PresignedUrl, S3UrlError>) {
    assert!(matches!(judged, Err(S3UrlError::Path)), "the URL leaves its bucket: {judged:?}");
}

/// The API function, and an event as Lambda sends it.
struct Function {
    runtime: Runtime,
    context: ApiContext,
    event: Vec<u8>,
}

impl Function {
    /// Returns a function that has responded before.
    fn new(event: &Value) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("the runtime starts");
        let variables = Variables::from_pairs([("VIEWER_ASSETS_BUCKET", "bucket")]);
        let context = ApiContext::new(ApiSettings::read(&variables));
        let function = Self { runtime, context, event: event.to_string().into_bytes() };
        function.respond();
        function
    }

    /// Responds as `runtime/src/bin/api.rs` does.
    fn respond(&self) -> Vec<u8> {
        let event: HttpApiEvent = serde_json::from_slice(&self.event).expect("this is an event");
        let invocation = Invocation::default();
        let response = self.runtime.block_on(respond(&self.context, &invocation, Request::from(event)));
        let response = ApiGatewayV2httpResponse::from(response);
        serde_json::to_vec(&response).expect("a response is JSON")
    }
}

fn redirect() -> Function {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("presigned_url", &valid_url())
        .finish();
    Function::new(&event("GET", "/proxy/s3", &query, &Value::Null))
}

fn unknown_path() -> Function {
    Function::new(&event("GET", "/packages", "", &Value::Null))
}

/// Returns a request of a viewer, who may not restore.
fn too_low_role() -> Function {
    let claims = json!({
        "user_claim": {"Id": 101, "NodeId": "N:user:1", "IsSuperAdmin": false},
        "org_claim": {"Role": 16, "IntId": 1, "NodeId": "N:organization:1"},
        "dataset_claim": {"Role": 1, "NodeId": "N:dataset:1", "IntId": 1},
    });
    Function::new(&event("POST", "/restore", "dataset_id=N%3Adataset%3A1", &claims))
}

fn event(method: &str, path: &str, query: &str, claims: &Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example", "accept": "*/*", "user-agent": "bench"},
        "requestContext": {
            "requestId": "bench",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "authorizer": {"lambda": claims},
        },
        "body": r#"{"nodeIds":["N:package:1"]}"#,
        "isBase64Encoded": false,
    })
}

// The function is returned, so that its end is not counted.
#[library_benchmark]
#[bench::redirect(setup = redirect, teardown = expect_redirect, config = limited("respond_to_event::redirect"))]
#[bench::not_found(setup = unknown_path, teardown = expect_not_found, config = limited("respond_to_event::not_found"))]
#[bench::forbidden(setup = too_low_role, teardown = expect_forbidden, config = limited("respond_to_event::forbidden"))]
fn respond_to_event(function: Function) -> (Function, Vec<u8>) {
    let response = function.respond();
    (function, response)
}

fn expect_redirect(responded: (Function, Vec<u8>)) {
    expect_status(&responded.1, 307);
}

fn expect_not_found(responded: (Function, Vec<u8>)) {
    expect_status(&responded.1, 404);
}

fn expect_forbidden(responded: (Function, Vec<u8>)) {
    expect_status(&responded.1, 403);
}

fn expect_status(response: &[u8], status: i64) {
    let response: Value = serde_json::from_slice(response).expect("a response is JSON");
    assert_eq!(response["statusCode"], status, "{response}");
}

fn folder() -> (Runtime, Rehearsal) {
    let runtime = Builder::new_current_thread().build().expect("the runtime starts");
    (runtime, Rehearsal::of_folder(PACKAGES).expect("this is a folder"))
}

#[library_benchmark]
#[bench::packages_1000(setup = folder, teardown = expect_restored, config = limited("plan_restore::packages_1000"))]
fn plan_restore((runtime, restore): (Runtime, Rehearsal)) -> Rehearsed {
    runtime.block_on(restore.run()).expect("the folder is restored")
}

fn expect_restored(restored: Rehearsed) {
    assert_eq!(restored.packages, 1_001, "{restored:?}");
}

library_benchmark_group!(
    name = instructions,
    benchmarks = [sign_url, judge_s3_url, respond_to_event, plan_restore]
);

main!(library_benchmark_groups = instructions);
