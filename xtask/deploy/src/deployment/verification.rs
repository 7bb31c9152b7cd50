//! Verifies that a deployed environment works.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use openapi::{Access, Method, ROUTES};
use reqwest::StatusCode;
use stack::{Environment, OutputName};

use crate::connection::Connection;
use crate::deployed_stack::Outputs;
use crate::keys::open_signed_probe;

/// How long to wait for a new API to become available on all of API Gateway.
const LIMIT: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Sends a request to the API, and opens a signed URL once the distribution is deployed.
pub(super) async fn verify(
    environment: &Environment,
    connection: &Connection,
    outputs: &Outputs,
) -> Result<()> {
    let step = connection.operator.begin("verify");
    let verified =
        tokio::try_join!(wait_for_api(connection, outputs), open_signed_probe(environment, connection));
    let (status, ()) = verified?;
    step.done(&format!("the API responds ({}), a signed URL opens", status.as_u16()));
    Ok(())
}

/// Waits until the public route rejects a request without parameters.
///
/// Returns the status. Only the function itself can reject missing parameters, so the rejection proves that the
/// function runs.
async fn wait_for_api(connection: &Connection, outputs: &Outputs) -> Result<StatusCode> {
    let base = match &connection.local {
        Some(local) => local.api_url.as_str(),
        None => outputs.get(OutputName::ApiUrl)?,
    };
    let is_public = |route: &&openapi::Route| route.access == Access::Public && route.method == Method::Get;
    let route = ROUTES.iter().find(is_public).context("no route is public")?;
    let url = format!("{}{}", base.trim_end_matches('/'), route.path);
    let http = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(35))
        .build()
        .context("could not create the HTTP client")?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(100);
    loop {
        let response = http.get(&url).send().await;
        match response {
            Ok(response) if response.status() == StatusCode::BAD_REQUEST => return Ok(response.status()),
            _ if start.elapsed() < LIMIT => {}
            Ok(response) => bail!("{url} returned {}, expected 400", response.status()),
            Err(error) => return Err(error).with_context(|| format!("{url} does not respond")),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
