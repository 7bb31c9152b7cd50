//! Every route, with every way in which a request to it can be wrong.
//!
//! The requests are made from `ROUTES`, and the snapshot contains a row for each: a new route without its row, or a new
//! parameter without its columns, fails this test until someone has reviewed the responses.

use std::fmt::Write as _;

use openapi::{Access, Method, ParameterKind, ROUTES, Route};
use serde_json::{Value, json};

use crate::client::Client;
use crate::function::{ApiFunction, claims, event};

/// Returns a value of a parameter that is valid in the demo dataset.
async fn good_value(client: &Client, kind: ParameterKind, name: &str) -> String {
    match (kind, name) {
        (ParameterKind::NodeId, "dataset_id") => client.stack.dataset_id.clone(),
        (ParameterKind::NodeId, "package_id") => client.stack.packages.viewer.clone(),
        (ParameterKind::NodeId, other) => panic!("which node id is `{other}`?"),
        (ParameterKind::AssetPath, _) => client.stack.assets.thumbnail.clone(),
        (ParameterKind::Url, _) => client.presign(&client.stack.assets.thumbnail).await,
        (ParameterKind::OneOf(words), _) => words[0].to_owned(),
        (ParameterKind::Redirect, _) => "true".to_owned(),
    }
}

/// Returns an invalid value of a parameter; none where every value is valid.
fn malformed_value(kind: ParameterKind) -> Option<String> {
    match kind {
        ParameterKind::NodeId => Some("N".repeat(256)),
        ParameterKind::AssetPath => Some("a/../b".to_owned()),
        ParameterKind::Url => Some("https://evil.example/object".to_owned()),
        ParameterKind::OneOf(_) => Some("neither".to_owned()),
        ParameterKind::Redirect => None,
    }
}

/// A method that no path has.
const OTHER_METHOD: &str = "PATCH";

/// Returns invalid claims.
async fn invalid_claims(required_role: u8) -> [(&'static str, Value); 7] {
    let good = claims(5).await;
    let with = |pointer: &str, value: Value| {
        let mut claims = good.clone();
        *claims.pointer_mut(pointer).unwrap() = value;
        claims
    };
    [
        ("no claims", Value::Null),
        ("null claims", json!({ "user_claim": null, "org_claim": null, "dataset_claim": null })),
        ("claims of a wrong type", json!({ "user_claim": 1, "org_claim": [], "dataset_claim": "x" })),
        ("a number as text", with("/org_claim/IntId", json!("367"))),
        ("another dataset", with("/dataset_claim/NodeId", json!("N:dataset:other"))),
        ("a role too low", claims(required_role.saturating_sub(1)).await),
        ("a role as a float", with("/dataset_claim/Role", json!(5.0))),
    ]
}

struct RouteRequests<'a> {
    function: &'a ApiFunction,
    route: &'a Route,
    parameters: Vec<(&'static str, String)>,
    claims: Value,
}

impl RouteRequests<'_> {
    async fn status(&self, method: &str, parameters: &[(&str, &str)], claims: &Value) -> u16 {
        let mut event = event(method, self.route.path, parameters, claims);
        if self.route.method == Method::Post {
            event["body"] = json!(r#"{"nodeIds":[]}"#);
        }
        let response = self.function.respond(&event).await;
        let error: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let is_error = response.status >= 400;
        assert_eq!(is_error, error["message"].is_string() && error["errorId"] == "request-1", "{response:?}");
        assert_eq!(response.headers["access-control-allow-origin"], "*");
        response.status
    }

    async fn send(&self, method: &str, claims: &Value) -> u16 {
        let parameters: Vec<_> =
            self.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.status(method, &parameters, claims).await
    }

    /// Sends a request with other values for one parameter, and returns its status.
    async fn with(&self, name: &str, values: &[&str]) -> u16 {
        let mut parameters: Vec<_> = self
            .parameters
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        parameters.extend(values.iter().map(|value| (name, *value)));
        self.status(self.route.method.name(), &parameters, &self.claims).await
    }
}

#[tokio::test]
async fn every_route_rejects_every_wrong_request() {
    let client = Client::new().await;
    let function = ApiFunction::start("coverage", &[]).await;
    let mut rows = Vec::new();
    for route in ROUTES {
        let mut parameters = Vec::new();
        for parameter in route.parameters() {
            parameters.push((parameter.name, good_value(&client, parameter.kind, parameter.name).await));
        }
        let (required_role, good_claims) = match route.access {
            Access::Public => (0, Value::Null),
            Access::Dataset(role) => (role.number(), claims(role.number()).await),
        };
        let requests = RouteRequests { function: &function, route, parameters, claims: good_claims };
        let method = route.method.name();
        let mut statuses = Vec::new();

        let good = requests.send(method, &requests.claims).await;
        assert_eq!(good, route.responses[0].status, "{method} {}", route.path);
        statuses.push(("a valid request".to_owned(), good));
        for (what, claims) in invalid_claims(required_role).await {
            let status = requests.send(method, &claims).await;
            if route.access == Access::Public {
                assert_eq!(status, good, "{method} {}: {what}", route.path);
            }
            statuses.push((what.to_owned(), status));
        }
        let other_method = requests.send(OTHER_METHOD, &requests.claims).await;
        statuses.push(("another method".to_owned(), other_method));
        statuses.push(("OPTIONS".to_owned(), requests.send("OPTIONS", &Value::Null).await));
        for (parameter, (name, value)) in route.parameters().zip(&requests.parameters) {
            let mut wrong = vec![
                ("missing", requests.with(name, &[]).await),
                ("blank", requests.with(name, &[" "]).await),
                ("empty", requests.with(name, &[""]).await),
                ("repeated", requests.with(name, &[value, value]).await),
            ];
            if let Some(malformed) = malformed_value(parameter.kind) {
                wrong.push(("malformed", requests.with(name, &[&malformed]).await));
            }
            statuses.extend(wrong.into_iter().map(|(how, status)| (format!("`{name}` {how}"), status)));
        }
        assert!(statuses.iter().all(|(_, status)| *status < 500), "{method} {}: {statuses:?}", route.path);
        rows.push((format!("{method} {}", route.path), statuses));
    }
    let mut table = String::new();
    let mut count = 0;
    for (route, statuses) in rows {
        writeln!(table, "{route}").unwrap();
        for (what, status) in statuses {
            count += 1;
            writeln!(table, "    {status}  {what}").unwrap();
        }
    }
    writeln!(table, "{count} requests").unwrap();
    insta::assert_snapshot!(table);
    assert_eq!(function.processes(), 1, "the function crashed");
    function.stop().await;
}
