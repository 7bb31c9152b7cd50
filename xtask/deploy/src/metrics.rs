//! Reads the metrics of an environment: those that the functions write, and those of AWS that say how it is doing.
//!
//! Rates are computed here and not by metric math: the emulator of the local stack has none.

mod catalog;
mod data;
mod series;
mod span;
mod summary;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::TimeDelta;
use serde::Serialize;
use stack::Environment;

pub use self::catalog::{Definition, Kind, catalog};
pub(crate) use self::data::{Query, read as read_data};
use self::series::Series;
pub use self::span::Span;
pub use self::summary::Summary;
use crate::connection::Connection;
use crate::deployed_stack::DeployedStack;

/// The metrics of an environment over a span.
#[derive(Debug, Serialize)]
pub struct Metrics {
    /// The span, and its periods.
    #[serde(flatten)]
    pub span: Span,
    /// The series with data.
    pub series: Vec<Measured>,
    /// The metrics without data.
    pub without_data: Vec<&'static str>,
}

/// A series with its data.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The metric.
    #[serde(flatten)]
    pub definition: Definition,
    /// The values of its dimensions, by their names.
    pub dimensions: BTreeMap<String, String>,
    /// What it is measured of, for people: the function, the route, the class of the status.
    #[serde(skip)]
    pub label: String,
    /// What it amounts to.
    #[serde(flatten)]
    pub summary: Summary,
    /// The value of each period: the sum of a count, the 99th percentile of a time, the highest of a state, the average
    /// of a share.
    pub trend: Vec<Option<f64>>,
}

/// Reads these metrics of an environment.
///
/// What cannot be read is reported to the operator and left out.
pub async fn read(
    environment: &Environment,
    connection: &Connection,
    definitions: &[Definition],
    span: Span,
) -> Result<Metrics> {
    let stack = DeployedStack::get(&connection.cloudformation(), environment).await?;
    let client = connection.cloudwatch();
    let mut all: Vec<Series> =
        definitions.iter().flat_map(|definition| series::known(*definition, &stack.outputs)).collect();
    match series::listed(&client, definitions, &stack.outputs).await {
        Ok(listed) => all.extend(listed),
        Err(error) => connection.operator.warn(&error),
    }
    let (global, regional): (Vec<_>, Vec<_>) = all.into_iter().partition(Series::is_global);
    let of_cloudfront = connection.cloudwatch_of_cloudfront();
    let (regional, global) =
        tokio::join!(measure(&client, regional, span), measure(&of_cloudfront, global, span));
    let mut series = regional?;
    match global {
        Ok(measured) => series.extend(measured),
        Err(error) => connection.operator.warn(&error),
    }
    let place = |measured: &Measured| definitions.iter().position(|it| *it == measured.definition);
    series.sort_by_key(place);
    let has_data = |definition: &&Definition| series.iter().any(|it| it.definition == **definition);
    let without_data = definitions.iter().filter(|it| !has_data(it)).map(|it| it.name).collect();
    Ok(Metrics { span, series, without_data })
}

/// Returns the series that have data.
async fn measure(
    client: &aws_sdk_cloudwatch::Client,
    series: Vec<Series>,
    span: Span,
) -> Result<Vec<Measured>> {
    let queries: Vec<Vec<Query>> = series.iter().map(|series| queries(series, span)).collect();
    let points = data::read(client, &queries.concat(), span).await?;
    let mut points = points.into_iter();
    let mut measured = Vec::new();
    for (series, queries) in series.into_iter().zip(queries) {
        let Series { definition, dimensions, label } = series;
        let trend = summary::trend(&points.next().unwrap_or_default(), span);
        let of_span: Vec<Option<f64>> =
            queries.iter().skip(1).map(|query| query.whole(&points.next().unwrap_or_default())).collect();
        if let Some(summary) = summary::summarize(definition.kind, &trend, &of_span, span) {
            measured.push(Measured {
                definition,
                dimensions: dimensions.into_iter().collect(),
                label,
                summary,
                trend,
            });
        }
    }
    Ok(measured)
}

/// Returns the query for each period, then those for the whole span.
fn queries(series: &Series, span: Span) -> Vec<Query> {
    let Definition { namespace, name, kind, .. } = series.definition;
    let query = |statistic, period: TimeDelta| Query {
        namespace,
        name,
        dimensions: series.dimensions.clone(),
        statistic,
        period,
    };
    let whole = kind.of_span().iter().map(|statistic| query(statistic, span.length()));
    [query(kind.trend(), span.period)].into_iter().chain(whole).collect()
}

#[cfg(test)]
mod tests;
