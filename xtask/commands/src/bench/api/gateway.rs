//! What the gateway of the local stack adds to a request.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use command_line::terminal::Step;
use reqwest::{Client, Url};

use super::{Surroundings, WARM_UP, event};
use crate::bench::Effort;
use crate::bench::figure::{Figure, Figures, in_seconds};
use crate::bench::single_function::SingleFunction;

/// The throttle of a route limits how many requests can be sent.
const REQUESTS: usize = 100;

/// Requests a signed URL through the gateway and from the function directly, by turns.
pub(super) async fn measure(
    figures: &mut Figures,
    surroundings: &Surroundings,
    effort: Effort,
) -> Result<()> {
    let step = Step::begin("gateway");
    let stack = &surroundings.stack;
    let direct = SingleFunction::start("direct", &surroundings.api, stack, &[], 1).await?;
    let event = event::sign_event(stack);
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    let parameters = [
        ("dataset_id", stack.dataset_id.as_str()),
        ("package_id", stack.packages.viewer.as_str()),
        ("path", stack.assets.thumbnail.as_str()),
    ];
    let url = Url::parse_with_params(&format!("{}/cloudfront/sign", stack.api_url), parameters)?;
    let token = stack.tokens.get("editor").context("stack.json has no token of the editor")?;
    let request = async || -> Result<Duration> {
        let start = Instant::now();
        let response = client.get(url.clone()).bearer_auth(token).send().await?;
        let status = response.status();
        response.bytes().await?;
        ensure!(status.is_success(), "the gateway responded with {status}");
        Ok(start.elapsed())
    };
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    let rounds = effort.rounds(REQUESTS);
    for round in 0..WARM_UP.min(rounds) + rounds {
        // The first request after those to another function takes longer.
        direct.time(&event, 200).await?;
        let limit = direct.time(&event, 200).await?;
        request().await?;
        let time = request().await?;
        if round >= WARM_UP.min(rounds) {
            limits.push(limit);
            times.push(time);
        }
    }
    direct.stop().await;
    let figure = Figure::times("/cloudfront/sign through the gateway of the local stack", &times);
    figures.add(figure.limited_by("the same event to the function", in_seconds(&limits)));
    step.done(format!("{rounds} requests, by turns with the function alone"));
    Ok(())
}
