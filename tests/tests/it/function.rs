//! Deployed functions, invoked as Lambda does, without a gateway: a test chooses the whole event, including the claims.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lambda::control_plane::{ControlPlane, FunctionName};
use lambda::pool::{FunctionPool, InvocationOutcome, PoolSettings};
use lambda::role::Roles;
use reqwest::Url;
use serde_json::{Value, json};
use stack::OutputName;

use crate::aws::Aws;
use crate::stack::{stack, state_directory};

/// One process of a function, for one test.
pub(crate) struct FunctionProcess {
    pool: FunctionPool,
    name: FunctionName,
    log: PathBuf,
}

/// One process of the API function.
pub(crate) struct ApiFunction(FunctionProcess);

/// What it answered.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl FunctionProcess {
    /// Starts the function as it is deployed, with additional variables. Its log has the name of the test.
    pub(crate) async fn start(function: OutputName, test: &str, variables: &[(&str, &str)]) -> Self {
        let stack = stack().await;
        let aws = Aws::new().await;
        let name: FunctionName = aws.output(function).await.parse().unwrap();
        let role = match function {
            OutputName::ApiFunctionName => "api",
            OutputName::AuthorizerFunctionName => "authorizer",
            OutputName::RestoreFunctionName => "restore",
            other => panic!("{other} is no function's name"),
        };
        let credentials = stack.credentials[role].clone();
        let control_plane = ControlPlane::new(
            stack.aws_endpoint_url.parse().unwrap(),
            "us-east-1",
            stack.credentials["administrator"].clone(),
        )
        .unwrap();
        let function = control_plane.function(&name).await.unwrap();
        let directory = state_directory(test);
        let log = directory.join(format!("{name}.log"));
        // The log of an earlier run of the test.
        let _ = std::fs::remove_file(&log);
        let database = stack.database_url.parse().unwrap();
        let mut environment = lambda::surroundings(&stack.aws_endpoint_url, &stack.cdn_url, &database);
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings = PoolSettings {
            code_directory: directory.join("functions"),
            log_directory: directory,
            log_sink: None,
            trace_sink: None,
            roles: Roles::new(move |_| credentials.clone()),
            environment,
            maximum_instances: 1,
            on_spawn: Arc::new(|_| {}),
        };
        let pool = FunctionPool::new(vec![function], settings).await.unwrap();
        Self { pool, name, log }
    }

    /// Invokes it with any event.
    pub(crate) async fn invoke(&self, event: &Value) -> InvocationOutcome {
        self.pool.invoke(&self.name, event.to_string().into()).await.unwrap()
    }

    /// Returns how many processes were started.
    pub(crate) fn processes(&self) -> u64 {
        self.pool.statistics()[&self.name].cold_starts
    }

    /// Returns its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Ends its process.
    pub(crate) async fn stop(&self) {
        self.pool.stop().await;
    }
}

impl ApiFunction {
    /// Starts the function as it is deployed, with additional variables. Its log has the name of the test.
    pub(crate) async fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        Self(FunctionProcess::start(OutputName::ApiFunctionName, test, variables).await)
    }

    /// Invokes it with any event.
    pub(crate) async fn respond(&self, event: &Value) -> ApiResponse {
        let outcome = self.0.invoke(event).await;
        let InvocationOutcome::Response(payload) = outcome else {
            panic!("the function failed: {outcome:?}");
        };
        let response: Value = serde_json::from_slice(&payload).unwrap();
        let headers = response["headers"].as_object().unwrap().iter();
        ApiResponse {
            status: response["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: response["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Invokes it with any event.
    pub(crate) async fn invoke(&self, event: &Value) -> InvocationOutcome {
        self.0.invoke(event).await
    }

    /// Returns how many processes were started.
    pub(crate) fn processes(&self) -> u64 {
        self.0.processes()
    }

    /// Returns its log.
    pub(crate) fn log(&self) -> String {
        self.0.log()
    }

    /// Ends its process.
    pub(crate) async fn stop(&self) {
        self.0.stop().await;
    }
}

/// Returns an event as the gateway sends it:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
pub(crate) fn event(method: &str, path: &str, parameters: &[(&str, &str)], claims: &Value) -> Value {
    let mut url = Url::parse("http://gateway").unwrap();
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    let mut decoded: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in parameters {
        let joined = decoded.entry(name).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(value);
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": url.query().unwrap_or_default(),
        "headers": {"host": "gateway", "authorization": "Bearer not-for-logs"},
        "requestContext": {
            "accountId": "000000000000",
            "requestId": "request-1",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": false,
    });
    if !decoded.is_empty() {
        event["queryStringParameters"] = json!(decoded);
    }
    if !claims.is_null() {
        event["requestContext"]["authorizer"] = json!({ "lambda": claims });
    }
    event
}

/// Returns the claims of a user with a role in the demo dataset, as the platform's authorizer writes them.
pub(crate) async fn claims(role: u8) -> Value {
    let stack = stack().await;
    json!({
        "user_claim": {"Id": 101, "NodeId": "N:user:f3b2b6f3-b798-40e7-91ab-6bdb0ea5f5c5", "IsSuperAdmin": false},
        "org_claim": {"Role": 16, "IntId": stack.organization_id, "NodeId": "N:organization:1", "EnabledFeatures": null},
        "dataset_claim": {"Role": role, "NodeId": stack.dataset_id, "IntId": 1180},
        "team_claims": null,
    })
}
