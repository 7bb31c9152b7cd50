//! The requests to each endpoint.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use faults::{Fate, Faults};
use local_stack::StackFile;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use super::{ApiFunctions, claims};
use crate::bench::figure::{Figure, in_seconds};
use crate::bench::replay::Prepared;
use crate::bench::single_function::SingleFunction;

/// A request, what it needs at least, and its measured times.
pub(super) struct Endpoint<'a> {
    name: &'static str,
    function: &'a SingleFunction,
    event: Value,
    /// An event that costs the function everything but the work of the endpoint.
    floor: Value,
    expectation: Expectation,
    work: Work,
    /// The statements that it executes, as commands for any client.
    statements: Vec<String>,
    /// The time of the older service, with a fast and with a distant database, in milliseconds.
    older: [Option<f64>; 2],
    times: Vec<Duration>,
    limits: Vec<Duration>,
}

/// What the response to a request and to its floor has to be.
#[derive(Clone, Copy)]
pub(super) enum Expectation {
    /// The status of the endpoint; that of the floor is 404.
    Status(u16),
    /// The authorizer admits the caller; without a token it does not.
    Admission,
}

/// What a request needs at least, besides receiving the event and returning the response.
struct Work {
    /// How many statements it executes, each in a round trip.
    statements: usize,
    /// The URL of an object in S3 whose headers are read.
    object: Option<Url>,
    /// How much longer it may take.
    allowance: Option<Duration>,
}

impl Work {
    fn new(statements: usize, allowance_microseconds: u64) -> Self {
        let allowance = Some(Duration::from_micros(allowance_microseconds));
        Self { statements, object: None, allowance }
    }

    fn without_target(statements: usize) -> Self {
        Self { statements, object: None, allowance: None }
    }

    fn with_object(self, object: &str) -> Result<Self> {
        Ok(Self { object: Some(object.parse().context("a presigned URL is invalid")?), ..self })
    }
}

/// The time of a request, and its limit.
pub(super) struct Measured {
    time: Duration,
    limit: Duration,
}

impl Endpoint<'_> {
    /// Finds out which statements the request executes, and prepares them on another connection.
    pub(super) async fn record_statements(
        &mut self,
        number: usize,
        faults: &Faults,
        database: &mut PgConnection,
    ) -> Result<()> {
        faults.begin(|_| Fate::Forward);
        faults.record_statements();
        match self.expectation {
            Expectation::Status(status) => self.function.time(&self.event, status).await,
            Expectation::Admission => self.decide(&self.event, true).await,
        }
        .with_context(|| self.name)?;
        let statements = faults.statements();
        let count = statements.len();
        ensure!(count == self.work.statements, "{}: {count} statements are executed", self.name);
        for (position, statement) in statements.iter().enumerate() {
            let Prepared { prepare, execute } =
                Prepared::new(statement, &format!("bench_{number}_{position}"))?;
            // Safe: the function has executed the same text.
            sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *database).await?;
            self.statements.push(execute);
        }
        Ok(())
    }

    /// Sends the request and what limits it.
    pub(super) async fn measure(&self, database: &mut PgConnection, client: &Client) -> Result<Measured> {
        let (floor, time) = match self.expectation {
            Expectation::Status(status) => {
                // The first request after those to other functions takes longer.
                self.function.time(&self.floor, 404).await?;
                let floor = self.function.time(&self.floor, 404).await?;
                let time = self.function.time(&self.event, status).await;
                (floor, time.with_context(|| self.name)?)
            }
            Expectation::Admission => {
                self.decide(&self.floor, false).await?;
                (self.decide(&self.floor, false).await?, self.decide(&self.event, true).await?)
            }
        };
        let mut limit = floor;
        for statement in &self.statements {
            let start = Instant::now();
            sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut *database).await?;
            limit += start.elapsed();
        }
        if let Some(object) = &self.work.object {
            let start = Instant::now();
            // The error of the client would show the URL with its signature.
            client
                .get(object.clone())
                .header("range", "bytes=0-0")
                .send()
                .await
                .map_err(reqwest::Error::without_url)?;
            limit += start.elapsed();
        }
        Ok(Measured { time, limit })
    }

    async fn decide(&self, event: &Value, is_authorized: bool) -> Result<Duration> {
        let (response, time) = self.function.invoke(event).await?;
        ensure!(response["isAuthorized"] == is_authorized, "the authorizer responded with {response}");
        Ok(time)
    }

    pub(super) fn add(&mut self, measured: Measured) {
        self.times.push(measured.time);
        self.limits.push(measured.limit);
    }

    /// Returns the figure of the measured times.
    pub(super) fn into_figure(self, is_distant: bool) -> Figure {
        let round_trip = if is_distant { "2.5 ms a round trip" } else { "fast database" };
        let statements = match self.work.statements {
            0 => String::new(),
            1 => " + its statement".to_owned(),
            count => format!(" + its {count} statements"),
        };
        let s3 = if self.work.object.is_some() { " + 1 request to S3" } else { "" };
        let figure = Figure::times(format!("{}, {round_trip}", self.name), &self.times)
            .limited_by(format!("floor{statements}{s3}"), in_seconds(&self.limits));
        let figure = match self.work.allowance {
            Some(allowance) => figure.target_above_limit(allowance),
            None => figure,
        };
        match self.older[usize::from(is_distant)] {
            Some(milliseconds) => figure.older(milliseconds / 1e3),
            None => figure,
        }
    }
}

