//! The proxy in front of the emulator.

mod body;
mod change_sets;
mod changes;
mod delete_objects;
mod deployed;
mod forward;
mod questions;
mod simulation;
mod stacks;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use cloudformation_rules::ProviderSchemas;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use body::{Body, Payload};
use deployed::DeployedPolicies;
use forward::Upstream;
use questions::Question;
pub use questions::RIGHTS_PATH;
use stacks::StackCallers;

use crate::access::Access;
use crate::denial::{Denial, Protocol};
use crate::identity::{Identities, Identity, Principal};
use crate::policies::{OperatorPolicies, Policies};
use crate::query::Query;
use crate::random::RandomError;
use crate::refusal::Refusal;
use crate::report::RightsReport;
use crate::service::Service;
use crate::services::{Call, DeleteObjects, deletes_objects, object_of};
use crate::signature::{Signature, SignatureError};
use crate::usage::Usage;

/// How long a client may take to send the head of a request.
const HEADER_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The prefix of the emulator's own paths, which are not part of AWS.
const EMULATOR: &str = "/_";

/// The region of requests without a signature.
const REGION: &str = "us-east-1";

/// Checks requests, and forwards those that are allowed.
#[derive(Debug)]
pub struct Guard {
    identities: Identities,
    operators: OperatorPolicies,
    deployed: DeployedPolicies,
    upstream: Upstream,
    usage: Usage,
    schemas: ProviderSchemas,
    stacks: StackCallers,
    changes: watch::Sender<()>,
}

impl Guard {
    /// Creates a guard in front of an emulator.
    pub fn new(
        emulator: SocketAddr,
        operators: OperatorPolicies,
        schemas: ProviderSchemas,
    ) -> Result<Self, RandomError> {
        let upstream = Upstream::new(emulator);
        Ok(Self {
            identities: Identities::new()?,
            operators,
            deployed: DeployedPolicies::new(upstream.clone()),
            upstream,
            usage: Usage::default(),
            schemas,
            stacks: StackCallers::default(),
            changes: watch::Sender::new(()),
        })
    }

    /// Returns the credentials that requests are signed with.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Returns a channel that is marked as changed when resources may change.
    ///
    /// This happens with each request to change a resource, and before CloudFormation changes one.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Returns the rights of all operators and roles, and their uses so far.
    ///
    /// Of a role that was deleted, only the uses are included.
    pub fn rights(&self) -> RightsReport {
        let deployed = self.deployed.known();
        let of_roles = deployed.iter().flat_map(|policies| policies.rights());
        RightsReport { held: self.operators.rights().chain(of_roles).collect(), uses: self.usage.counts() }
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Some(question) = Question::of(parts.uri.path()) {
            return question.respond(self, body).await.map(body::full);
        }
        let mut service = None;
        match self.check(&parts, body, &mut service).await {
            Ok(response) => response,
            Err(denial) => {
                // The query of a presigned URL is secret; its path is not.
                tracing::warn!(target: machine::ACTIVITY, "refused {} {}: {denial}", parts.method, parts.uri.path());
                let protocol = Protocol::of(service, &parts);
                denial.response(protocol, parts.uri.path()).map(body::full)
            }
        }
    }

    async fn check(
        &self,
        parts: &Parts,
        body: Incoming,
        service: &mut Option<Service>,
    ) -> Result<Response<Body>, Denial> {
        if parts.uri.path().starts_with(EMULATOR) {
            return Err(Denial::NotAws);
        }
        let signature = Signature::parse(parts)?;
        let found = service_of(parts, signature.as_ref())?;
        *service = Some(found);
        let payload = Payload::read(found, parts, body).await?;
        if is_preflight(parts, signature.as_ref()) {
            return self.upstream.send(parts, None, payload).await;
        }
        let policies = self.deployed.current().await?;
        let identity = match &signature {
            Some(signature) => Some(self.identity(signature, parts, found, &payload)?),
            None => None,
        };
        let caller = Caller { guard: self, policies, principal: identity.as_ref().map(|it| &it.principal) };
        caller.check_role()?;
        let call = Call {
            service: found,
            region: signature.as_ref().map_or(REGION, |signature| &signature.scope.region),
            parts,
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            policies: &caller.policies,
            body: payload.bytes(),
        };
        let mut required = call.required()?;
        if found == Service::CloudControl {
            required.extend(stacks::controlled(&self.schemas, &call)?);
        }
        if deletes_objects(&call) {
            let request = DeleteObjects::parse(payload.bytes()).ok_or(Denial::MalformedXml)?;
            let refusals = required.iter().map(|access| caller.decide(access).err()).collect();
            return delete_objects::send(
                &self.upstream,
                parts,
                signature.as_ref(),
                payload,
                request,
                refusals,
            )
            .await;
        }
        for access in &required {
            caller.decide(access)?;
        }
        if let (Service::CloudFormation, Some(principal)) = (found, caller.principal) {
            self.stacks.remember(&required, principal);
        }
        if found == Service::Iam && call.operation() == simulation::OPERATION {
            return Ok(simulation::response(&self.operators, &caller.policies, &call.form()).map(body::full));
        }
        if found == Service::Sts {
            return Ok(caller_identity(caller.principal).map(body::full));
        }
        let (changes_policies, changes_resources) =
            (changes::of_policies(&call), changes::of_resources(&call));
        let response = self.upstream.send(parts, signature.as_ref(), payload).await?;
        if changes_policies {
            self.deployed.forget();
        }
        if changes_resources {
            self.changes.send_replace(());
        }
        if found == Service::S3 && response.status() == StatusCode::NOT_FOUND {
            caller.check_may_list(parts.uri.path())?;
        }
        Ok(response)
    }

