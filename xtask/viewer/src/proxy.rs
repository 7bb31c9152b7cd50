//! Passes the page's requests on to an API whose CORS settings do not allow the page's origin.
//!
//! The gateway of a deployed environment allows the origins of its environment file, and pages on this machine are not
//! among them. A browser does not let such a page read a response, whatever token it has. This server has no token and
//! adds nothing: it passes on the query and the Authorization header of a request to sign, and the API decides.

use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::json;
use url::Url;

/// The only operation that the page uses.
const SIGN_PATH: &str = "/cloudfront/sign";

/// The gateway itself responds after 30 seconds at most:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const TIMEOUT: Duration = Duration::from_secs(35);

/// What the page sends, and what it reads of a response.
const REQUEST_HEADERS: [HeaderName; 2] = [AUTHORIZATION, ACCEPT];
const RESPONSE_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, HeaderName::from_static("apigw-requestid")];

/// A client of the API.
#[derive(Clone)]
pub(crate) struct ApiProxy {
    http: Client,
    sign_url: Url,
}

impl ApiProxy {
    pub(crate) fn new(api_url: &Url) -> reqwest::Result<Self> {
        let http = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build()?;
        let mut sign_url = api_url.clone();
        sign_url.set_path(&format!("{}{SIGN_PATH}", api_url.path().trim_end_matches('/')));
        Ok(Self { http, sign_url })
    }

    pub(crate) fn into_routes(self) -> Router {
        Router::new().route(SIGN_PATH, get(sign)).with_state(self)
    }
}

async fn sign(State(proxy): State<ApiProxy>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let mut url = proxy.sign_url.clone();
    url.set_query(query.as_deref());
    let passed = pick(&headers, &REQUEST_HEADERS);
    match proxy.http.get(url).headers(passed).send().await {
        Ok(response) => {
            let (status, headers) = (response.status(), pick(response.headers(), &RESPONSE_HEADERS));
            match response.bytes().await {
                Ok(body) => (status, headers, body).into_response(),
                Err(error) => unreachable(&error.without_url()),
            }
        }
        Err(error) => unreachable(&error.without_url()),
    }
}

fn pick(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

/// Returns an error in the form of the API's own. It does not contain the URL.
fn unreachable(error: &reqwest::Error) -> Response {
    let message = format!("the server of this page could not reach the API: {error}");
    let body = json!({ "message": message }).to_string();
    (StatusCode::BAD_GATEWAY, [(CONTENT_TYPE, "application/json")], body).into_response()
}