/// Returns a request to each endpoint in each of its modes.
pub(super) async fn all<'a>(
    functions: &'a ApiFunctions,
    authorizer: &'a SingleFunction,
    stack: &StackFile,
) -> Result<Vec<Endpoint<'a>>> {
    let ApiFunctions { ec_sha256, ec_sha1, rsa_sha256, rsa_sha1 } = functions;
    let viewer = ("package_id", stack.packages.viewer.as_str());
    let asset = [viewer, ("path", stack.assets.thumbnail.as_str())];
    let asset_in_json = [asset[0], asset[1], ("redirect", "false")];
    let file = [("package_id", stack.packages.live_file.as_str()), ("redirect", "false")];
    let presigned_url = presigned_url(ec_sha256, stack, &asset_in_json).await?;
    let proxied = [("presigned_url", presigned_url.as_str())];

    let sign = sign_event(stack);
    let sign_package = event("/cloudfront/sign", stack, &[viewer, ("scope", "package")]);
    let get = |path, parameters: &[(&str, &str)]| event(path, stack, parameters);
    let head = |path, parameters: &[(&str, &str)]| with_method("HEAD", event(path, stack, parameters));
    let mut restore = with_method("POST", event("/restore", stack, &[]));
    restore["body"] =
        json!(json!({"nodeIds": ["N:package:00000000-0000-4000-8000-000000000000"]}).to_string());

    let unknown = [None, None];
    let endpoint = |name, function, event: Value, status, work, older| Endpoint {
        name,
        function,
        floor: without_endpoint(&event),
        event,
        expectation: Expectation::Status(status),
        work,
        statements: Vec::new(),
        older,
        times: Vec::new(),
        limits: Vec::new(),
    };
    let older_sign = [Some(1.64), Some(6.8)];
    let older_presign = [Some(0.79), Some(6.1)];
    let mut endpoints = vec![
        endpoint("/cloudfront/sign, EC-SHA256", ec_sha256, sign.clone(), 200, Work::new(1, 100), older_sign),
        endpoint("/cloudfront/sign, EC-SHA1", ec_sha1, sign.clone(), 200, Work::new(1, 200), older_sign),
        endpoint(
            "/cloudfront/sign, RSA-SHA256",
            rsa_sha256,
            sign.clone(),
            200,
            Work::new(1, 550),
            older_sign,
        ),
        endpoint("/cloudfront/sign, RSA-SHA1", rsa_sha1, sign, 200, Work::new(1, 2800), older_sign),
        endpoint(
            "/cloudfront/sign of a package, EC-SHA256",
            ec_sha256,
            sign_package,
            200,
            Work::new(1, 100),
            unknown,
        ),
        endpoint(
            "/presign/s3 of a file",
            ec_sha256,
            get("/presign/s3", &file),
            200,
            Work::new(1, 100),
            older_presign,
        ),
        endpoint(
            "/presign/s3 of an asset",
            ec_sha256,
            get("/presign/s3", &asset_in_json),
            200,
            Work::new(1, 100),
            older_presign,
        ),
        endpoint(
            "/presign/s3 of an asset, redirect",
            ec_sha256,
            get("/presign/s3", &asset),
            307,
            Work::new(1, 100),
            unknown,
        ),
        endpoint(
            "HEAD /presign/s3 of an asset, redirect",
            ec_sha256,
            head("/presign/s3", &asset),
            307,
            Work::new(1, 100),
            unknown,
        ),
        endpoint(
            "HEAD /presign/s3 of an asset",
            ec_sha256,
            head("/presign/s3", &asset_in_json),
            200,
            Work::without_target(1).with_object(&presigned_url)?,
            unknown,
        ),
        endpoint(
            "/proxy/s3",
            ec_sha256,
            get("/proxy/s3", &proxied),
            307,
            Work::new(0, 50),
            [Some(0.22), None],
        ),
        endpoint(
            "HEAD /proxy/s3, redirect",
            ec_sha256,
            head("/proxy/s3", &proxied),
            307,
            Work::without_target(0).with_object(&presigned_url)?,
            unknown,
        ),
        endpoint(
            "/restore that finds nothing",
            ec_sha256,
            restore,
            200,
            Work::new(2, 200),
            [Some(0.79), Some(15.4)],
        ),
    ];
    let mut admission = event("/presign/s3", stack, &file);
    let floor = admission.clone();
    let token = stack.tokens.get("editor").context("stack.json has no token of the editor")?;
    admission["headers"] = json!({"authorization": format!("Bearer {token}")});
    endpoints.push(Endpoint {
        name: "the authorizer",
        function: authorizer,
        event: admission,
        floor,
        expectation: Expectation::Admission,
        work: Work::without_target(2),
        statements: Vec::new(),
        older: unknown,
        times: Vec::new(),
        limits: Vec::new(),
    });
    Ok(endpoints)
}

