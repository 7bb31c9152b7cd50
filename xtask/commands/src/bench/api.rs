//! The cost of the API function: size, cold start, and the time of each endpoint.
//!
//! The time of an endpoint is compared with that of an event for a path that does not exist, which costs everything
//! but the endpoint's own work, with a round trip to the database, and with an RSA signature of aws-lc. All of them
//! are measured alternately, so other load on the machine affects them equally.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use aws_sdk_ssm::types::ParameterType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use command_line::environment;
use command_line::terminal::Step;
use deploy::build::{self, Profile};
use deploy::connection::Connection;
use deploy::deployed_stack::DeployedStack;
use deploy::keys::{Algorithm, KeyPair};
use lambda::control_plane::{ControlPlane, DeployedFunction, FunctionName};
use lambda::pool::{FunctionPool, InvocationOutcome, PoolSettings};
use lambda::role::Roles;
use local_stack::StackFile;
use machine::workspace;
use openapi::variables;
use rights::identity::Credentials;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use stack::{FunctionName as Function, OutputName};

use super::cold_start::cold_start;
use super::figure::{Figures, median, megabytes, milliseconds};
use operator::connect::{connect, connect_to_emulator, read_stack_file};
use operator::terminal::Terminal;

const COLD_STARTS: usize = 40;
const ROUNDS: usize = 1000;
/// The number of requests before measuring, to open connections, read keys, and prepare statements.
const WARM_UP: usize = 50;

const COLD_START_LIMIT: Duration = Duration::from_millis(12);
const RESIDENT_LIMIT: u64 = 12_000_000;
/// The parameter of an additional RSA key in the emulator's Parameter Store.
const RSA_KEY_PARAMETER: &str = "/local/bench/rsa-private-key";

pub(super) async fn measure(figures: &mut Figures) -> Result<()> {
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let profile = Profile::Release(environment.architecture);
    for function in build::build(profile, &Terminal).await? {
        let limit = if function.name == Function::Authorizer { 4_000_000 } else { 5_000_000 };
        figures.at_most(format!("zip of {}", function.name.as_str()), function.size, limit, megabytes);
    }
    let stack = read_stack_file::<StackFile>()?;
    let connection = connect(&environment).await?;
    let client = connection.cloudformation();
    let outputs = DeployedStack::get(&client, &environment).await?.outputs;
    ensure!(stack.release, "this stack runs development builds; start it with `cargo xtask local --release`");
    let deployed = deployed_function(&stack, outputs.get(OutputName::ApiFunctionName)?).await?;
    measure_cold_starts(figures, &build::bootstrap(profile, Function::Api), &deployed, &stack).await?;
    // The deployer may not write parameters that do not belong to a stack.
    let administrator = credentials_of(&stack, "administrator")?;
    let administrator =
        connect_to_emulator(&environment, &stack.aws_endpoint_url, administrator.into()).await?;
    measure_endpoints(figures, &deployed, &stack, &administrator).await
}

pub(super) async fn deployed_function(stack: &StackFile, name: &str) -> Result<DeployedFunction> {
    let control_plane = ControlPlane::new(
        stack.aws_endpoint_url.parse()?,
        "us-east-1",
        credentials_of(stack, "administrator")?,
    )?;
    Ok(control_plane.function(&name.parse()?).await?)
}

fn credentials_of(stack: &StackFile, name: &str) -> Result<Credentials> {
    stack.credentials.get(name).cloned().with_context(|| format!("stack.json has no credentials of {name}"))
}

/// Returns the deployed environment variables, with the addresses on this machine.
fn variables(deployed: &DeployedFunction, stack: &StackFile) -> Result<BTreeMap<String, String>> {
    let mut variables = deployed.environment.clone();
    variables.extend(surroundings(stack)?);
    Ok(variables)
}

fn surroundings(stack: &StackFile) -> Result<BTreeMap<String, String>> {
    let database = stack.database_url.parse().context("stack.json has no proper database_url")?;
    Ok(lambda::surroundings(&stack.aws_endpoint_url, &stack.cdn_url, &database))
}

async fn measure_cold_starts(
    figures: &mut Figures,
    bootstrap: &Path,
    deployed: &DeployedFunction,
    stack: &StackFile,
) -> Result<()> {
    let step = Step::begin("cold starts");
    let variables = variables(deployed, stack)?;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..COLD_STARTS {
        let start = cold_start(bootstrap, &variables).await?;
        times.push(start.time);
        sizes.push(start.resident);
    }
    step.done(format!("{COLD_STARTS} of the API function"));
    figures.at_most(
        "cold start, exec to first poll, p50",
        median(&mut times),
        COLD_START_LIMIT,
        milliseconds,
    );
    figures.at_most("resident at the first poll, p50", median(&mut sizes), RESIDENT_LIMIT, megabytes);
    Ok(())
}

