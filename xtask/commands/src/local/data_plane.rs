//! The data plane, which serves requests based on the deployed resources.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use deploy::connection::Connection;
use deploy::traces::Traces;
use edge::{self, Edge};
use lambda::control_plane::{ControlPlane, FunctionName, FunctionRevision};
use lambda::gateway::{self, Gateway};
use lambda::pool::{FunctionPool, PoolSettings, log_delivery, trace_delivery};
use lambda::redeployment::Redeployment;
use lambda::role::{RoleSession, Roles};
use lambda::surroundings;
use local_stack::StackFile;
use local_stack::console::{Component, serve as serve_console};
use local_stack::demo::DemoData;
use local_stack::issuer::{self, Issuer, User};
use local_stack::monitoring::{AlarmStatus, Monitoring};
use local_stack::not_emulated::NotEmulated;
use machine::directory::StateDirectory;
use machine::{ports, process as processes};
use rights::identity::{Credentials, Operator};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::console::{self, Access, Sources};
use super::deployed::DeployedResources;
use super::follower::{Follower, Request};
use super::foundation::{Foundation, IssuerUrls};
use super::guard::RunningGuard;
use crate::viewer::environment::viewer_of_local_stack;

/// The client ID in access tokens, which matches the environment file of the local stack.
const TOKEN_CLIENT: &str = "local";
/// The lifetime of access tokens, long enough for a working day.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

const CONSOLE_PORT: u16 = 9000;
const GATEWAY_PORT: u16 = 9001;
const EDGE_PORT: u16 = 9002;
const ISSUER_PORT: u16 = 9003;
const VIEWER_PORT: u16 = 9004;

/// The listeners, opened before any address is published.
pub(super) struct Listeners {
    console: TcpListener,
    gateway: TcpListener,
    edge: TcpListener,
    issuer: TcpListener,
    viewer: TcpListener,
}

/// The base URLs of the servers.
pub(super) struct Urls {
    pub(super) console: String,
    pub(super) gateway: String,
    pub(super) edge: String,
    pub(super) issuer: String,
    pub(super) viewer: String,
}

/// AWS, as the data plane sees it.
pub(super) struct Aws<'a> {
    /// Creates the credentials of the functions' roles.
    pub(super) guard: &'a RunningGuard,
    /// The administrator, with all permissions.
    pub(super) administrator: &'a Connection,
    /// Lambda, API Gateway and CloudFront themselves, which read deployed resources without permissions.
    pub(super) inside: &'a Connection,
}

/// How the data plane runs.
pub(super) struct Settings<'a> {
    /// Where it keeps its state.
    pub(super) directory: &'a Arc<StateDirectory>,
    /// The maximum number of concurrent instances of a function.
    pub(super) maximum_instances: usize,
}

/// The running data plane.
pub(super) struct DataPlane {
    pub(super) urls: Urls,
    issuer: Arc<Issuer>,
    users: BTreeMap<String, User>,
    pool: FunctionPool,
    gateway: Gateway,
    edge: Arc<Edge>,
    traces: Traces,
    /// Taken when further deployments are followed.
    redeployment: Option<Redeployment>,
    alarms: watch::Receiver<Vec<AlarmStatus>>,
    changes: watch::Receiver<()>,
    /// To the follower, while it runs.
    requests: Option<mpsc::Sender<Request>>,
    console: Option<TcpListener>,
    viewer: Option<TcpListener>,
    servers: Mutex<JoinSet<Result<()>>>,
    shutdown: watch::Sender<bool>,
}

impl Listeners {
    /// Opens the default ports, or free ones in place of those that are taken.
    pub(super) async fn bind() -> Result<Self> {
        let bind = async |port| ports::bind(Some(port)).await.context("there is no free port on 127.0.0.1");
        Ok(Self {
            console: bind(CONSOLE_PORT).await?,
            gateway: bind(GATEWAY_PORT).await?,
            edge: bind(EDGE_PORT).await?,
            issuer: bind(ISSUER_PORT).await?,
            viewer: bind(VIEWER_PORT).await?,
        })
    }

