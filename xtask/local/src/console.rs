//! A web page that shows what happens in the local stack, and lets users try the API.
//!
//! The page is plain HTML, CSS and JavaScript in this binary, and loads nothing from other sites. Only
//! `packages-client.js`, the client of the API, is built, by `xtask/viewer/web/build.js`. A content security policy allows requests only to the servers of the stack. All its content comes from JSON
//! documents and is inserted as text, never as markup.
//!
//! What changes arrives as server-sent events ([`Topic`]). What a user does is either a request to the API, which the page
//! sends itself, or an [`Action`] of this server, which other sites cannot start.

mod actions;
mod documents;
mod files;
pub mod graphs;
mod guard;
mod live;
mod lookups;
pub mod packages;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// JSON that is being read, or why it cannot be read.
pub type Json = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// A component of the stack that runs on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    /// One word, such as `gateway`. The page requests tokens from `issuer`.
    pub name: String,
    /// Address at which it listens, with a port.
    pub url: String,
    /// A sentence that describes it.
    pub description: String,
}

/// A document that changes while the page shows it.
#[derive(Clone)]
pub struct Topic {
    /// The name of its events.
    pub name: &'static str,
    /// How often it is read while somebody looks at the page.
    pub interval: Duration,
    /// Reads the document.
    pub read: Arc<dyn Fn() -> Json + Send + Sync>,
}

/// A document about one thing, which the page requests by the id of it.
#[derive(Clone)]
pub struct Lookup {
    /// The last segment of its path.
    pub name: &'static str,
    /// Reads the document.
    pub find: Arc<dyn Fn(String) -> Json + Send + Sync>,
}

/// Something that the page does other than by a request to the API.
#[derive(Clone)]
pub struct Action {
    /// The last segment of its path.
    pub name: &'static str,
    /// Does it, with the JSON body of the request.
    pub run: Arc<dyn Fn(Value) -> Json + Send + Sync>,
}

/// The data that the page shows.
#[derive(Clone)]
pub struct ConsoleModel {
    /// Returns the current content of `stack.json`: URLs, tokens and ids of the demo data.
    pub stack_json: Arc<dyn Fn() -> Value + Send + Sync>,
    /// The API's OpenAPI document.
    pub openapi: Value,
    /// Components of the stack.
    pub components: Vec<Component>,
    /// Returns the current statistics of the functions: an object with one object per function.
    pub statistics: Arc<dyn Fn() -> Value + Send + Sync>,
    /// What was deployed at the start and has no effect here, a line each.
    pub without_effect: Vec<String>,
    /// What is shown as it changes.
    pub topics: Vec<Topic>,
    /// What is shown of one thing.
    pub lookups: Vec<Lookup>,
    /// What a user can do.
    pub actions: Vec<Action>,
}

/// Serves the page on `listener` until `shutdown` completes.
pub async fn serve(
    listener: TcpListener,
    model: ConsoleModel,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let policy = guard::content_security_policy(&model);
    let (stopping, stopped) = watch::channel(false);
    let routes = Router::new()
        .merge(files::routes())
        .merge(documents::routes(&model))
        .merge(lookups::routes(&model.lookups))
        .merge(actions::routes(&model.actions))
        .route("/events", get(live::stream).with_state(live::Topics::new(&model, stopped)))
        .layer(from_fn_with_state(policy, guard::check));
    let shutdown = async move {
        shutdown.await;
        // Streams of events have no end of their own, and would delay the shutdown.
        stopping.send_replace(true);
    };
    axum::serve(listener, routes).with_graceful_shutdown(shutdown).await
}

/// Returns a response with a document.
fn document(content_type: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

#[cfg(test)]
mod testing;
