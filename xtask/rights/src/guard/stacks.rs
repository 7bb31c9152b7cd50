//! The callers of CloudFormation, by stack. CloudFormation acts with the permissions of its caller:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html>

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cloudformation_rules::ProviderSchemas;
use serde_json::Value as Json;

use super::Guard;
use crate::access::Access;
use crate::denial::Denial;
use crate::handlers::{Operation, ResourceChange};
use crate::identity::Principal;
use crate::policies::Policies;
use crate::services::Call;

/// Operations after which CloudFormation changes resources.
const CHANGES: [&str; 7] = [
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateStack",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:UpdateStack",
    "cloudformation:CancelUpdateStack",
];

/// Operations that read resources.
const READS: [&str; 2] = ["cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift"];

/// The callers that last changed each stack and last read its resources, by the name of the stack.
#[derive(Debug, Default)]
pub(super) struct StackCallers {
    changing: Callers,
    reading: Callers,
}

#[derive(Debug, Default)]
struct Callers(Mutex<HashMap<String, Principal>>);

impl StackCallers {
    /// Records the sender of a request after which CloudFormation changes or reads resources.
    pub(super) fn remember(&self, required: &[Access], principal: &Principal) {
        self.changing.remember(&CHANGES, required, principal);
        self.reading.remember(&READS, required, principal);
    }

    fn of(&self, change: &ResourceChange) -> Option<Principal> {
        match change.operation {
            Operation::Read => self.reading.of(&change.stack),
            Operation::Create | Operation::Update | Operation::Delete => self.changing.of(&change.stack),
        }
    }
}

impl Callers {
    fn remember(&self, operations: &[&str], required: &[Access], principal: &Principal) {
        let operation = required.iter().find(|access| operations.contains(&access.action.as_str()));
        // The ARN of a stack is `…:stack/NAME/ID`.
        let Some(name) = operation.and_then(|access| access.resource.split('/').nth(1)) else { return };
        // Each change leaves the map consistent, so a panic in another thread does not matter.
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        callers.insert(name.to_owned(), principal.clone());
    }

    fn of(&self, stack: &str) -> Option<Principal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(stack).cloned()
    }
}

/// Returns why the caller of CloudFormation may not change a resource.
pub(super) fn refusal(guard: &Guard, body: &[u8]) -> Option<String> {
    let change: ResourceChange = match serde_json::from_slice(body) {
        Ok(change) => change,
        Err(error) => return Some(format!("the guard cannot read the question: {error}")),
    };
    let Some(principal) = guard.stacks.of(&change) else {
        return Some(format!("no request for the stack {} was received", change.stack));
    };
    let required = match change.required(&guard.schemas) {
        Ok(required) => required,
        Err(error) => return Some(error.to_string()),
    };
    // Only operators call CloudFormation, and their policies are not in the emulator.
    let policies = Policies::default();
    required.iter().find_map(|access| guard.decide(&policies, Some(&principal), access).err()).map(
        |refusal| {
            let ResourceChange { stack, logical_id, operation, .. } = &change;
            tracing::warn!(target: machine::ACTIVITY, "refused to {operation:?} {logical_id} of {stack}: {refusal}");
            refusal.to_string()
        },
    )
}

/// Returns the permissions for the resource itself. Cloud Control also acts with the permissions of its caller:
/// <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/security-iam.html>.
pub(super) fn controlled(schemas: &ProviderSchemas, call: &Call<'_>) -> Result<Vec<Access>, Denial> {
    let parameters: Json = serde_json::from_slice(call.body).unwrap_or_default();
    let operations: &[Operation] = match call.operation().as_str() {
        "GetResource" | "ListResources" => &[Operation::Read],
        "UpdateResource" => &[Operation::Read, Operation::Update],
        _ => &[],
    };
    let mut required = Vec::new();
    for operation in operations {
        let mut change = ResourceChange::controlled(&parameters, *operation, call.region);
        if let Some(function) = change.identifier.as_deref().and_then(|id| call.policies.function_of(id)) {
            change.properties["FunctionName"] = function.into();
        }
        let needed = change.required(schemas).map_err(|error| Denial::Unavailable(error.to_string()))?;
        required.extend(needed);
    }
    Ok(required)
}
