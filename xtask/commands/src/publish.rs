//! `cargo xtask publish`: uploads a release without deploying it.

use anyhow::{Result, bail};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output, terminal};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::build::{Profile, build_operator_program, build_typescript_client};
use deploy::candidate::Candidate;
use deploy::command_for;
use deploy::keys::DeploymentKeys;
use deploy::release::{Release, ReleaseStore, SourceRevision, TemplateHash};
use deploy::{Consent, artifacts, build};

use operator::connect::connect;
use operator::terminal::Terminal;

use crate::build::profile;

/// Options of `publish`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Create the artifact bucket without asking if it does not exist.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let keys = DeploymentKeys::read(&environment, &connection, None).await?;
    if keys.has_new_key() {
        bail!(
            "environment {} has no signing key yet, which a release needs; run {} first",
            environment.name,
            command_for(&environment.name, "keys generate")
        );
    }
    let bucket = ArtifactBucket::new(&environment, &connection);
    bucket.ensure(Consent::from_yes_flag(arguments.yes), &Terminal).await?;
    let profile = profile(&environment, &connection);
    let build = async {
        let functions = build::build(profile, &Terminal).await?;
        // A development build is for the local stack, which is on the same machine as its source.
        let programs = match profile {
            Profile::Development => None,
            Profile::Release(_) => {
                Some((build_operator_program(&Terminal).await?, build_typescript_client(&Terminal).await?))
            }
        };
        Ok((functions, programs))
    };
    let ((functions, programs), source) = SourceRevision::unchanged_during(build).await?;
    source.ensure_checked_out().await?;
    artifacts::upload(&bucket, &environment, &functions, &Terminal).await?;
    let (mut program, mut client) = (None, None);
    if let Some((built_program, built_client)) = &programs {
        let upload = artifacts::upload_operator_program(&bucket, &environment, built_program, &Terminal);
        program = Some(upload.await?);
        let upload = artifacts::upload_typescript_client(&bucket, &environment, built_client, &Terminal);
        client = Some(upload.await?);
    }
    let candidate = Candidate::from_source(&environment, &keys.keys, &functions, source.clone())?;
    let store = ReleaseStore::new(&bucket, &environment);
    let hash = TemplateHash::new(&candidate.template)?;
    let newest = store.newest().await?.map(|stored| stored.release);
    let is_same = |newest: &Release| {
        newest.template == hash && newest.source == source && newest.operator_program == program
    };
    let id = match newest.filter(is_same) {
        Some(newest) => {
            terminal::say(format!("  already published as release {}", newest.id));
            newest.id
        }
        None => store.create(&candidate, source, program.clone(), &connection.caller).await?.release.id,
    };
    let deploy = command_for(&environment.name, &format!("deploy --release {id}"));
    terminal::say(format!("  {deploy} deploys it"));
    if let Some(program) = program {
        terminal::say(format!(
            "  on a {} machine without Rust: aws s3 cp s3://{}/{} packages && chmod +x packages",
            program.platform,
            bucket.name(),
            program.key
        ));
    }
    if let Some(key) = client {
        terminal::say(format!("  the TypeScript client: aws s3 cp s3://{}/{key} .", bucket.name()));
    }
    output::print(&id)?;
    Ok(Outcome::Done)
}
