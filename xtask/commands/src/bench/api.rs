//! The latency of the API function and of the authorizer, with fast and with distant databases.
//!
//! The limit of a request is the time of an event for a path that does not exist, which costs everything but the work of
//! the endpoint, and of the statements of the endpoint, executed by another client. They are measured by turns with the
//! request, so other load on the machine affects all of them equally.

mod endpoint;
mod endpoints;
mod event;
mod gateway;
mod restoring;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::ParameterType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use command_line::environment;
use command_line::terminal::Step;
use deploy::connection::Connection;
use deploy::deployed_stack::{DeployedStack, Outputs};
use deploy::keys::{Algorithm, KeyPair};
use faults::{DatabaseProxy, Faults};
use lambda::control_plane::DeployedFunction;
use local_stack::StackFile;
use openapi::variables;
use operator::connect::{connect, connect_to_emulator, read_stack_file};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use stack::OutputName;
use url::Url;

use self::endpoint::Endpoint;
pub(super) use self::event::event;
use super::Effort;
use super::figure::{Figure, Figures};
use super::single_function::{SingleFunction, credentials_of, deployed_function};
use super::unit::Unit;

const ROUNDS: usize = 500;
/// The number of requests before measuring, to open connections, read keys, and prepare statements.
const WARM_UP: usize = 50;
/// The round trip to a database in another availability zone, through a proxy.
const DISTANT: Duration = Duration::from_micros(2500);
/// The requests that are counted together for the throughput.
const REQUESTS_PER_RATE: u32 = 100;

/// The parameter of an additional RSA key in the emulator's Parameter Store.
const RSA_KEY_PARAMETER: &str = "/local/bench/rsa-private-key";

/// What the requests of all endpoints need.
struct Surroundings {
    stack: StackFile,
    /// As the administrator, since functions and deployers may not prepare what the requests need.
    connection: Connection,
    api: DeployedFunction,
    authorizer: DeployedFunction,
    faults: Arc<Faults>,
    proxy: DatabaseProxy,
}

impl Surroundings {
    async fn read() -> Result<Self> {
        let stack = read_stack_file::<StackFile>()?;
        ensure!(
            stack.release,
            "this stack runs development builds; start it with `cargo xtask local --release`"
        );
        let environment = environment::load(local_stack::ENVIRONMENT)?;
        let client = connect(&environment).await?.cloudformation();
        let outputs = DeployedStack::get(&client, &environment).await?.outputs;
        let deployed = async |outputs: &Outputs, name| deployed_function(&stack, outputs.get(name)?).await;
        let api = deployed(&outputs, OutputName::ApiFunctionName).await?;
        let authorizer = deployed(&outputs, OutputName::AuthorizerFunctionName).await?;
        let administrator = credentials_of(&stack, "administrator")?;
        let connection =
            connect_to_emulator(&environment, &stack.aws_endpoint_url, administrator.into()).await?;
        let faults = Faults::new();
        let port = database_url(&stack)?.port().context("database_url has no port")?;
        let proxy = DatabaseProxy::start(port, Arc::clone(&faults)).await?;
        Ok(Self { stack, connection, api, authorizer, faults, proxy })
    }

    /// Starts a function whose database is behind the proxy.
    async fn start(
        &self,
        label: &str,
        function: &DeployedFunction,
        other: &[(&str, &str)],
    ) -> Result<SingleFunction> {
        let port = self.proxy.port().to_string();
        let variables = [&[(variables::POSTGRES_PORT, port.as_str())], other].concat();
        SingleFunction::start(label, function, &self.stack, &variables, 1).await
    }

    /// Connects to the database behind the proxy.
    async fn connect_behind_proxy(&self) -> Result<PgConnection> {
        let mut url = database_url(&self.stack)?;
        url.set_port(Some(self.proxy.port())).ok().context("database_url cannot have another port")?;
        // The proxy reads what it passes on.
        url.set_query(Some("sslmode=disable"));
        PgConnection::connect(url.as_str()).await.context("cannot connect to the database")
    }
}

fn database_url(stack: &StackFile) -> Result<Url> {
    Url::parse(&stack.database_url).context("stack.json has an invalid database_url")
}

/// The API function with each kind of key.
struct ApiFunctions {
    ec_sha256: SingleFunction,
    ec_sha1: SingleFunction,
    rsa_sha256: SingleFunction,
    rsa_sha1: SingleFunction,
}

