//! IAM's simulation of policies, with which `doctor` checks rights before they are needed.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use std::fmt::Write as _;

use bytes::Bytes;
use chrono::Utc;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use crate::access::Access;
use crate::denial::escape;
use crate::identity::Principal;
use crate::policies::{OperatorPolicies, Policies};
use crate::query::Query;
use crate::refusal::{Reason, Refusal};

/// The operation.
pub(super) const OPERATION: &str = "SimulatePrincipalPolicy";

/// Decides whether each action on each resource in a form is allowed, without the condition keys of a request.
pub(super) fn response(operators: &OperatorPolicies, policies: &Policies, form: &Query) -> Response<Bytes> {
    let source = form.get("PolicySourceArn").unwrap_or_default();
    let principal = Principal::from_arn(source);
    let everything = [String::from("*")];
    let resources: Vec<String> = list(form, "ResourceArns").collect();
    let resources = if resources.is_empty() { &everything[..] } else { &resources };
    let mut results = String::new();
    for action in list(form, "ActionNames") {
        for resource in resources {
            let access = Access::new(action.clone(), resource.clone());
            let decision = policies.decide(operators, principal.as_ref(), &access, Utc::now());
            let missing = match (&decision, &principal) {
                (Err(_), Some(principal)) => policies.condition_keys(operators, principal, &action),
                _ => Vec::new(),
            };
            let missing: Vec<String> =
                missing.iter().map(|key| format!("<member>{}</member>", escape(key))).collect();
            let missing = missing.concat();
            // Writing to a String cannot fail.
            let _ = write!(
                results,
                "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName>\
                 <EvalDecision>{}</EvalDecision><MissingContextValues>{missing}</MissingContextValues></member>",
                escape(&action),
                escape(resource),
                word(decision.as_ref().err())
            );
        }
    }
    let body = format!(
        "<{OPERATION}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{OPERATION}Result>\
         <IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults></{OPERATION}Result>\
         <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></{OPERATION}Response>"
    );
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

fn list<'a>(form: &'a Query, name: &'a str) -> impl Iterator<Item = String> + 'a {
    (1..).map_while(move |number| form.get(&format!("{name}.member.{number}")).map(str::to_owned))
}

fn word(refusal: Option<&Refusal>) -> &'static str {
    match refusal.map(|refusal| refusal.reason) {
        None => "allowed",
        Some(Reason::ExplicitDeny(_)) => "explicitDeny",
        Some(_) => "implicitDeny",
    }
}
