//! What the emulator and the tools of this machine ask the guard.
//!
//! The emulator waits for the response, so the guard must not send it a request meanwhile.

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::Incoming;
use serde_json::{Value as Json, json};

use super::change_sets::Verdict;
use super::{Guard, stacks};

/// The address of all rights and their uses, as a [`RightsReport`](crate::RightsReport).
pub const RIGHTS_PATH: &str = "/_local/rights";

/// The largest question: a template is at most 1 MB, and the deployed one comes with it.
const LIMIT: usize = 8 * 1024 * 1024;

/// A question, by its address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// Would AWS reject this change set?
    ChangeSet,
    /// May the caller of CloudFormation change this resource?
    ResourceChange,
    /// Which rights are there, and which were used?
    Rights,
}

impl Question {
    /// Returns the question at an address; none if it is a request to AWS.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/_local/change-set" => Some(Self::ChangeSet),
            "/_local/resource-change" => Some(Self::ResourceChange),
            RIGHTS_PATH => Some(Self::Rights),
            _ => None,
        }
    }

    /// Returns the response, which contains the answer as JSON.
    pub(super) async fn respond(self, guard: &Guard, body: Incoming) -> Response<Bytes> {
        // A body that cannot be read is replaced by an empty one, which is rejected where a question needs a body.
        let question = Limited::new(body, LIMIT).collect().await.map(Collected::to_bytes).unwrap_or_default();
        Response::new(self.judge(guard, &question).to_string().into())
    }

    fn judge(self, guard: &Guard, question: &[u8]) -> Json {
        match self {
            Self::ChangeSet => {
                let verdict = Verdict::of(&guard.schemas, question);
                json!(verdict.unwrap_or_else(|error| Verdict::unavailable(&error)))
            }
            Self::ResourceChange => {
                guard.deployed.may_change();
                guard.changes.send_replace(());
                json!({ "refusal": stacks::refusal(guard, question) })
            }
            Self::Rights => json!(guard.rights()),
        }
    }
}
