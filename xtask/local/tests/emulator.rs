//! Tests the features that the shim adds, with a real AWS emulator.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

#[path = "emulator/traces.rs"]
mod traces;

use std::path::Path;
use std::time::Duration;

use local_stack::emulator::Emulator;
use machine::directory::{Data, StateDirectory};
use machine::process::clean_up;
use machine::python::Installation;
use machine::python::MINISTACK;
use reqwest::Client;
use rustix::process::{Pid, test_kill_process_group};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use url::form_urlencoded;

const LIMIT: Duration = Duration::from_secs(30);
const EC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
    6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
    -----END PUBLIC KEY-----\n";

/// Uses the installation of `cargo xtask local`, so that it is installed only once.
async fn installation(directory: &StateDirectory) -> Installation {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    MINISTACK.install(directory, &tools).await.unwrap()
}

async fn start(directory: &StateDirectory, data: Data) -> Emulator {
    Emulator::start(directory, &installation(directory).await, None, data).await.unwrap()
}

async fn stop(emulator: Emulator) {
    let group = Pid::from_raw(emulator.service().pid().cast_signed()).unwrap();
    emulator.stop().await;
    assert_gone(group).await;
}

async fn assert_gone(group: Pid) {
    let gone = async {
        while test_kill_process_group(group).is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), gone).await.unwrap();
}

/// A client without signatures: the emulator only reads the service name from them.
struct Aws {
    http: Client,
    endpoint: String,
}

impl Aws {
    fn new(emulator: &Emulator) -> Self {
        let http = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        Self { http, endpoint: emulator.endpoint_url() }
    }

    async fn cloudformation(&self, action: &str, stack: &str, parameters: &[(&str, &str)]) -> String {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("StackName", stack)
            .extend_pairs(parameters)
            .finish();
        let request =
            self.http.post(&self.endpoint).header("content-type", "application/x-www-form-urlencoded");
        text(request.header("authorization", credential("cloudformation")).body(body)).await
    }

    /// Creates or updates the stack and returns its final status.
    async fn deploy(&self, action: &str, stack: &str, template: &Value) -> String {
        let answer = self.cloudformation(action, stack, &[("TemplateBody", &template.to_string())]).await;
        assert!(answer.contains("<StackId>"), "{answer}");
        let settled = async {
            loop {
                let answer = self.cloudformation("DescribeStacks", stack, &[]).await;
                let status = between(&answer, "<StackStatus>", "</StackStatus>");
                if !status.ends_with("_IN_PROGRESS") {
                    return status;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LIMIT, settled).await.unwrap()
    }

    async fn get(&self, service: &str, path: &str) -> String {
        let url = format!("{}{path}", self.endpoint);
        text(self.http.get(url).header("authorization", credential(service))).await
    }

    /// Calls CloudWatch Logs.
    async fn logs(&self, action: &str, body: Value) -> Value {
        let request = self.http.post(&self.endpoint).header("authorization", credential("logs"));
        let request = request.header("x-amz-target", format!("Logs_20140328.{action}"));
        serde_json::from_str(&text(request.body(body.to_string())).await).unwrap()
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        let answer = self.get("apigateway", path).await;
        serde_json::from_str::<Value>(&answer).unwrap()["items"].as_array().unwrap().clone()
    }

    async fn routes(&self, api: &str) -> Vec<String> {
        let routes = self.items(&format!("/v2/apis/{api}/routes")).await;
        routes.iter().map(|route| route["routeKey"].as_str().unwrap().to_owned()).collect()
    }
}

fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

async fn text(request: reqwest::RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0.to_owned()
}

fn template(key: &str, body: &Value) -> Value {
    json!({"Resources": {
        "Key": {"Type": "AWS::CloudFront::PublicKey", "Properties": {"PublicKeyConfig": {
            "CallerReference": "one", "Name": "one", "EncodedKey": key,
        }}},
        "Group": {"Type": "AWS::CloudFront::KeyGroup", "Properties": {"KeyGroupConfig": {
            "Name": "group", "Items": [{"Ref": "Key"}],
        }}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"FailOnWarnings": true, "Body": body}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": true,
            "RouteSettings": {"GET /restore": {"ThrottlingRateLimit": 5}},
        }},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1,
            "Metrics": [{"Id": "rate", "Expression": "a / 2"}, {"Id": "a", "MetricStat": {
                "Metric": {"Namespace": "AWS/ApiGateway", "MetricName": "5xx"}, "Period": 60, "Stat": "Sum",
            }}],
        }},
        "Health": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {
            "AlarmRule": {"Fn::Sub": "ALARM(\"${Alarm}\")"},
        }},
    }, "Outputs": {"Group": {"Value": {"Ref": "Group"}}}})
}

