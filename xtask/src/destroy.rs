//! `cargo xtask destroy`: delete an environment's stack.

use anyhow::{Result, bail};
use aws_sdk_cloudformation::Client;
use clap::Args;
use stack::{DeployedTemplate, Environment, OutputName, key_parameters};

use crate::apply::{Detail, PhaseCell};
use crate::artifact_bucket::ArtifactBucket;
use crate::consent::{Consent, agree};
use crate::deploy::delete_stack;
use crate::deployed_stack::{Condition, DeployedStack};
use crate::environment::EnvironmentArgument;
use crate::lock::Lock;
use crate::{Outcome, aws, process, terminal};

/// Options of `destroy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Do not ask before the stack is deleted.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    if environment.protected {
        bail!(
            "environment {0} is protected; whoever really means it sets `protected = false` in \
             stack/environments/{0}.toml first",
            environment.name
        );
    }
    let connection = aws::connect(&environment).await?;
    let client = Client::new(&connection.configuration);
    let name = stack::stack_name(&environment);
    let Some(stack) = DeployedStack::find(&client, &name).await? else {
        terminal::say(format!("  there is no stack {name} in account {}", connection.account));
        return Ok(Outcome::Done);
    };
    let template = stack.template(&client).await?;
    connection.announce(&environment);
    terminal::say(format!("\n{}", announcement(&environment, &connection.account, &stack, &template)));
    agree(Consent::of(arguments.yes), &format!("Delete {name}?")).await?;

    let bucket = ArtifactBucket::new(&environment, &connection);
    let lock = Lock::acquire(&bucket, &environment, &connection, "destroy").await?;
    let phase = PhaseCell::default();
    let deletion = async {
        // Nobody has answered for a while, in which much may have happened.
        let stack = DeployedStack::get(&client, &name).await?;
        if stack.condition == Condition::Changing {
            bail!("{name} is being changed right now ({}); wait for the end of it", stack.status);
        }
        if stack.template(&client).await?.as_value() != template.as_value() {
            bail!("{name} was deployed meanwhile; nothing was deleted, look at it again");
        }
        delete_stack(&client, &stack, &name, Detail::Resources, &phase).await
    };
    let ending = tokio::select! {
        ending = deletion => Some(ending),
        interrupted = process::interrupted() => interrupted.map(|()| None)?,
    };
    lock.release().await;
    if let Some(ending) = ending {
        return ending.map(|()| Outcome::Done);
    }
    terminal::say(phase.get().interruption(&environment));
    Ok(Outcome::Code(130))
}

/// What goes, what is lost with it, and what stays.
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
        "  {} in account {account}: {} resources are deleted",
        stack::stack_name(environment),
        resources.values().filter(|resource| !is_retained(resource)).count()
    )];
    for (id, resource) in resources {
        let kind = resource["Type"].as_str().unwrap_or_default();
        if is_retained(resource) {
            let bucket = stack.outputs.get(OutputName::AssetsBucketName).ok();
            let name = bucket.filter(|_| kind == "AWS::S3::Bucket").unwrap_or(id);
            lines.push(format!("    stays:  {name} ({kind}); the next deployment takes it back"));
        } else if stack::holds_data(kind) {
            lines.push(format!("    lost:   {id} ({kind}), with all that is in it"));
        }
    }
    lines.push(format!(
        "    stays:  the signing keys below {}, and the releases in {}",
        key_parameters(environment),
        environment.artifact_bucket
    ));
    lines.join("\n")
}
