//! A scripted CloudFormation for tests that records the requests it receives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Config, Region};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Detail, Reporter};
use crate::operator::testing::SilentOperator;

/// The fields of a request, including the action.
pub(crate) type Request = BTreeMap<String, String>;

/// A server that responds like CloudFormation. It stops when it is dropped.
pub(crate) struct ScriptedCloudFormation {
    pub(crate) client: Client,
    requests: Arc<Mutex<Vec<Request>>>,
    server: JoinHandle<()>,
}

/// A response to a request.
pub(crate) enum Response {
    /// The elements of the result.
    Result(String),
    /// The message of a `ValidationError`.
    Error(&'static str),
    /// The name already exists.
    AlreadyExists,
}

impl ScriptedCloudFormation {
    /// Starts a server that responds as `script` returns.
    ///
    /// The number is how many requests of that action came before.
    pub(crate) async fn start(
        script: impl Fn(&str, &Request, usize) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let handle = move |body: Bytes| async move {
            let request: Request = url::form_urlencoded::parse(&body).into_owned().collect();
            let action = request["Action"].clone();
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|earlier: &&Request| earlier["Action"] == action).count();
            let response = script(&action, &request, before);
            seen.push(request);
            match response {
                Response::Result(result) => (
                    StatusCode::OK,
                    format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
                ),
                Response::Error(message) => {
                    (StatusCode::BAD_REQUEST, error_response("ValidationError", message))
                }
                Response::AlreadyExists => {
                    (StatusCode::BAD_REQUEST, error_response("AlreadyExistsException", "it already exists"))
                }
            }
        };
        let router = Router::new().fallback(handle);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let configuration = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "a test"))
            .endpoint_url(format!("http://{address}"))
            .build();
        Self { client: Client::from_conf(configuration), requests, server }
    }

    /// Returns the requests of an action.
    pub(crate) fn requests(&self, action: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request["Action"] == action).cloned().collect()
    }
}

impl Drop for ScriptedCloudFormation {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Returns the description of a stack in this status.
pub(crate) fn stack_in(status: &str) -> Response {
    stack_with(status, "")
}

/// Returns the description of a stack in this status, with additional elements.
pub(crate) fn stack_with(status: &str, elements: &str) -> Response {
    Response::Result(format!(
        "<Stacks><member><StackId>{STACK_ID}</StackId><StackName>stack</StackName>\
         <StackStatus>{status}</StackStatus>{elements}</member></Stacks>"
    ))
}

/// Returns events for a response: logical ID, type, status, reason.
///
/// The parameters are in order of time. In the response, the newest event comes first.
pub(crate) fn events(events: &[(&str, &str, &str, &str)]) -> Response {
    let event = |(number, (id, kind, status, reason)): (usize, &(&str, &str, &str, &str))| {
        let physical_id = if *kind == "AWS::CloudFormation::Stack" { STACK_ID } else { id };
        format!(
            "<member><EventId>{number}</EventId><StackId>{STACK_ID}</StackId>\
             <LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{physical_id}</PhysicalResourceId>\
             <ResourceType>{kind}</ResourceType><Timestamp>2026-11-27T10:00:00Z</Timestamp>\
             <ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let members: Vec<String> = events.iter().enumerate().map(event).rev().collect();
    Response::Result(format!("<StackEvents>{}</StackEvents>", members.concat()))
}

/// The stack's ARN.
pub(crate) const STACK_ID: &str = "arn:aws:cloudformation:us-east-1:111111111111:stack/stack/id";

fn error_response(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

/// A reporter that discards all reports.
pub(crate) const REPORTER: Reporter<'static> =
    Reporter { environment: "dev", operator: &SilentOperator, detail: Detail::Summary };