/// Returns an API with an authorizer for the first path and none for the others.
fn body(paths: &[&str]) -> Value {
    let function =
        json!({"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:api"});
    let operation = |(index, path): (usize, &&str)| {
        let security = if index == 0 { json!([{"own": []}]) } else { json!([]) };
        let integration = json!({
            "type": "aws_proxy", "httpMethod": "POST", "uri": function, "payloadFormatVersion": "2.0",
        });
        let get = json!({"security": security, "x-amazon-apigateway-integration": integration});
        ((*path).to_owned(), json!({"get": get}))
    };
    json!({
        "openapi": "3.0.1",
        "info": {"title": "packages", "version": "1"},
        "x-amazon-apigateway-cors": {"allowOrigins": ["https://app.example"]},
        "paths": paths.iter().enumerate().map(operation).collect::<serde_json::Map<_, _>>(),
        "components": {"securitySchemes": {"own": {
            "type": "apiKey", "name": "Authorization", "in": "header",
            "x-amazon-apigateway-authorizer": {
                "type": "request", "identitySource": "$request.header.Authorization, $context.routeKey",
                "authorizerUri": function, "authorizerPayloadFormatVersion": "2.0",
                "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 0,
                "authorizerCredentials": "arn:aws:iam::000000000000:role/authorizer",
            },
        }}},
    })
}

#[tokio::test]
async fn shim_deploys_keys_and_apis_and_rejects_what_aws_rejects() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);

    let no_key =
        template("-----BEGIN PUBLIC KEY-----\nTm8ga2V5\n-----END PUBLIC KEY-----\n", &body(&["/restore"]));
    assert_eq!(aws.deploy("CreateStack", "bad", &no_key).await, "ROLLBACK_COMPLETE");
    let events = aws.cloudformation("DescribeStackEvents", "bad", &[]).await;
    assert!(events.contains("EncodedKey is not the PEM of an RSA 2048 or EC P-256 public key"), "{events}");

    let first = template(EC_KEY, &body(&["/restore", "/public"]));
    assert_eq!(aws.deploy("CreateStack", "good", &first).await, "CREATE_COMPLETE");
    let outputs = aws.cloudformation("DescribeStacks", "good", &[]).await;
    let group = between(&outputs, "<OutputValue>", "</OutputValue>");
    let group = aws.get("cloudfront", &format!("/2020-05-31/key-group/{group}")).await;
    let key = between(&group, "<PublicKey>", "</PublicKey>");
    let key = aws.get("cloudfront", &format!("/2020-05-31/public-key/{key}")).await;
    assert_eq!(between(&key, "<EncodedKey>", "</EncodedKey>"), EC_KEY);

    let apis = aws.items("/v2/apis").await;
    let [api] = apis.as_slice() else { panic!("{apis:?}") };
    assert_eq!(api["name"], "packages");
    assert_eq!(api["corsConfiguration"], json!({"allowOrigins": ["https://app.example"]}));
    let api = api["apiId"].as_str().unwrap();
    let authorizers = aws.items(&format!("/v2/apis/{api}/authorizers")).await;
    let [authorizer] = authorizers.as_slice() else { panic!("{authorizers:?}") };
    for (name, value) in [
        ("authorizerType", json!("REQUEST")),
        ("authorizerUri", json!("arn:aws:lambda:us-east-1:000000000000:function:api")),
        ("identitySource", json!(["$request.header.Authorization", "$context.routeKey"])),
        ("authorizerPayloadFormatVersion", json!("2.0")),
        ("enableSimpleResponses", json!(true)),
        ("authorizerResultTtlInSeconds", json!(0)),
        ("authorizerCredentialsArn", json!("arn:aws:iam::000000000000:role/authorizer")),
    ] {
        assert_eq!(authorizer[name], value, "{name}");
    }
    let routes = aws.items(&format!("/v2/apis/{api}/routes")).await;
    let route = |key: &str| routes.iter().find(|route| route["routeKey"] == key).unwrap();
    assert_eq!(route("GET /restore")["authorizationType"], "CUSTOM");
    assert_eq!(route("GET /restore")["authorizerId"], authorizer["authorizerId"]);
    assert_eq!(route("GET /public")["authorizationType"], "NONE");
    let stages = aws.items(&format!("/v2/apis/{api}/stages")).await;
    assert_eq!(stages[0]["routeSettings"], json!({"GET /restore": {"throttlingRateLimit": 5}}));

    let second = template(EC_KEY, &body(&["/restore", "/new"]));
    assert_eq!(aws.deploy("UpdateStack", "good", &second).await, "UPDATE_COMPLETE");
    assert_eq!(aws.routes(api).await, ["GET /new", "GET /restore"]);

    let without_route = template(EC_KEY, &body(&["/other", "/new"]));
    assert_eq!(aws.deploy("UpdateStack", "good", &without_route).await, "UPDATE_ROLLBACK_COMPLETE");
    let events = aws.cloudformation("DescribeStackEvents", "good", &[]).await;
    assert!(
        events.contains("Unable to find Route by key GET /restore within the provided RouteSettings"),
        "{events}"
    );
    assert_eq!(aws.routes(api).await, ["GET /new", "GET /restore"]);

    // Changes the last digits of the point, which gives another key of the same type.
    let other_key = template(&EC_KEY.replace("79R9Q", "79R9A"), &body(&["/restore"]));
    assert_eq!(aws.deploy("UpdateStack", "good", &other_key).await, "UPDATE_ROLLBACK_COMPLETE");
    let events = aws.cloudformation("DescribeStackEvents", "good", &[]).await;
    assert!(events.contains("CannotChangeImmutablePublicKeyFields"), "{events}");
    let mut no_integration = body(&["/restore"]);
    no_integration["paths"]["/broken"] = json!({"get": {}});
    let broken = template(EC_KEY, &no_integration);
    assert_eq!(aws.deploy("UpdateStack", "good", &broken).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(aws.routes(api).await, ["GET /new", "GET /restore"]);

    stop(emulator).await;
}

