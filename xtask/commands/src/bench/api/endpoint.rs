//! A request whose latency is measured, and what it needs at least.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use faults::{Fate, Faults};
use reqwest::{Client, Url};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::event::without_endpoint;
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
    /// The number of statements that it executes.
    statement_count: usize,
    /// The URL of an object in S3 whose headers it reads.
    object: Option<Url>,
    /// How much longer than its limit it may take.
    allowance: Option<Duration>,
    /// Its statements, as commands for any client.
    statements: Vec<String>,
    /// The time of the older service, with a fast and with a distant database, in milliseconds.
    older: [Option<f64>; 2],
    times: Vec<Duration>,
    limits: Vec<Duration>,
}

/// What the response to a request and to its floor has to be.
#[derive(Clone, Copy)]
enum Expectation {
    /// The status of the endpoint; that of the floor is 404.
    Status(u16),
    /// The authorizer admits the caller; without a token it does not.
    Admission,
}

/// The time of a request, and its limit.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    time: Duration,
    limit: Duration,
}

impl<'a> Endpoint<'a> {
    /// Returns a request that executes this many statements and has a response with this status.
    pub(super) fn new(
        name: &'static str,
        function: &'a SingleFunction,
        event: Value,
        status: u16,
        statement_count: usize,
    ) -> Self {
        let floor = without_endpoint(&event);
        let expectation = Expectation::Status(status);
        Self { expectation, ..Self::admission(name, function, event, floor, statement_count) }
    }

    /// Returns a request that the authorizer admits, and one that it rejects without any work.
    pub(super) fn admission(
        name: &'static str,
        function: &'a SingleFunction,
        event: Value,
        floor: Value,
        statement_count: usize,
    ) -> Self {
        Self {
            name,
            function,
            event,
            floor,
            expectation: Expectation::Admission,
            statement_count,
            object: None,
            allowance: None,
            statements: Vec::new(),
            older: [None, None],
            times: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Sets how much longer than its limit it may take.
    pub(super) fn allow(self, microseconds: u64) -> Self {
        Self { allowance: Some(Duration::from_micros(microseconds)), ..self }
    }

    /// Sets the presigned URL of an object whose headers it reads.
    pub(super) fn reading(self, object: &str) -> Result<Self> {
        Ok(Self { object: Some(object.parse().context("a presigned URL is invalid")?), ..self })
    }

    /// Sets the times of the older service with a fast and with a distant database, in milliseconds.
    pub(super) fn older(self, fast: f64, distant: Option<f64>) -> Self {
        Self { older: [Some(fast), distant], ..self }
    }

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
        ensure!(count == self.statement_count, "{}: {count} statements are executed", self.name);
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
        if let Some(object) = &self.object {
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
        let statements = match self.statement_count {
            0 => String::new(),
            1 => " + its statement".to_owned(),
            count => format!(" + its {count} statements"),
        };
        let s3 = if self.object.is_some() { " + 1 request to S3" } else { "" };
        let figure = Figure::times(format!("{}, {round_trip}", self.name), &self.times)
            .limited_by(format!("floor{statements}{s3}"), in_seconds(&self.limits));
        let figure = match self.allowance {
            Some(allowance) => figure.target_above_limit(allowance),
            None => figure,
        };
        match self.older[usize::from(is_distant)] {
            Some(milliseconds) => figure.older(milliseconds / 1e3),
            None => figure,
        }
    }
}
