//! Deletes an environment's stack.

use anyhow::{Result, bail};
use aws_sdk_cloudformation::Client;
use stack::{DeployedTemplate, Environment, OutputName, key_parameters};

use crate::apply::{Detail, PhaseCell, Reporter};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::Consent;
use crate::deployed_stack::{Condition, DeployedStack};
use crate::deployment::delete_stack;
use crate::lock::LockGuard;

/// The deletion of an environment's stack.
pub struct Destruction<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    lock: LockGuard<'a>,
    phase: PhaseCell,
}

impl<'a> Destruction<'a> {
    /// Prepares a deletion without reading anything.
    pub fn new(environment: &'a Environment, connection: &'a Connection) -> Self {
        let bucket = ArtifactBucket::new(environment, connection);
        let lock = LockGuard::new(environment, connection, &bucket, "destroy");
        Self { environment, connection, lock, phase: PhaseCell::default() }
    }

    /// Deletes the stack after confirmation, and waits until it is deleted.
    pub async fn run(&self, consent: Consent) -> Result<()> {
        let Self { environment, connection, .. } = *self;
        let operator = &*connection.operator;
        if environment.protected {
            bail!(
                "environment {0} is protected; to delete its stack, first set `protected = false` in \
                 stack/environments/{0}.toml",
                environment.name
            );
        }
        let client = connection.cloudformation();
        let name = stack::stack_name(environment);
        let Some(stack) = DeployedStack::find(&client, &name).await? else {
            operator.note(&format!("  there is no stack {name} in account {}", connection.account));
            return Ok(());
        };
        let template = stack.template(&client).await?;
        connection.announce(environment);
        // If another process holds the lock, fail before the prompt.
        self.lock.acquire().await?;
        operator.note(&format!("\n{}", announcement(environment, &connection.account, &stack, &template)));
        let deleted = async {
            self.lock.require_confirmation(consent, &format!("Delete {name}?")).await?;
            self.delete(&client, &name, &template).await
        };
        let deleted = deleted.await;
        self.lock.release().await;
        deleted
    }

    /// Ends a deletion after its future was dropped.
    ///
    /// Returns a message that describes the state in which the environment was left.
    pub async fn interrupt(&self) -> String {
        self.lock.release().await;
        self.phase.get().interruption(self.environment)
    }

    async fn delete(&self, client: &Client, name: &str, confirmed: &DeployedTemplate) -> Result<()> {
        // Much may have happened during the confirmation, so the stack is read again.
        let stack = DeployedStack::get(client, self.environment).await?;
        if stack.condition == Condition::Changing {
            bail!("{name} is being changed ({}); wait until it has finished", stack.status);
        }
        if stack.template(client).await?.as_value() != confirmed.as_value() {
            bail!("{name} was deployed in the meantime; nothing was deleted; run the command again");
        }
        let reporter = Reporter {
            environment: self.environment.name.as_str(),
            operator: &*self.connection.operator,
            detail: Detail::Resources,
        };
        delete_stack(client, &stack, name, reporter, &self.phase).await
    }
}

/// Describes what is deleted, what data is lost, and what is kept.
fn announcement(
    environment: &Environment,
    account: &str,
    stack: &DeployedStack,
    template: &DeployedTemplate,
) -> String {
    let empty = serde_json::Map::new();
    let resources = template.as_value()["Resources"].as_object().unwrap_or(&empty);
    let is_retained = |resource: &serde_json::Value| {
        matches!(resource["DeletionPolicy"].as_str(), Some("Retain" | "RetainExceptOnCreate"))
    };
    let mut lines = vec![format!(
        "  {} in account {account}: {} resources would be deleted",
        stack::stack_name(environment),
        resources.values().filter(|resource| !is_retained(resource)).count()
    )];
    for (id, resource) in resources {
        let kind = resource["Type"].as_str().unwrap_or_default();
        if is_retained(resource) {
            let bucket = stack.outputs.get(OutputName::AssetsBucketName).ok();
            let name = bucket.filter(|_| kind == "AWS::S3::Bucket").unwrap_or(id);
            lines.push(format!("    stays:  {name} ({kind}); the next deployment imports it"));
        } else if stack::holds_data(kind) {
            lines.push(format!("    lost:   {id} ({kind}), including its data"));
        }
    }
    lines.push(format!(
        "    stays:  the signing keys below {}, and the releases in {}",
        key_parameters(environment),
        environment.artifact_bucket
    ));
    lines.join("\n")
}
