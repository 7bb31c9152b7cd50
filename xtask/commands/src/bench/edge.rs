//! How many chunks per second the CDN of the local stack serves.
//!
//! Every request has the policy of a package, whose signature the edge verifies. A server in this process returns as many
//! bytes for the same requests: what it takes is the cost of the client and of the connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use command_line::environment;
use command_line::terminal::Step;
use local_stack::StackFile;
use operator::connect::{connect_to_emulator, read_stack_file};
use reqwest::{Client, Url};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Effort;
use super::figure::{Figure, Figures};
use super::unit::Unit;
use crate::load::signed_urls::{sign_package, url_in_package};

const CHUNKS: usize = 5_000;
const CHUNK_LENGTH: usize = 8 * 1024;
/// The number of requests in flight: what several pages with six connections each send.
const IN_FLIGHT: usize = 32;
const ROUNDS: usize = 10;
const TARGET: f64 = 5_000.0;

const FOLDER: &str = "bench/chunks";
const FILE: &str = "bench/chunks.bin";

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let stack = read_stack_file::<StackFile>()?;
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    let package = sign_package(&client, &stack).await?;
    let prefix = Url::parse(&package.base_url)?.path().trim_start_matches('/').to_owned();
    upload(&stack, &prefix).await?;

    let asset = |path: &str| url_in_package(&package, path);
    let chunk = |number| asset(&format!("{FOLDER}/{number}")).map(|url| Chunk { url, range: None });
    let chunks: Arc<[Chunk]> = (0..CHUNKS).map(chunk).collect::<Result<_>>()?;
    let file = asset(FILE)?;
    let range = |number| {
        let first = number * CHUNK_LENGTH;
        Chunk { url: file.clone(), range: Some(format!("bytes={first}-{}", first + CHUNK_LENGTH - 1)) }
    };
    let ranges: Arc<[Chunk]> = (0..CHUNKS).map(range).collect();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().fallback(async || vec![0_u8; CHUNK_LENGTH]);
    let server = tokio::spawn(axum::serve(listener, routes).into_future());
    let nearby = |chunk: &Chunk| -> Result<Chunk> {
        let mut url = chunk.url.clone();
        url.set_port(Some(address.port())).ok().context("the CDN has no address with a port")?;
        Ok(Chunk { url, range: None })
    };
    let nearby: Arc<[Chunk]> = chunks.iter().map(nearby).collect::<Result<_>>()?;

    let step = Step::begin("chunks");
    let fetch = async |chunks: &Arc<[Chunk]>| fetch_all(&client, chunks).await;
    for (what, chunks) in [("objects", &chunks), ("ranges of one object", &ranges)] {
        let first = fetch(chunks).await?;
        figures.add(Figure::new(format!("{what} from S3"), Unit::PerSecond, vec![first]));
        let (mut cached, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds(ROUNDS) {
            alone.push(fetch(&nearby).await?);
            cached.push(fetch(chunks).await?);
        }
        let figure = Figure::new(format!("{what} from the cache"), Unit::PerSecond, cached);
        figures.add(figure.limited_by("a server in this process without signatures", alone).target(TARGET));
    }
    server.abort();
    step.done(format!("{CHUNKS} of 8 KiB, as objects and as ranges of one object"));
    Ok(())
}

/// A request for a chunk.
struct Chunk {
    url: Url,
    range: Option<String>,
}

/// Stores the chunks as objects, and all of them as one object.
async fn upload(stack: &StackFile, prefix: &str) -> Result<()> {
    let step = Step::begin("objects");
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let administrator = stack.credentials.get("administrator").context("stack.json has no administrator")?;
    let connection =
        connect_to_emulator(&environment, &stack.aws_endpoint_url, administrator.clone().into()).await?;
    let s3 = connection.s3();
    let bucket = stack.buckets.assets.as_deref().context("no stack is deployed")?;
    let put = |path: String, length| {
        let key = format!("{prefix}{path}");
        s3.put_object().bucket(bucket).key(key).body(vec![1; length].into()).send()
    };
    put(FILE.to_owned(), CHUNKS * CHUNK_LENGTH).await?;
    let mut uploads = JoinSet::new();
    for number in 0..CHUNKS {
        if uploads.len() == IN_FLIGHT {
            uploads.join_next().await.transpose()?.transpose()?;
        }
        uploads.spawn(put(format!("{FOLDER}/{number}"), CHUNK_LENGTH));
    }
    for uploaded in uploads.join_all().await {
        uploaded?;
    }
    step.done(format!("{CHUNKS} in {bucket}"));
    Ok(())
}

/// Requests all chunks, and returns how many were received per second.
async fn fetch_all(client: &Client, chunks: &Arc<[Chunk]>) -> Result<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut viewers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, chunks, next) = (client.clone(), Arc::clone(chunks), Arc::clone(&next));
        viewers.spawn(async move {
            while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                chunk.fetch(&client).await?;
            }
            anyhow::Ok(())
        });
    }
    for ended in viewers.join_all().await {
        ended?;
    }
    Ok(f64::from(u32::try_from(chunks.len())?) / start.elapsed().as_secs_f64())
}

impl Chunk {
    async fn fetch(&self, client: &Client) -> Result<()> {
        let mut request = client.get(self.url.clone());
        if let Some(range) = &self.range {
            request = request.header("range", range);
        }
        // The error of the client would name the URL with its signature.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let body = response.bytes().await.map_err(reqwest::Error::without_url)?;
        ensure!(status.is_success() && body.len() == CHUNK_LENGTH, "{status} with {} bytes", body.len());
        Ok(())
    }
}
