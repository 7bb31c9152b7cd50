//! A client of the emulator: reads what the service did, and prepares what it finds.

use chrono::Utc;
use openapi::{ChangelogEvent, ChangelogMessage};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use stack::OutputName;
use tokio::sync::Mutex;

use crate::client::{header, http};
use crate::stack::{Stack, stack};

/// The platform's table, named as in `stack/environments/local.toml`.
const DELETE_RECORDS: &str = "local-process-jobs-table-use1";
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// All events that the jobs queue has received. A message can be received only once, but many tests look for theirs.
static CHANGELOG: Mutex<Vec<ChangelogEvent>> = Mutex::const_new(Vec::new());

/// Returns the texts of all elements of a name in XML.
pub(crate) fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split_once(&close)).map(|(text, _)| text).collect()
}

/// A request that the administrator of the stack signs.
struct SignedRequest<'a> {
    aws: &'a Aws,
    service: &'static str,
    request: RequestBuilder,
}

impl SignedRequest<'_> {
    fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    async fn send(self) -> reqwest::Result<Response> {
        let mut request = self.request.build()?;
        let signed = http::Request::builder().method(request.method()).uri(request.url().as_str());
        let (mut parts, ()) = signed.body(()).unwrap().into_parts();
        parts.headers = request.headers().clone();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let administrator = &self.aws.stack.credentials["administrator"];
        rights::sign(&mut parts, body, self.service, "us-east-1", administrator, Utc::now()).unwrap();
        *request.headers_mut() = parts.headers;
        self.aws.http.execute(request).await
    }
}

/// A client of AWS in the local stack.
pub(crate) struct Aws {
    http: reqwest::Client,
    stack: &'static Stack,
}

impl Aws {
    pub(crate) async fn new() -> Self {
        Self::for_stack(stack().await)
    }

    /// Returns a client of the emulator of a stack.
    pub(crate) fn for_stack(stack: &'static Stack) -> Self {
        Self { http: http(), stack }
    }