/// Returns the event of a request for the signed URL of an asset.
pub(super) fn sign_event(stack: &StackFile) -> Value {
    let viewer = stack.packages.viewer.as_str();
    event("/cloudfront/sign", stack, &[("package_id", viewer), ("path", stack.assets.thumbnail.as_str())])
}

/// Returns the same event for a path that does not exist.
pub(super) fn without_endpoint(event: &Value) -> Value {
    let mut event = event.clone();
    event["requestContext"]["http"]["path"] = json!("/nowhere");
    event
}

fn with_method(method: &str, mut event: Value) -> Value {
    event["requestContext"]["http"]["method"] = json!(method);
    event
}

async fn presigned_url(
    function: &SingleFunction,
    stack: &StackFile,
    asset: &[(&str, &str)],
) -> Result<String> {
    let (response, _) = function.invoke(&event("/presign/s3", stack, asset)).await?;
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default())?;
    Ok(body["presigned_url"].as_str().context("the function presigned nothing")?.to_owned())
}

/// Returns an event for an editor's GET request, as API Gateway sends it.
pub(in crate::bench) fn event(path: &str, stack: &StackFile, parameters: &[(&str, &str)]) -> Value {
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
            "authorizer": {"lambda": claims(stack)},
        },
        "isBase64Encoded": false,
    })
}