    /// Decides whether one action is allowed, and records its use.
    fn decide(
        &self,
        policies: &Policies,
        principal: Option<&Principal>,
        access: &Access,
    ) -> Result<(), Refusal> {
        let decision = policies.decide(&self.operators, principal, access, Utc::now());
        if let Some(principal) = principal {
            let outcome = decision.as_ref().copied().map_err(|_| access.resource.as_str());
            self.usage.record(principal, &access.action, outcome);
        }
        decision.map(drop)
    }

    /// Verifies the signature of a request, and returns the identity that signed it.
    fn identity(
        &self,
        signature: &Signature,
        parts: &Parts,
        service: Service,
        payload: &Payload,
    ) -> Result<Arc<Identity>, SignatureError> {
        let identity =
            self.identities.find(&signature.access_key_id).ok_or(SignatureError::UnknownAccessKey)?;
        let hash = payload.signed_hash(parts, signature);
        signature.verify(parts, service, &hash, &identity.credentials, Utc::now())?;
        Ok(identity)
    }
}

/// The sender of a request, and the policies at that moment.
struct Caller<'a> {
    guard: &'a Guard,
    policies: Arc<Policies>,
    /// None for a request without credentials.
    principal: Option<&'a Principal>,
}

impl Caller<'_> {
    /// Rejects the credentials of a role that no longer exists.
    fn check_role(&self) -> Result<(), SignatureError> {
        match self.principal {
            Some(Principal::Role { role, .. }) if !self.policies.has_role(role) => {
                Err(SignatureError::UnknownAccessKey)
            }
            _ => Ok(()),
        }
    }

    fn decide(&self, access: &Access) -> Result<(), Refusal> {
        self.guard.decide(&self.policies, self.principal, access)
    }

    /// Checks that the caller may list a bucket. S3 reveals only to such a caller that an object does not exist:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
    fn check_may_list(&self, path: &str) -> Result<(), Refusal> {
        let Some((bucket, _)) = object_of(path) else { return Ok(()) };
        let list = Access::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}"));
        self.decide(&list)
    }
}

/// Returns the service that a request is for.
fn service_of(parts: &Parts, signature: Option<&Signature>) -> Result<Service, Denial> {
    match signature {
        Some(signature) => {
            let name = &signature.scope.service;
            Service::from_signing_name(name).ok_or_else(|| Denial::UnknownService(name.clone()))
        }
        // Only S3 has resources that can be read without credentials.
        None if parts.headers.contains_key("x-amz-target") || parts.method == Method::POST => {
            Err(Denial::Unsigned)
        }
        None => Ok(Service::S3),
    }
}

/// Whether a request is a CORS preflight for a bucket, which needs no permission:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html>.
fn is_preflight(parts: &Parts, signature: Option<&Signature>) -> bool {
    // A preflight for a presigned URL has the signature of the request that follows.
    parts.method == Method::OPTIONS && signature.is_none_or(Signature::is_presigned)
}

/// Returns the response to GetCallerIdentity. The emulator would return the owner of the account to every caller.
fn caller_identity(principal: Option<&Principal>) -> Response<Bytes> {
    let arn = principal.map(Principal::arn).unwrap_or_default();
    let account = crate::identity::ACCOUNT;
    let id = arn.rsplit('/').next().unwrap_or_default();
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{id}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/xml"));
    response
}

/// Serves requests until `shutdown` completes.
pub async fn serve(listener: TcpListener, guard: Arc<Guard>, shutdown: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => open(&mut connections, Arc::clone(&guard), stream),
                // The client closed the connection, or too many files are open.
                Err(error) => {
                    tracing::warn!(target: machine::ACTIVITY, "a connection cannot be accepted: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = &mut shutdown => return,
        }
    }
}

/// Responds to the requests of a connection.
///
/// A generic function would be compiled in the calling crate. This crate is optimized in development builds too.
fn open(connections: &mut JoinSet<()>, guard: Arc<Guard>, stream: TcpStream) {
    // Responses are small and awaited. A socket on which this fails is closed already.
    let _ = stream.set_nodelay(true);
    connections.spawn(async move {
        let service = service_fn(move |request| {
            let guard = Arc::clone(&guard);
            async move { Ok::<_, std::convert::Infallible>(guard.respond(request).await) }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT);
        // A client that closed the connection needs no response.
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    });
}