/// A request, and the allowance on top of the minimum time.
struct Endpoint<'a> {
    what: &'static str,
    subject: &'a Subject,
    event: Value,
    status: u16,
    work: Work,
    allowance: Duration,
    times: Vec<Duration>,
}

/// What a request needs at least, besides receiving the event and returning the response.
#[derive(Clone, Copy)]
enum Work {
    /// Nothing.
    None,
    /// Round trips to the database.
    RoundTrips(u32),
    /// A round trip to the database, and an RSA signature.
    RoundTripAndRsaSignature,
}

/// The times of the work that no implementation can avoid.
struct Minimum {
    round_trip: Duration,
    rsa_signature: Duration,
}

impl Work {
    fn time(self, minimum: &Minimum) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::RoundTrips(count) => minimum.round_trip * count,
            Self::RoundTripAndRsaSignature => minimum.round_trip + minimum.rsa_signature,
        }
    }
}

/// The API function with its instances.
pub(super) struct Subject {
    pub(super) pool: FunctionPool,
    name: FunctionName,
}

impl Subject {
    pub(super) async fn start(
        label: &str,
        deployed: &DeployedFunction,
        stack: &StackFile,
        other: &[(&str, &str)],
        maximum_instances: usize,
    ) -> Result<Self> {
        let mut environment = surroundings(stack)?;
        environment.extend(other.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let directory = workspace::target().join("bench").join(label);
        // The function of the stack may not read the additional key.
        let credentials = credentials_of(stack, "administrator")?;
        let settings = PoolSettings {
            code_directory: directory.clone(),
            log_directory: directory,
            log_sink: None,
            trace_sink: None,
            roles: Roles::new(move |_| credentials.clone()),
            environment,
            maximum_instances,
            on_spawn: Arc::new(|_| {}),
        };
        let pool = FunctionPool::new(vec![deployed.clone()], settings).await?;
        Ok(Self { pool, name: deployed.arn.name.clone() })
    }

    pub(super) async fn time(&self, event: &Value, expected: u16) -> Result<Duration> {
        let event = event.to_string().into();
        let start = Instant::now();
        let outcome = self.pool.invoke(&self.name, event).await?;
        let time = start.elapsed();
        let InvocationOutcome::Response(payload) = outcome else { bail!("the function failed") };
        let answer: Value = serde_json::from_slice(&payload)?;
        ensure!(answer["statusCode"] == expected, "the function answered with {}", answer["statusCode"]);
        Ok(time)
    }
}

async fn measure_endpoints(
    figures: &mut Figures,
    deployed: &DeployedFunction,
    stack: &StackFile,
    connection: &Connection,
) -> Result<()> {
    let rsa_key = KeyPair::generate(Algorithm::Rsa2048)?;
    put_rsa_key(connection, &rsa_key).await?;
    let ec = Subject::start("ec", deployed, stack, &[], 1).await?;
    let rsa_variables = [
        (variables::CLOUDFRONT_PRIVATE_KEY_SSM_PARAM, RSA_KEY_PARAMETER),
        (variables::CLOUDFRONT_HASH_ALGORITHM, "SHA256"),
    ];
    let rsa = Subject::start("rsa", deployed, stack, &rsa_variables, 1).await?;
    let mut endpoints = endpoints(&ec, &rsa, stack).await?;
    let mut database = PgConnection::connect(&stack.database_url).await?;
    let rsa_signature = RsaSignature::new(&rsa_key)?;
    let (mut round_trips, mut signatures) = (Vec::new(), Vec::new());
    let mut floors: Vec<Vec<Duration>> = endpoints.iter().map(|_| Vec::new()).collect();

    let step = Step::begin("endpoints");
    for round in 0..WARM_UP + ROUNDS {
        let start = Instant::now();
        sqlx::query("SELECT 1").execute(&mut database).await?;
        let round_trip = start.elapsed();
        let signature = rsa_signature.time()?;
        let mut times = Vec::new();
        for endpoint in &endpoints {
            let mut elsewhere = endpoint.event.clone();
            elsewhere["requestContext"]["http"]["path"] = json!("/nowhere");
            let floor = endpoint.subject.time(&elsewhere, 404).await?;
            times.push((floor, endpoint.subject.time(&endpoint.event, endpoint.status).await?));
        }
        if round < WARM_UP {
            continue;
        }
        round_trips.push(round_trip);
        signatures.push(signature);
        for ((endpoint, floors), (floor, time)) in endpoints.iter_mut().zip(&mut floors).zip(times) {
            endpoint.times.push(time);
            floors.push(floor);
        }
    }
    step.done(format!("{ROUNDS} requests to each, by turns"));

    let minimum = Minimum { round_trip: median(&mut round_trips), rsa_signature: median(&mut signatures) };
    figures.note("a round trip to the database, p50", milliseconds(minimum.round_trip));
    figures.note("an RSA-SHA256 signature of aws-lc, p50", milliseconds(minimum.rsa_signature));
    for (endpoint, floors) in endpoints.iter_mut().zip(&mut floors) {
        let floor = median(floors);
        let time = median(&mut endpoint.times);
        figures.note(format!("{}, the floor, p50", endpoint.what), milliseconds(floor));
        let limit = floor + endpoint.work.time(&minimum) + endpoint.allowance;
        figures.at_most(format!("{}, p50", endpoint.what), time, limit, milliseconds);
    }
    ec.pool.stop().await;
    rsa.pool.stop().await;
    Ok(())
}

/// Returns a request to each endpoint.
async fn endpoints<'a>(ec: &'a Subject, rsa: &'a Subject, stack: &StackFile) -> Result<[Endpoint<'a>; 6]> {
    let viewer = stack.packages.viewer.as_str();
    let asset = [("package_id", viewer), ("path", stack.assets.thumbnail.as_str())];
    let file = [("package_id", stack.packages.live_file.as_str()), ("redirect", "false")];
    let in_json = [asset[0], asset[1], file[1]];
    let presigned_url = presigned_url(ec, stack, &in_json).await?;
    let endpoint = |what, subject, event, status, work, allowance| Endpoint {
        what,
        subject,
        event,
        status,
        work,
        allowance: Duration::from_micros(allowance),
        times: Vec::new(),
    };
    let sign = event("/cloudfront/sign", stack, &asset);
    let presign_file = event("/presign/s3", stack, &file);
    let presign_asset = event("/presign/s3", stack, &in_json);
    let proxy = event("/proxy/s3", stack, &[("presigned_url", &presigned_url)]);
    let mut restore = event("/restore", stack, &[]);
    restore["requestContext"]["http"]["method"] = json!("POST");
    restore["body"] =
        json!(json!({"nodeIds": ["N:package:00000000-0000-4000-8000-000000000000"]}).to_string());
    Ok([
        endpoint("/cloudfront/sign, EC", ec, sign.clone(), 200, Work::RoundTrips(1), 150),
        endpoint("/cloudfront/sign, RSA-SHA256", rsa, sign, 200, Work::RoundTripAndRsaSignature, 150),
        endpoint("/presign/s3 of a file", ec, presign_file, 200, Work::RoundTrips(1), 100),
        endpoint("/presign/s3 of an asset", ec, presign_asset, 200, Work::RoundTrips(1), 100),
        endpoint("/proxy/s3", ec, proxy, 307, Work::None, 50),
        endpoint("/restore that finds nothing", ec, restore, 200, Work::RoundTrips(2), 200),
    ])
}