#[tokio::test]
async fn kept_state_survives_a_crash() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let emulator = start(&directory, Data::Kept).await;
    let stack = template(EC_KEY, &body(&["/restore"]));
    assert_eq!(Aws::new(&emulator).deploy("CreateStack", "good", &stack).await, "CREATE_COMPLETE");
    let left_behind = Pid::from_raw(emulator.service().pid().cast_signed()).unwrap();
    std::mem::forget(emulator);
    drop(directory);

    let directory = StateDirectory::open(root.path()).unwrap();
    assert_eq!(clean_up(&directory).await.unwrap(), ["emulator"]);
    assert_gone(left_behind).await;
    let emulator = start(&directory, Data::Kept).await;
    let outputs = Aws::new(&emulator).cloudformation("DescribeStacks", "good", &[]).await;
    assert!(outputs.contains("CREATE_COMPLETE"), "{outputs}");
    stop(emulator).await;

    let emulator = start(&directory, Data::Fresh).await;
    let outputs = Aws::new(&emulator).cloudformation("DescribeStacks", "good", &[]).await;
    assert!(outputs.contains("does not exist"), "{outputs}");
    stop(emulator).await;
}

#[tokio::test]
async fn log_events_come_in_pages_none_of_them_twice() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);
    aws.logs("CreateLogGroup", json!({ "logGroupName": "g" })).await;
    // More events with the same time than fit on a page, in two streams.
    for (stream, times) in [("a", [1, 5, 5, 5, 6]), ("b", [2, 5, 5, 7, 8])] {
        let named = json!({ "logGroupName": "g", "logStreamName": stream });
        aws.logs("CreateLogStream", named.clone()).await;
        let event = |(index, time)| json!({ "timestamp": time, "message": format!("{stream}{index}") });
        let mut put = named;
        put["logEvents"] = times.into_iter().enumerate().map(event).collect();
        aws.logs("PutLogEvents", put).await;
    }
    let (mut read, mut token) = (Vec::new(), Value::Null);
    loop {
        let request = json!({ "logGroupName": "g", "startTime": 2, "limit": 2, "nextToken": token });
        let page = aws.logs("FilterLogEvents", request).await;
        let events = page["events"].as_array().unwrap();
        assert!(events.len() <= 2, "{page}");
        read.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(read, ["b0", "a1", "a2", "a3", "b1", "b2", "a4", "b3", "b4"]);
    stop(emulator).await;
}

#[tokio::test]
async fn log_stream_keeps_only_its_newest_events() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);
    let named = json!({ "logGroupName": "g", "logStreamName": "s" });
    aws.logs("CreateLogGroup", json!({ "logGroupName": "g" })).await;
    aws.logs("CreateLogStream", named.clone()).await;
    for start in [0, 10_000, 20_000] {
        let event = |time| json!({ "timestamp": time, "message": "m" });
        let mut put = named.clone();
        put["logEvents"] = (start..start + 10_000).map(event).collect();
        aws.logs("PutLogEvents", put).await;
    }
    let oldest = aws.logs("FilterLogEvents", json!({ "logGroupName": "g", "limit": 1 })).await;
    assert_eq!(oldest["events"][0]["timestamp"], 10_000);
    let newest = aws.logs("FilterLogEvents", json!({ "logGroupName": "g", "startTime": 29_999 })).await;
    assert_eq!(newest["events"][0]["timestamp"], 29_999);
    stop(emulator).await;
}
