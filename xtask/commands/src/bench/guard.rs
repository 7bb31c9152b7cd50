//! What the guard costs that checks permissions in front of the emulator.
//!
//! The same requests are sent directly to the emulator and through the guard, alternately, so other load on the machine
//! affects both equally. The guard evaluates as many statements as the restore function's role has.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use chrono::Utc;
use command_line::environment;
use command_line::terminal::Step;
use deploy::build::{self, Profile};
use faults::trial::Place;
use http::{Method, Request};
use machine::directory::{Data, StateDirectory};
use machine::process as processes;
use machine::{command, workspace};
use operator::terminal::Terminal;
use rights::identity::{Credentials, Operator};
use rights::{Guard, OperatorPolicies};
use serde_json::{Value, json};
use stack::{Environment, FunctionName, SigningKeys};
use tokio::net::TcpListener;

use super::Effort;
use super::figure::{Figure, Figures, in_seconds};
use super::restore::Scenario;
use crate::local::foundation::Foundation;
use crate::local::guard::load_provider_schemas;

const ROUNDS: usize = 500;
/// The number of requests before measuring, to open connections and read policies.
const WARM_UP: usize = 20;
const ALLOWANCE: Duration = Duration::from_micros(300);

const FILES: usize = 10_000;
const RESTORES: usize = 3;
const RESTORE_LIMIT: f64 = 1.15;

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let profile = Profile::Release(environment.architecture);
    build::build(profile, &Terminal).await?;
    let directory = StateDirectory::open(&workspace::target().join("bench-guard"))?;
    processes::clean_up(&directory).await?;
    directory.reset().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let foundation = Foundation::start(&directory, Some(port), Data::Fresh).await?;
    let bootstrap = build::bootstrap(profile, FunctionName::Restore);
    let outcome = tokio::select! {
        outcome = measure_all(&foundation, &directory, &environment, listener, bootstrap, figures, effort) => outcome,
        interrupted = command::interrupted() => interrupted.and_then(|()| Err(anyhow!("interrupted"))),
    };
    foundation.stop().await;
    outcome
}

/// An address of AWS, and what requests to it are signed with.
#[derive(Clone)]
struct Target {
    url: String,
    credentials: Credentials,
}

async fn measure_all(
    foundation: &Foundation,
    directory: &StateDirectory,
    environment: &Environment,
    listener: TcpListener,
    bootstrap: PathBuf,
    figures: &mut Figures,
    effort: Effort,
) -> Result<()> {
    let policy = policy_of_restore_function(environment)?;
    let schemas = load_provider_schemas(environment).await??;
    let policies = OperatorPolicies::new([], [&policy]);
    let guard = Arc::new(Guard::new(foundation.emulator.address(), policies, schemas)?);
    let guarded = Target {
        url: format!("http://{}", listener.local_addr()?),
        credentials: guard.identities().operator(Operator::Deployer),
    };
    let direct = Target { url: foundation.emulator.endpoint_url(), credentials: Credentials::of_emulator() };
    let server = tokio::spawn(rights::serve(listener, guard, std::future::pending()));
    measure_requests(figures, &direct, &guarded, effort).await?;
    Box::pin(measure_restores(figures, foundation, directory, bootstrap, [direct, guarded])).await?;
    server.abort();
    Ok(())
}