    /// Returns the token issuer, which must run before the functions are deployed.
    pub(super) fn issuer(&self) -> Result<Arc<Issuer>> {
        Ok(Arc::new(Issuer::new(url_of(&self.issuer)?, TOKEN_CLIENT)?))
    }

    fn urls(&self) -> Result<Urls> {
        Ok(Urls {
            console: url_of(&self.console)?,
            gateway: url_of(&self.gateway)?,
            edge: url_of(&self.edge)?,
            issuer: url_of(&self.issuer)?,
            viewer: url_of(&self.viewer)?,
        })
    }
}

fn url_of(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr().context("a listener has no address")?))
}

/// Returns the issuer's URLs for the platform parameters.
pub(super) fn issuer_urls(issuer: &Issuer) -> IssuerUrls {
    IssuerUrls { issuer: issuer.issuer(), jwks_url: issuer.jwks_url() }
}

impl DataPlane {
    /// Reads the deployed resources and starts to serve them.
    pub(super) async fn start(
        aws: &Aws<'_>,
        settings: &Settings<'_>,
        foundation: &Foundation,
        resources: &DeployedResources,
        listeners: Listeners,
        issuer: Arc<Issuer>,
        demo: &DemoData,
    ) -> Result<Self> {
        let Aws { guard, administrator, inside } = aws;
        let Settings { directory, maximum_instances } = *settings;
        let urls = listeners.urls()?;
        let roles = {
            let guard = Arc::clone(&guard.guard);
            Roles::new(move |session| guard.identities().session(&session.role, session.function.as_str()))
        };
        let (log_sink, log_delivery) = log_delivery(administrator.cloudwatch_logs(), roles.clone());
        let (trace_sink, trace_delivery) =
            trace_delivery(administrator.xray(), roles.clone(), directory.logs().join("traces.jsonl"));
        let settings = PoolSettings {
            code_directory: directory.file("functions"),
            log_directory: directory.logs(),
            log_sink: Some(log_sink),
            trace_sink: Some(trace_sink),
            roles,
            environment: surroundings(
                &guard.endpoint_url,
                &urls.edge,
                &foundation.postgres.url().parse().context("the database URL is invalid")?,
            ),
            maximum_instances,
            on_spawn: recorder(directory),
        };
        let pool = FunctionPool::new(Vec::new(), settings).await?;
        let gateway = Gateway::new(pool.clone());
        let mut redeployment =
            Redeployment::new(control_plane(inside)?, administrator.sqs(), pool.clone(), gateway.clone());
        redeployment.apply(Some(&resources.served)).await?;
        let edge = Arc::new(Edge::new(inside.cloudfront(), inside.s3()).with_metrics(pool.metrics().clone()));
        edge.deploy(Some(&resources.distribution_id));

        let (shutdown, ends) = watch::channel(false);
        let mut servers = JoinSet::new();
        let serving = |what: &'static str, server: std::io::Result<()>| {
            server.with_context(|| format!("the local {what} cannot serve"))
        };
        let server = gateway::serve(listeners.gateway, gateway.clone(), until(&ends));
        servers.spawn(async move { serving("gateway", server.await) });
        let server = edge::serve(listeners.edge, Arc::clone(&edge), until(&ends));
        servers.spawn(async move { serving("edge", server.await) });
        let users = users_of(demo);
        let issuer_server = issuer::serve(listeners.issuer, Arc::clone(&issuer), users.clone(), until(&ends));
        servers.spawn(async move { serving("token issuer", issuer_server.await) });
        let delivery = log_delivery.run(pool.metrics().clone(), until(&ends));
        servers.spawn(async move {
            delivery.await;
            Ok(())
        });
        let delivery = trace_delivery.run(until(&ends));
        servers.spawn(async move {
            delivery.await;
            Ok(())
        });
        let client = inside.cloudwatch();
        let monitoring =
            Monitoring::new(&client, &foundation.emulator.endpoint_url(), pool.metrics().clone())?;
        let alarms = monitoring.alarms();
        let monitoring = monitoring.run(until(&ends));
        servers.spawn(async move {
            monitoring.await;
            Ok(())
        });
        let functions = resources.functions.values().map(ToString::to_string);
        let traces = Traces::of_functions(administrator.xray(), functions.collect());
        Ok(Self {
            urls,
            issuer,
            users,
            pool,
            gateway,
            edge,
            alarms,
            traces,
            redeployment: Some(redeployment),
            changes: guard.guard.changes(),
            requests: None,
            console: Some(listeners.console),
            viewer: Some(listeners.viewer),
            servers: Mutex::new(servers),
            shutdown,
        })
    }

    /// Writes `stack.json`, opens the console and the viewer, and follows further deployments and key rotations from now on.
    pub(super) async fn open(
        &mut self,
        directory: &Arc<StateDirectory>,
        connection: &Connection,
        stack_file: StackFile,
        access: &Arc<Access>,
        without_effect: &[NotEmulated],
    ) -> Result<()> {
        directory.write(machine::STACK_FILE, &stack_file.to_json()?).await?;
        let stack_file = Arc::new(watch::Sender::new(stack_file));
        self.open_console(&stack_file, access, without_effect);
        self.open_viewer(&stack_file.borrow())?;
        if let Some(redeployment) = self.redeployment.take() {
            let (sender, requests) = mpsc::channel(1);
            self.requests = Some(sender);
            let follower = Follower {
                cloudformation: connection.cloudformation(),
                edge: Arc::clone(&self.edge),
                redeployment,
                directory: Arc::clone(directory),
                stack_file,
                changes: self.changes.clone(),
                requests,
            };
            let following = follower.run(until(&self.shutdown.subscribe()));
            self.servers.get_mut().spawn(async move {
                following.await;
                Ok(())
            });
        }
        Ok(())
    }

    /// Opens the console, once everything that it shows exists.
    fn open_console(
        &mut self,
        stack_file: &Arc<watch::Sender<StackFile>>,
        access: &Arc<Access>,
        without_effect: &[NotEmulated],
    ) {
        let Some(listener) = self.console.take() else { return };
        let sources = Sources {
            components: self.components(&stack_file.borrow()),
            stack_file: Arc::clone(stack_file),
            pool: self.pool.clone(),
            alarms: self.alarms.clone(),
            requests: self.gateway.recent_requests(),
            traces: self.traces.clone(),
        };
        let model = console::model(sources, access, without_effect);
        let server = serve_console(listener, model, until(&self.shutdown.subscribe()));
        self.servers.get_mut().spawn(async move { server.await.context("the console cannot serve") });
    }

    fn components(&self, stack: &StackFile) -> Vec<Component> {
        let component = |name: &str, url: &str, description: &str| Component {
            name: name.to_owned(),
            url: url.to_owned(),
            description: description.to_owned(),
        };
        vec![
            component("viewer", &self.urls.viewer, "A page that shows the viewer assets of packages."),
            component("gateway", &self.urls.gateway, "The HTTP API, as API Gateway serves it."),
            component("edge", &self.urls.edge, "The distribution, as CloudFront serves it."),
            component("issuer", &self.urls.issuer, "Access tokens for the demo users."),
            component(
                "emulator",
                &stack.aws_endpoint_url,
                "All other AWS services, by MiniStack behind the guard.",
            ),
            component("database", &stack.database_url, "The platform's PostgreSQL."),
        ]
    }

    /// Opens the viewer, on an address of its own: its pages and those of the console cannot read each other.
    fn open_viewer(&mut self, stack_file: &StackFile) -> Result<()> {
        let Some(listener) = self.viewer.take() else { return Ok(()) };
        let environment = viewer_of_local_stack(stack_file)?;
        let shutdown = until(&self.shutdown.subscribe());
        self.servers.get_mut().spawn(async move {
            viewer::serve(listener, &environment, shutdown).await.context("the viewer cannot serve")
        });
        Ok(())
    }

    /// Returns the credentials of the operators and of the deployed functions' roles, by name.
    pub(super) fn credentials(
        &self,
        guard: &RunningGuard,
        resources: &DeployedResources,
    ) -> BTreeMap<String, Credentials> {
        let operators = Operator::ALL.map(|operator| (operator.name().to_owned(), guard.operator(operator)));
        let functions = resources.functions.iter().filter_map(|(function, name)| {
            let RoleSession { role, .. } = self.pool.role(name)?;
            let credentials = guard.guard.identities().session(&role, name.as_str());
            Some((function.as_str().to_owned(), credentials))
        });
        operators.into_iter().chain(functions).collect()
    }

    /// Returns an access token for each demo user.
    pub(super) fn tokens(&self) -> Result<BTreeMap<String, String>> {
        let token = |(name, user): (&String, &User)| {
            Ok((name.clone(), self.issuer.access_token(user, TOKEN_LIFETIME)?))
        };
        self.users.iter().map(token).collect()
    }

    /// Returns the revision of each function that is served.
    pub(super) fn revisions(&self) -> BTreeMap<FunctionName, FunctionRevision> {
        self.pool.revisions()
    }

    /// Serves at once what is deployed.
    pub(super) async fn serve_what_is_deployed(&self) -> Result<()> {
        const ENDED: &str = "deployments are not followed";
        let (request, response) = oneshot::channel();
        let requests = self.requests.as_ref().context(ENDED)?;
        requests.send(request).await.context(ENDED)?;
        let served = response.await.context(ENDED)?;
        served.map_err(|reason| anyhow!("what is deployed cannot be served: {reason}"))
    }

    /// Waits until a server ends unexpectedly.
    pub(super) async fn ended(&self) -> anyhow::Error {
        match self.servers.lock().await.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => anyhow!("a server of the data plane failed: {error}"),
            Some(Ok(Ok(()))) | None => anyhow!("a server of the data plane ended"),
        }
    }

    /// Stops accepting requests, ends the functions, and waits for the servers.
    pub(super) async fn stop(self) {
        self.shutdown.send_replace(true);
        self.pool.stop().await;
        let mut servers = self.servers.into_inner();
        // A client that keeps its connection open must not delay the shutdown.
        let all = async { while servers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(2), all).await;
    }
}