    fn request(&self, method: Method, service: &'static str, path: &str) -> SignedRequest<'_> {
        let request = self.http.request(method, format!("{}{path}", self.stack.aws_endpoint_url));
        SignedRequest { aws: self, service, request }
    }

    async fn call(&self, service: &'static str, target: &str, version: &str, body: Value) -> Value {
        let request = self
            .request(Method::POST, service, "/")
            .header("x-amz-target", target)
            .header("content-type", format!("application/x-amz-json-{version}"));
        let response = request.body(body.to_string()).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{target}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn object(&self, method: Method, bucket: &str, key: &str) -> SignedRequest<'_> {
        self.request(method, "s3", &format!("/{bucket}/{}", utf8_percent_encode(key, KEY)))
    }

    /// Creates a queue, a log group and a function outside of the stack, like those of an older installation.
    pub(crate) async fn create_by_hand(&self, queue: &str, log_group: &str, function: &str) {
        self.call("sqs", "AmazonSQS.CreateQueue", "1.0", json!({ "QueueName": queue })).await;
        let group = json!({ "logGroupName": log_group });
        self.call("logs", "Logs_20140328.CreateLogGroup", "1.1", group).await;
        let function = json!({
            "FunctionName": function,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": "arn:aws:iam::000000000000:role/older",
            // An empty zip.
            "Code": { "ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
        });
        let request = self.request(Method::POST, "lambda", "/2015-03-31/functions");
        let response = request.body(function.to_string()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
    }

    /// Deletes what [`Self::create_by_hand`] created.
    pub(crate) async fn delete_by_hand(&self, queue: &str, log_group: &str, function: &str) {
        let url = format!("{}/000000000000/{queue}", self.stack.aws_endpoint_url);
        self.call("sqs", "AmazonSQS.DeleteQueue", "1.0", json!({ "QueueUrl": url })).await;
        let group = json!({ "logGroupName": log_group });
        self.call("logs", "Logs_20140328.DeleteLogGroup", "1.1", group).await;
        let path = format!("/2015-03-31/functions/{function}");
        let response = self.request(Method::DELETE, "lambda", &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// Adds a route to an API without CloudFormation, and returns its ID.
    pub(crate) async fn add_route(&self, api: &str, route: &Value) -> String {
        let path = format!("/v2/apis/{api}/routes");
        let request = self.request(Method::POST, "apigateway", &path);
        let response = request.body(route.to_string()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let route: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        route["routeId"].as_str().unwrap().to_owned()
    }

    /// Deletes a route.
    pub(crate) async fn delete_route(&self, api: &str, id: &str) {
        let path = format!("/v2/apis/{api}/routes/{id}");
        let response = self.request(Method::DELETE, "apigateway", &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// Deletes a route by its key, and returns what [`add_route`](Self::add_route) adds it again with.
    pub(crate) async fn take_route(&self, api: &str, key: &str) -> Value {
        let response = self.request(Method::GET, "apigateway", &format!("/v2/apis/{api}/routes"));
        let routes: Value =
            serde_json::from_str(&response.send().await.unwrap().text().await.unwrap()).unwrap();
        let routes = routes["items"].as_array().unwrap();
        let mut route = routes.iter().find(|route| route["routeKey"] == key).unwrap().clone();
        let id = route.as_object_mut().unwrap().remove("routeId").unwrap();
        self.delete_route(api, id.as_str().unwrap()).await;
        route
    }

    /// Allows another account to invoke a function, without CloudFormation.
    pub(crate) async fn add_permission(&self, function: &str, statement: &str) {
        let permission = json!({
            "StatementId": statement,
            "Action": "lambda:InvokeFunction",
            "Principal": "210987654321",
        });
        let path = format!("/2015-03-31/functions/{function}/policy");
        let request = self.request(Method::POST, "lambda", &path);
        let response = request.body(permission.to_string()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
    }

    /// Removes a permission.
    pub(crate) async fn remove_permission(&self, function: &str, statement: &str) {
        let path = format!("/2015-03-31/functions/{function}/policy/{statement}");
        let response = self.request(Method::DELETE, "lambda", &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// Sets how long a log group keeps its events, without CloudFormation.
    pub(crate) async fn set_log_retention(&self, log_group: &str, days: u32) {
        let body = json!({ "logGroupName": log_group, "retentionInDays": days });
        self.call("logs", "Logs_20140328.PutRetentionPolicy", "1.1", body).await;
    }

    /// Deletes an alarm without CloudFormation.
    pub(crate) async fn delete_alarm(&self, name: &str) {
        let body = json!({ "AlarmNames": [name] });
        self.call("monitoring", "GraniteServiceVersion20100801.DeleteAlarms", "1.0", body).await;
    }

    /// Sets the state of an alarm: `OK` or `ALARM`.
    pub(crate) async fn set_alarm_state(&self, name: &str, state: &str) {
        let body = json!({ "AlarmName": name, "StateValue": state, "StateReason": "a test" });
        self.call("monitoring", "GraniteServiceVersion20100801.SetAlarmState", "1.0", body).await;
    }

    /// Creates an alarm without CloudFormation.
    pub(crate) async fn put_alarm(&self, name: &str) {
        let body = json!({
            "AlarmName": name,
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        });
        self.call("monitoring", "GraniteServiceVersion20100801.PutMetricAlarm", "1.0", body).await;
    }

    /// Returns the names of all queues.
    pub(crate) async fn queues(&self) -> Vec<String> {
        let response = self.call("sqs", "AmazonSQS.ListQueues", "1.0", json!({})).await;
        let urls = response["QueueUrls"].as_array().cloned().unwrap_or_default();
        urls.iter().map(|url| url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
    }

    /// Returns S3's response about a configuration of a bucket, such as `cors`.
    pub(crate) async fn bucket_configuration(&self, bucket: &str, name: &str) -> String {
        let response = self.request(Method::GET, "s3", &format!("/{bucket}?{name}")).send().await.unwrap();
        response.text().await.unwrap()
    }

    /// Writes a configuration of a bucket, or deletes it.
    pub(crate) async fn set_bucket_configuration(&self, bucket: &str, name: &str, text: Option<&str>) {
        let method = if text.is_some() { Method::PUT } else { Method::DELETE };
        let request = self.request(method, "s3", &format!("/{bucket}?{name}"));
        let response = request.body(text.unwrap_or_default().to_owned()).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    }

    /// Writes an object.
    pub(crate) async fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let request = self.object(Method::PUT, bucket, key).header("content-type", "text/plain");
        let response = request.body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{key}");
    }

    /// Returns the bytes of an object.
    pub(crate) async fn get_object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let response = self.object(Method::GET, bucket, key).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{key}");
        response.bytes().await.unwrap().to_vec()
    }

    /// Whether an object can be read, that is, has no delete marker.
    pub(crate) async fn object_is_readable(&self, bucket: &str, key: &str) -> bool {
        let response: Response = self.object(Method::HEAD, bucket, key).send().await.unwrap();
        response.status() == StatusCode::OK
    }

    /// Deletes an object of a bucket with versions; returns the version id of the delete marker.
    pub(crate) async fn delete_object(&self, bucket: &str, key: &str) -> String {
        let response = self.object(Method::DELETE, bucket, key).send().await.unwrap();
        assert_eq!(header(&response, "x-amz-delete-marker"), "true", "{key}");
        header(&response, "x-amz-version-id")
    }

    async fn delete_records(&self, action: &str, body: Value) -> Value {
        let mut body = body;
        body["TableName"] = json!(DELETE_RECORDS);
        self.call("dynamodb", &format!("DynamoDB_20120810.{action}"), "1.0", body).await
    }

    /// Writes the delete record of a file.
    pub(crate) async fn put_delete_record(&self, node_id: &str, key: &str, marker: &str, size: usize) {
        let item = json!({
            "NodeId": {"S": node_id},
            "S3Bucket": {"S": self.stack.buckets.storage},
            "S3Key": {"S": key},
            "S3ObjectVersion": {"S": marker},
            "ObjectSize": {"S": size.to_string()},
        });
        self.delete_records("PutItem", json!({ "Item": item })).await;
    }

    /// Whether there is a delete record of a file.
    pub(crate) async fn has_delete_record(&self, node_id: &str) -> bool {
        let key = json!({ "Key": {"NodeId": {"S": node_id}}, "ConsistentRead": true });
        self.delete_records("GetItem", key).await.get("Item").is_some()
    }

    /// Creates a queue; returns its URL.
    pub(crate) async fn create_queue(&self, name: &str) -> String {
        let response = self.call("sqs", "AmazonSQS.CreateQueue", "1.0", json!({ "QueueName": name })).await;
        response["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Sends a message.
    pub(crate) async fn send(&self, queue_url: &str, body: &str) {
        let message = json!({ "QueueUrl": queue_url, "MessageBody": body });
        self.call("sqs", "AmazonSQS.SendMessage", "1.0", message).await;
    }

    /// Changes an attribute of a queue without CloudFormation.
    pub(crate) async fn set_queue_attribute(&self, queue_url: &str, name: &str, value: &str) {
        let body = json!({ "QueueUrl": queue_url, "Attributes": { name: value } });
        self.call("sqs", "AmazonSQS.SetQueueAttributes", "1.0", body).await;
    }

    /// Returns how many messages a queue contains, including those being processed.
    pub(crate) async fn messages_in(&self, queue_url: &str) -> u32 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let body = json!({ "QueueUrl": queue_url, "AttributeNames": names });
        let response = self.call("sqs", "AmazonSQS.GetQueueAttributes", "1.0", body).await;
        names.iter().map(|name| response["Attributes"][name].as_str().unwrap().parse::<u32>().unwrap()).sum()
    }

    /// Whether a function has logged a line that contains a text.
    pub(crate) async fn has_logged(&self, function: OutputName, text: &str) -> bool {
        let group = format!("/aws/lambda/{}", self.output(function).await);
        let mut token = Value::Null;
        loop {
            let mut body = json!({ "logGroupName": group });
            if token.is_string() {
                body["nextToken"] = token;
            }
            let page = self.call("logs", "Logs_20140328.FilterLogEvents", "1.1", body).await;
            let events = page["events"].as_array().unwrap();
            if events.iter().any(|event| event["message"].as_str().unwrap().contains(text)) {
                return true;
            }
            token = page["nextToken"].clone();
            if token.is_null() {
                return false;
            }
        }
    }

    /// Sends the age of a queue's oldest message to CloudWatch, as SQS does.
    pub(crate) async fn set_oldest_message_age(&self, queue_url: &str, seconds: u32) {
        let name = queue_url.rsplit('/').next();
        let datum = json!({
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{ "Name": "QueueName", "Value": name }],
            "Value": seconds,
        });
        let body = json!({ "Namespace": "AWS/SQS", "MetricData": [datum] });
        self.call("monitoring", "GraniteServiceVersion20100801.PutMetricData", "1.0", body).await;
    }

    /// Returns all changelog events that the service has sent about a package.
    pub(crate) async fn changelog_of(&self, node_id: &str) -> Vec<ChangelogEvent> {
        let mut changelog = CHANGELOG.lock().await;
        loop {
            let queue = json!({ "QueueUrl": self.stack.queues.jobs, "MaxNumberOfMessages": 10 });
            let response = self.call("sqs", "AmazonSQS.ReceiveMessage", "1.0", queue).await;
            let messages = response["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let body: ChangelogMessage = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
                changelog.extend(body.job.events);
                let receipt =
                    json!({ "QueueUrl": self.stack.queues.jobs, "ReceiptHandle": message["ReceiptHandle"] });
                self.call("sqs", "AmazonSQS.DeleteMessage", "1.0", receipt).await;
            }
        }
        let about = |event: &&ChangelogEvent| event.event_detail.node_id.as_str() == node_id;
        changelog.iter().filter(about).cloned().collect()
    }

    /// Returns the parameters below a path, decrypted.
    pub(crate) async fn parameters_below(&self, path: &str) -> Vec<String> {
        let body = json!({ "Path": path, "Recursive": true, "WithDecryption": true });
        let response = self.call("ssm", "AmazonSSM.GetParametersByPath", "1.1", body).await;
        let value = |parameter: &Value| parameter["Value"].as_str().unwrap().to_owned();
        response["Parameters"].as_array().unwrap().iter().map(value).collect()
    }

    /// Deletes a parameter; returns its value.
    pub(crate) async fn take_parameter(&self, name: &str) -> String {
        let body = json!({ "Name": name });
        let response = self.call("ssm", "AmazonSSM.GetParameter", "1.1", body.clone()).await;
        self.call("ssm", "AmazonSSM.DeleteParameter", "1.1", body).await;
        response["Parameter"]["Value"].as_str().unwrap().to_owned()
    }

    /// Writes a parameter.
    pub(crate) async fn put_parameter(&self, name: &str, value: &str) {
        let body = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
        self.call("ssm", "AmazonSSM.PutParameter", "1.1", body).await;
    }

    /// Returns an output of the deployed stack.
    pub(crate) async fn output(&self, name: OutputName) -> String {
        let described = self.cloudformation("DescribeStacks").await;
        let names = elements(&described, "OutputKey").into_iter();
        let mut outputs = names.zip(elements(&described, "OutputValue"));
        let (_, value) = outputs.find(|(output, _)| *output == name.as_str()).unwrap();
        value.to_owned()
    }

    /// Returns CloudFormation's response to an action on the stack, in XML.
    pub(crate) async fn cloudformation(&self, action: &str) -> String {
        let body = format!("Action={action}&Version=2010-05-15&StackName={}", self.stack.name);
        let request = self
            .request(Method::POST, "cloudformation", "/")
            .header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{action}: {text}");
        text
    }
}