/// Returns the policy of the restore function's role, with one more statement that allows everything.
fn policy_of_restore_function(environment: &Environment) -> Result<Value> {
    let template = stack::preview_with(environment, &SigningKeys::unknown())?.to_value();
    let role = &template["Resources"]["RestoreFunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let mut policy = role.clone();
    let statements = policy["Statement"].as_array_mut().context("the restore function has no policy")?;
    for statement in statements.iter_mut() {
        statement["Resource"] = json!("*");
    }
    statements.push(json!({ "Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*" }));
    Ok(policy)
}

/// A request that is measured.
struct Operation {
    name: &'static str,
    service: &'static str,
    method: Method,
    path: &'static str,
    target: Option<&'static str>,
    body: Value,
}

impl Operation {
    fn json(name: &'static str, service: &'static str, target: &'static str, body: Value) -> Self {
        Self { name, service, method: Method::POST, path: "/", target: Some(target), body }
    }

    fn s3(name: &'static str, method: Method, path: &'static str) -> Self {
        Self { name, service: "s3", method, path, target: None, body: Value::Null }
    }

    async fn send(&self, client: &reqwest::Client, target: &Target) -> Result<Duration> {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        let mut request = Request::builder().method(&self.method).uri(format!("{}{}", target.url, self.path));
        if let Some(name) = self.target {
            request =
                request.header("x-amz-target", name).header("content-type", "application/x-amz-json-1.0");
        }
        let (mut parts, ()) = request.body(())?.into_parts();
        rights::sign(
            &mut parts,
            body.as_bytes(),
            self.service,
            "us-east-1",
            &target.credentials,
            Utc::now(),
        )?;
        let request = Request::from_parts(parts, body).try_into()?;
        let start = Instant::now();
        let response = client.execute(request).await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{}: {status}: {text}", self.name);
        Ok(start.elapsed())
    }
}

async fn measure_requests(
    figures: &mut Figures,
    direct: &Target,
    guarded: &Target,
    effort: Effort,
) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    let parameter = json!({ "Name": "/bench", "Value": "x".repeat(1000), "Type": "SecureString" });
    let queue = json!({ "QueueName": "bench" });
    let preparation = [
        Operation::s3("CreateBucket", Method::PUT, "/bench"),
        Operation::s3("PutObject", Method::PUT, "/bench/object"),
        Operation::json("PutParameter", "ssm", "AmazonSSM.PutParameter", parameter),
        Operation::json("CreateQueue", "sqs", "AmazonSQS.CreateQueue", queue),
    ];
    for operation in preparation {
        operation.send(&client, direct).await?;
    }
    let parameter = json!({ "Name": "/bench", "WithDecryption": true });
    let message =
        json!({ "QueueUrl": format!("{}/000000000000/bench", guarded.url), "MessageBody": "x".repeat(200) });
    let operations = [
        Operation::s3("GetObject", Method::GET, "/bench/object"),
        Operation::json("GetParameter", "ssm", "AmazonSSM.GetParameter", parameter),
        Operation::json("SendMessage", "sqs", "AmazonSQS.SendMessage", message),
    ];
    let step = Step::begin("requests");
    let rounds = effort.rounds(ROUNDS);
    for operation in &operations {
        for _ in 0..WARM_UP {
            operation.send(&client, direct).await?;
            operation.send(&client, guarded).await?;
        }
        let (mut alone, mut behind) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            alone.push(operation.send(&client, direct).await?);
            behind.push(operation.send(&client, guarded).await?);
        }
        let figure = Figure::times(format!("{} behind the guard", operation.name), &behind);
        figures
            .add(figure.limited_by("the emulator alone", in_seconds(&alone)).target_above_limit(ALLOWANCE));
    }
    step.done(format!("{rounds} of each kind"));
    Ok(())
}

async fn measure_restores(
    figures: &mut Figures,
    foundation: &Foundation,
    directory: &StateDirectory,
    bootstrap: PathBuf,
    targets: [Target; 2],
) -> Result<()> {
    foundation.prepare_trials().await?;
    let step = Step::begin("restores");
    let scenario = Scenario::new(FILES, FILES);
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..RESTORES {
        for (number, target) in targets.iter().enumerate() {
            let place = Place {
                database_url: foundation.postgres.url(),
                aws_endpoint_url: target.url.clone(),
                credentials: target.credentials.clone(),
                bootstrap: bootstrap.clone(),
                directory: directory.file(&format!("trial-{round}-{number}")),
                log_level: "info",
            };
            times[number].push(scenario.measure(&place).await?);
        }
    }
    step.done(format!("{RESTORES} of {FILES} files, with and without the guard"));
    let [alone, behind] = times;
    let figure = Figure::times(format!("restore of {FILES} files behind the guard"), &behind);
    let figure = figure.limited_by("the emulator alone", in_seconds(&alone));
    figures.add(figure.target_multiple_of_limit(RESTORE_LIMIT));
    Ok(())
}