fn control_plane(connection: &Connection) -> Result<ControlPlane> {
    let endpoint = connection.configuration.endpoint_url().context("the emulator has no endpoint")?;
    let region = connection.configuration.region().context("the environment has no region")?;
    Ok(ControlPlane::new(endpoint.parse()?, region.as_ref(), Credentials::of_emulator())?)
}

/// Records the functions' processes, so the next run can end them if this one cannot.
fn recorder(directory: &Arc<StateDirectory>) -> Arc<dyn Fn(u32) + Send + Sync> {
    let directory = Arc::clone(directory);
    Arc::new(move |pid| {
        let directory = Arc::clone(&directory);
        tokio::spawn(async move {
            // Without a record, a crash leaves a function process behind. It ends by itself when its requests get no
            // response.
            let _ = processes::record(&directory, "function", pid).await;
        });
    })
}

fn users_of(demo: &DemoData) -> BTreeMap<String, User> {
    let users = &demo.users;
    [("owner", &users.owner), ("editor", &users.editor), ("viewer", &users.viewer), ("guest", &users.guest)]
        .into_iter()
        .map(|(name, user)| (name.to_owned(), User { username: user.cognito_id }))
        .collect()
}

async fn wait_for(mut ends: watch::Receiver<bool>) {
    // A dropped sender also means shutdown.
    let _ = ends.wait_for(|ended| *ended).await;
}

fn until(ends: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + 'static {
    wait_for(ends.clone())
}