/// The signature that aws-lc makes, without anything around it.
struct RsaSignature {
    key: RsaKeyPair,
    random: SystemRandom,
}

impl RsaSignature {
    fn new(key: &KeyPair) -> Result<Self> {
        let key = pem::parse(key.private_pem()).context("the generated key is not PEM")?;
        let key =
            RsaKeyPair::from_pkcs8(key.contents()).map_err(|error| anyhow!("the generated key: {error}"))?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    fn time(&self) -> Result<Duration> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let start = Instant::now();
        self.key
            .sign(&RSA_PKCS1_SHA256, &self.random, b"policy", &mut signature)
            .context("aws-lc did not sign")?;
        Ok(start.elapsed())
    }
}

async fn put_rsa_key(connection: &Connection, key: &KeyPair) -> Result<()> {
    let ssm = connection.ssm();
    let put = ssm.put_parameter().name(RSA_KEY_PARAMETER).r#type(ParameterType::SecureString).overwrite(true);
    put.value(STANDARD.encode(key.private_pem())).send().await.context("the emulator takes no parameter")?;
    Ok(())
}

async fn presigned_url(subject: &Subject, stack: &StackFile, asset: &[(&str, &str)]) -> Result<String> {
    let event = event("/presign/s3", stack, asset).to_string();
    let outcome = subject.pool.invoke(&subject.name, event.into()).await?;
    let InvocationOutcome::Response(payload) = outcome else { bail!("the function failed") };
    let answer: Value = serde_json::from_slice(&payload)?;
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
    Ok(body["presigned_url"].as_str().context("the function presigned nothing")?.to_owned())
}

/// Returns an event for an editor's GET request, as API Gateway sends it.
pub(super) fn event(path: &str, stack: &StackFile, parameters: &[(&str, &str)]) -> Value {
    let mut decoded: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    decoded.insert("dataset_id", stack.dataset_id.as_str());
    let raw = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&decoded).finish();
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": raw,
        "queryStringParameters": decoded,
        "requestContext": {
            "requestId": "bench",
            "http": {"method": "GET", "path": path},
            "authorizer": {"lambda": {
                "user_claim": {"Id": 101, "NodeId": "N:user:1", "IsSuperAdmin": false},
                "org_claim": {"Role": 16, "IntId": stack.organization_id, "NodeId": "N:organization:1"},
                "dataset_claim": {"Role": 3, "NodeId": stack.dataset_id, "IntId": 1},
            }},
        },
        "isBase64Encoded": false,
    })
}
