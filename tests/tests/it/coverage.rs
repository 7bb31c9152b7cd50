//! Every route, with everything that can be wrong with a request to it.
//!
//! The requests are made from `ROUTES`, and the snapshot holds a row for each: a route that is added without its row, or
//! a parameter without its columns, fails this test until somebody has looked at the answers.

use std::fmt::Write as _;

use openapi::{Access, Method, ParameterKind, ROUTES, Route};
use serde_json::{Value, json};

use crate::client::Client;
use crate::function::{ApiFunction, claims, event};

/// A value of a parameter that is good in the demo dataset.
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

/// A value that no request may hold; none where every value means something.
fn malformed_value(kind: ParameterKind) -> Option<String> {
    match kind {
        ParameterKind::NodeId => Some("N".repeat(256)),
        ParameterKind::AssetPath => Some("a/../b".to_owned()),
        ParameterKind::Url => Some("https://evil.example/object".to_owned()),
        ParameterKind::OneOf(_) => Some("neither".to_owned()),
        ParameterKind::Redirect => None,
    }
}

/// A method that no path takes.
const OTHER_METHOD: &str = "PATCH";

/// What the claims of a request can be instead of good ones.
async fn other_claims(required_role: u8) -> [(&'static str, Value); 7] {
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

struct Asked<'a> {
    function: &'a ApiFunction,
    route: &'a Route,
    parameters: Vec<(&'static str, String)>,
    claims: Value,
}

impl Asked<'_> {
    async fn status(&self, method: &str, parameters: &[(&str, &str)], claims: &Value) -> u16 {
        let mut event = event(method, self.route.path, parameters, claims);
        if self.route.method == Method::Post {
            event["body"] = json!(r#"{"nodeIds":[]}"#);
        }
        let answer = self.function.answer(&event).await;
        let error: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let is_error = answer.status >= 400;
        assert_eq!(is_error, error["message"].is_string() && error["errorId"] == "request-1", "{answer:?}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        answer.status
    }

    async fn as_it_is(&self, method: &str, claims: &Value) -> u16 {
        let parameters: Vec<_> =
            self.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.status(method, &parameters, claims).await
    }

    /// With one parameter given these values instead of its own.
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
async fn every_route_answers_everything_that_can_be_wrong() {
    let client = Client::new().await;
    let function = ApiFunction::start("coverage", &[]).await;
    let mut rows = Vec::new();
    for route in ROUTES {
        let mut parameters = Vec::new();
        for parameter in route.parameters {
            parameters.push((parameter.name, good_value(&client, parameter.kind, parameter.name).await));
        }
        let (required_role, good_claims) = match route.access {
            Access::Public => (0, Value::Null),
            Access::Dataset(role) => (role.number(), claims(role.number()).await),
        };
        let asked = Asked { function: &function, route, parameters, claims: good_claims };
        let method = route.method.name();
        let mut statuses = Vec::new();

        let good = asked.as_it_is(method, &asked.claims).await;
        assert_eq!(good, route.responses[0].status, "{method} {}", route.path);
        statuses.push(("as it should be".to_owned(), good));
        for (what, claims) in other_claims(required_role).await {
            let status = asked.as_it_is(method, &claims).await;
            if route.access == Access::Public {
                assert_eq!(status, good, "{method} {}: {what}", route.path);
            }
            statuses.push((what.to_owned(), status));
        }
        let other_method = asked.as_it_is(OTHER_METHOD, &asked.claims).await;
        statuses.push(("another method".to_owned(), other_method));
        statuses.push(("OPTIONS".to_owned(), asked.as_it_is("OPTIONS", &Value::Null).await));
        for (parameter, (name, value)) in route.parameters.iter().zip(&asked.parameters) {
            let mut wrong = vec![
                ("missing", asked.with(name, &[]).await),
                ("blank", asked.with(name, &[" "]).await),
                ("empty", asked.with(name, &[""]).await),
                ("repeated", asked.with(name, &[value, value]).await),
            ];
            if let Some(malformed) = malformed_value(parameter.kind) {
                wrong.push(("malformed", asked.with(name, &[&malformed]).await));
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