impl ApiFunctions {
    async fn start(surroundings: &Surroundings) -> Result<Self> {
        let key = KeyPair::generate(Algorithm::Rsa2048)?;
        let put = surroundings.connection.ssm().put_parameter().name(RSA_KEY_PARAMETER);
        let put = put.r#type(ParameterType::SecureString).overwrite(true);
        put.value(STANDARD.encode(key.private_pem())).send().await.context("cannot store an RSA key")?;

        let hash = |name| (variables::CLOUDFRONT_HASH_ALGORITHM, name);
        let rsa = (variables::CLOUDFRONT_PRIVATE_KEY_SSM_PARAM, RSA_KEY_PARAMETER);
        let start =
            async |label, other: &[(&str, &str)]| surroundings.start(label, &surroundings.api, other).await;
        Ok(Self {
            ec_sha256: start("ec-sha256", &[hash("SHA256")]).await?,
            ec_sha1: start("ec-sha1", &[hash("SHA1")]).await?,
            rsa_sha256: start("rsa-sha256", &[rsa, hash("SHA256")]).await?,
            rsa_sha1: start("rsa-sha1", &[rsa, hash("SHA1")]).await?,
        })
    }

    async fn stop(self) {
        for function in [self.ec_sha256, self.ec_sha1, self.rsa_sha256, self.rsa_sha1] {
            function.stop().await;
        }
    }
}

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let surroundings = Surroundings::read().await?;
    let functions = ApiFunctions::start(&surroundings).await?;
    let authorizer = surroundings.start("authorizer", &surroundings.authorizer, &[]).await?;
    for (round_trip, rounds) in [(Duration::ZERO, ROUNDS), (DISTANT, ROUNDS / 4)] {
        surroundings.faults.delay_database(round_trip);
        let endpoints = endpoints::all(&functions, &authorizer, &surroundings.stack).await?;
        let step = Step::begin("endpoints");
        let rounds = effort.rounds(rounds);
        measure_endpoints(figures, endpoints, &surroundings, round_trip, rounds).await?;
        step.done(format!("{rounds} requests to each, by turns"));
    }
    surroundings.faults.delay_database(Duration::ZERO);
    restoring::measure(figures, &surroundings, effort).await?;
    measure_throughput(figures, &functions.ec_sha256, &surroundings.stack, effort).await?;
    gateway::measure(figures, &surroundings, effort).await?;
    functions.stop().await;
    authorizer.stop().await;
    Ok(())
}

async fn measure_endpoints(
    figures: &mut Figures,
    mut endpoints: Vec<Endpoint<'_>>,
    surroundings: &Surroundings,
    round_trip: Duration,
    rounds: usize,
) -> Result<()> {
    let mut database = surroundings.connect_behind_proxy().await?;
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    for (number, endpoint) in endpoints.iter_mut().enumerate() {
        // The first request opens connections and reads keys.
        endpoint.measure(&mut database, &client).await?;
        endpoint.record_statements(number, &surroundings.faults, &mut database).await?;
    }
    for _ in 0..WARM_UP.min(rounds) {
        for endpoint in &endpoints {
            endpoint.measure(&mut database, &client).await?;
        }
    }
    for _ in 0..rounds {
        for endpoint in &mut endpoints {
            let measured = endpoint.measure(&mut database, &client).await?;
            endpoint.add(measured);
        }
    }
    let is_distant = !round_trip.is_zero();
    for endpoint in endpoints {
        figures.add(endpoint.into_figure(is_distant));
    }
    Ok(())
}

/// Measures how many requests one instance processes, one after the other.
async fn measure_throughput(
    figures: &mut Figures,
    function: &SingleFunction,
    stack: &StackFile,
    effort: Effort,
) -> Result<()> {
    let step = Step::begin("throughput");
    let sign = event::sign_event(stack);
    let nowhere = event::without_endpoint(&sign);
    let rate = async |event: &Value, status| -> Result<f64> {
        let start = Instant::now();
        for _ in 0..REQUESTS_PER_RATE {
            function.time(event, status).await?;
        }
        Ok(f64::from(REQUESTS_PER_RATE) / start.elapsed().as_secs_f64())
    };
    let (mut rates, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds(20) {
        limits.push(rate(&nowhere, 404).await?);
        rates.push(rate(&sign, 200).await?);
    }
    let figure =
        Figure::new("throughput of one instance, /cloudfront/sign, EC-SHA256", Unit::PerSecond, rates);
    figures.add(figure.limited_by("events for a path that does not exist", limits));
    step.done(format!("{REQUESTS_PER_RATE} requests at a time, one after the other"));
    Ok(())
}
