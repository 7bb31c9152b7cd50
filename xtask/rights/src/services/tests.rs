//! What operations need.

use http::{Method, Request};

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/a";

fn call_of(
    service: Service,
    method: &Method,
    uri: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Vec<String>, String> {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let parts = request.body(()).unwrap().into_parts().0;
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let policies = serde_json::json!({
        "roles": {},
        "buckets": {},
        "queues": {},
        "change_sets": { "arn:aws:cloudformation:a:changeSet/b/c": "of-a-change-set" },
        "parameter_keys": { "/encrypted": KEY },
        "queue_keys": { "encrypted": KEY },
    });
    let policies = Policies::new(&serde_json::from_value(policies).unwrap());
    let call = Call {
        service,
        region: "us-east-1",
        parts: &parts,
        query,
        policies: &policies,
        body: body.as_bytes(),
    };
    let required = call.required().map_err(|unknown| unknown.to_string())?;
    Ok(required.into_iter().map(|access| format!("{} {}", access.action, access.resource)).collect())
}

fn s3(method: &Method, uri: &str) -> Vec<String> {
    call_of(Service::S3, method, uri, &[], "").unwrap()
}

fn json(service: Service, target: &str, body: &serde_json::Value) -> Result<Vec<String>, String> {
    call_of(service, &Method::POST, "/", &[("x-amz-target", target)], &body.to_string())
}

fn form(service: Service, body: &str) -> Result<Vec<String>, String> {
    call_of(service, &Method::POST, "/", &[], body)
}

#[test]
fn objects_and_their_versions_are_different_rights() {
    assert_eq!(s3(&Method::GET, "/bucket/a%20b/c"), ["s3:GetObject arn:aws:s3:::bucket/a b/c"]);
    assert_eq!(s3(&Method::HEAD, "/bucket/key?versionId=1"), ["s3:GetObjectVersion arn:aws:s3:::bucket/key"]);
    assert_eq!(
        s3(&Method::DELETE, "/bucket/key?versionId=1"),
        ["s3:DeleteObjectVersion arn:aws:s3:::bucket/key"]
    );
    assert_eq!(s3(&Method::PUT, "/bucket/key?x-id=PutObject"), ["s3:PutObject arn:aws:s3:::bucket/key"]);
    assert_eq!(
        s3(&Method::DELETE, "/bucket/key?uploadId=1"),
        ["s3:AbortMultipartUpload arn:aws:s3:::bucket/key"]
    );
    // Parameters of a response, and of a presigned URL, change no operation.
    let presigned =
        "/bucket/key?response-content-disposition=inline&X-Amz-Signature=1&x-amz-checksum-mode=ENABLED";
    assert_eq!(s3(&Method::GET, presigned), ["s3:GetObject arn:aws:s3:::bucket/key"]);
}

#[test]
fn plus_in_a_path_is_a_space() {
    assert_eq!(s3(&Method::GET, "/bucket/a+b"), s3(&Method::GET, "/bucket/a%20b"));
    assert_eq!(s3(&Method::GET, "/bucket/a%2Bb"), ["s3:GetObject arn:aws:s3:::bucket/a+b"]);
}

#[test]
fn buckets_have_an_action_for_each_setting() {
    assert_eq!(s3(&Method::GET, "/"), ["s3:ListAllMyBuckets *"]);
    assert_eq!(s3(&Method::GET, "/bucket?list-type=2&prefix=a"), ["s3:ListBucket arn:aws:s3:::bucket"]);
    assert_eq!(s3(&Method::GET, "/bucket/?versions"), ["s3:ListBucketVersions arn:aws:s3:::bucket"]);
    assert_eq!(
        s3(&Method::PUT, "/bucket?publicAccessBlock"),
        ["s3:PutBucketPublicAccessBlock arn:aws:s3:::bucket"]
    );
    assert_eq!(s3(&Method::DELETE, "/bucket?policy"), ["s3:DeleteBucketPolicy arn:aws:s3:::bucket"]);
    let unknown = call_of(Service::S3, &Method::GET, "/bucket?inventory", &[], "").unwrap_err();
    assert_eq!(unknown, "the local stack does not know which permissions GET bucket?inventory of s3 needs");
}

#[test]
fn copy_reads_its_source() {
    let headers = [("x-amz-copy-source", "/other/a%20b?versionId=1")];
    let required = call_of(Service::S3, &Method::PUT, "/bucket/key", &headers, "").unwrap();
    assert_eq!(
        required,
        ["s3:PutObject arn:aws:s3:::bucket/key", "s3:GetObjectVersion arn:aws:s3:::other/a b"]
    );
}

#[test]
fn each_deleted_object_needs_a_right() {
    let body = "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key><VersionId>1</VersionId></Object></Delete>";
    let required = call_of(Service::S3, &Method::POST, "/bucket?delete", &[], body).unwrap();
    assert_eq!(
        required,
        ["s3:DeleteObject arn:aws:s3:::bucket/a&b", "s3:DeleteObjectVersion arn:aws:s3:::bucket/c"]
    );
}

#[test]
fn batches_of_messages_need_the_right_for_one() {
    let body = serde_json::json!({ "QueueUrl": "http://127.0.0.1:4566/000000000000/queue" });
    let required = json(Service::Sqs, "AmazonSQS.DeleteMessageBatch", &body).unwrap();
    assert_eq!(required, ["sqs:DeleteMessage arn:aws:sqs:us-east-1:000000000000:queue"]);
}

#[test]
fn transaction_needs_a_right_for_each_part() {
    let body = serde_json::json!({ "TransactItems": [
        { "Put": { "TableName": "a" } },
        { "Delete": { "TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/b" } },
    ] });
    let required = json(Service::DynamoDb, "DynamoDB_20120810.TransactWriteItems", &body).unwrap();
    assert_eq!(
        required,
        [
            "dynamodb:PutItem arn:aws:dynamodb:us-east-1:000000000000:table/a",
            "dynamodb:DeleteItem arn:aws:dynamodb:us-east-1:000000000000:table/b",
        ]
    );
}

#[test]
fn index_is_a_resource_of_its_own() {
    let body = serde_json::json!({ "TableName": "a", "IndexName": "i" });
    let required = json(Service::DynamoDb, "DynamoDB_20120810.Query", &body).unwrap();
    assert_eq!(required, ["dynamodb:Query arn:aws:dynamodb:us-east-1:000000000000:table/a/index/i"]);
}

#[test]
fn parameters_are_named_with_one_slash() {
    let body = serde_json::json!({ "Names": ["/local/a", "b:3"] });
    let required = json(Service::Ssm, "AmazonSSM.GetParameters", &body).unwrap();
    assert_eq!(
        required,
        [
            "ssm:GetParameters arn:aws:ssm:us-east-1:000000000000:parameter/local/a",
            "ssm:GetParameters arn:aws:ssm:us-east-1:000000000000:parameter/b",
        ]
    );
}

#[test]
fn template_is_read_in_the_name_of_the_caller() {
    let body =
        "Action=CreateChangeSet&StackName=a-stack&TemplateURL=http%3A%2F%2F127.0.0.1%3A4566%2Fbucket%2Fkey";
    let required = form(Service::CloudFormation, body).unwrap();
    assert_eq!(
        required,
        [
            "cloudformation:CreateChangeSet arn:aws:cloudformation:us-east-1:000000000000:stack/a-stack/id",
            "s3:GetObject arn:aws:s3:::bucket/key",
        ]
    );
}

#[test]
fn resources_in_paths_are_named() {
    let get = |service, path: &str| call_of(service, &Method::GET, path, &[], "").unwrap();
    let distribution = get(Service::CloudFront, "/2020-05-31/distribution/E1");
    assert_eq!(distribution, ["cloudfront:GetDistribution arn:aws:cloudfront::000000000000:distribution/E1"]);
    assert_eq!(get(Service::CloudFront, "/2020-05-31/key-group/1"), ["cloudfront:GetKeyGroup *"]);
    let function =
        get(Service::Lambda, "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Aapi");
    assert_eq!(function, ["lambda:GetFunction arn:aws:lambda:us-east-1:000000000000:function:api"]);
    let routes = get(Service::ApiGateway, "/v2/apis/1/routes");
    assert_eq!(routes, ["apigateway:GET arn:aws:apigateway:us-east-1::/apis/1/routes"]);
}

#[test]
fn traces_belong_to_the_account() {
    let post = |path: &str| call_of(Service::XRay, &Method::POST, path, &[], "").unwrap();
    assert_eq!(post("/TraceSegments"), ["xray:PutTraceSegments *"]);
    assert_eq!(post("/TelemetryRecords"), ["xray:PutTelemetryRecords *"]);
    assert_eq!(post("/TraceSummaries"), ["xray:GetTraceSummaries *"]);
    assert_eq!(post("/Traces"), ["xray:BatchGetTraces *"]);
}

#[test]
fn everyone_may_ask_who_they_are() {
    assert!(form(Service::Sts, "Action=GetCallerIdentity").unwrap().is_empty());
}

#[test]
fn unknown_operations_are_refused_by_name() {
    let unknown = form(Service::Sts, "Action=AssumeRole").unwrap_err();
    assert_eq!(unknown, "the local stack does not know which permissions AssumeRole of sts needs");
    for service in Service::ALL.into_iter().filter(|service| *service != Service::S3) {
        let unknown = json(service, "Service.MakeCoffee", &serde_json::json!({}));
        let is_by_path =
            matches!(service, Service::ApiGateway | Service::CloudFront | Service::Lambda | Service::XRay);
        let expected = if is_by_path { "POST /" } else { "MakeCoffee" };
        assert!(unknown.unwrap_err().contains(expected), "{service:?}");
    }
}

#[test]
fn change_set_is_named_by_its_stack() {
    let body = "Action=DescribeChangeSet&ChangeSetName=arn%3Aaws%3Acloudformation%3Aa%3AchangeSet%2Fb%2Fc";
    let required = form(Service::CloudFormation, body).unwrap();
    let stack = "arn:aws:cloudformation:us-east-1:000000000000:stack/of-a-change-set/id";
    assert_eq!(required, [format!("cloudformation:DescribeChangeSet {stack}")]);
}

#[test]
fn encrypted_parameter_needs_the_use_of_its_key() {
    let get = |name: &str, decrypt: bool| {
        let body = serde_json::json!({ "Name": name, "WithDecryption": decrypt });
        json(Service::Ssm, "AmazonSSM.GetParameter", &body).unwrap()
    };
    let read = "ssm:GetParameter arn:aws:ssm:us-east-1:000000000000:parameter/encrypted".to_owned();
    assert_eq!(get("/encrypted", true), [read.clone(), format!("kms:Decrypt {KEY}")]);
    assert_eq!(get("/encrypted", false), [read]);
    assert_eq!(get("/other", true).len(), 1);
}

#[test]
fn message_of_an_encrypted_queue_needs_the_use_of_its_key() {
    let call = |operation: &str| {
        let body = serde_json::json!({ "QueueUrl": "http://localhost/000000000000/encrypted" });
        let required = json(Service::Sqs, &format!("AmazonSQS.{operation}"), &body).unwrap();
        required.into_iter().skip(1).collect::<Vec<_>>()
    };
    assert_eq!(
        call("SendMessageBatch"),
        [format!("kms:Decrypt {KEY}"), format!("kms:GenerateDataKey {KEY}")]
    );
    assert_eq!(call("ReceiveMessage"), [format!("kms:Decrypt {KEY}")]);
    assert_eq!(call("DeleteMessage"), [""; 0]);
}
