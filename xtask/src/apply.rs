//! Bringing a stack to a template: change set, review, execution.

mod change_set;
mod execution;
mod source;

use anyhow::Result;
use aws_sdk_cloudformation::Client;
use stack::Environment;

pub(crate) use self::change_set::status_of as stack_status;
use self::change_set::{ChangeSet, Proposal};
use crate::aws::Connection;
use crate::consent::{Consent, agree};
use crate::outputs::Outputs;
use crate::terminal;

/// Bring an environment's stack to this template, and return its outputs.
pub(crate) async fn apply(
    environment: &Environment,
    connection: &Connection,
    template: &serde_json::Value,
    consent: Consent,
) -> Result<Outputs> {
    let stack_name = stack::stack_name(environment);
    let client = Client::new(&connection.configuration);
    let step = terminal::Step::begin("change set");
    let body = source::template_source(environment, connection, template).await?;
    match ChangeSet::propose(&client, &stack_name, body).await? {
        Proposal::NoChanges => {
            step.done("no changes: the stack is as the source says");
        }
        Proposal::Changes(change_set) => {
            step.done(change_set.summary());
            if consent != Consent::Implied {
                change_set.show();
            }
            if let Err(refusal) = agree(consent, &format!("Make these changes to {stack_name}?")) {
                change_set.discard(&client).await;
                return Err(refusal);
            }
            execution::execute(&client, &change_set).await?;
        }
    }
    Outputs::read(&client, &stack_name).await
}
