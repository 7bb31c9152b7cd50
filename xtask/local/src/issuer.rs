//! Issues access tokens for the demo users, like the platform's Cognito user pool.
//!
//! The issuer is `{base_url}/local_pool`, and its keys are at `{issuer}/.well-known/jwks.json`, as with Cognito. `GET
//! {base_url}/token/{user}` returns a fresh token as text, so an expired token does not require a restart of the
//! stack. The key is generated at the start and never leaves the process. Tokens of an earlier run are rejected.

mod key;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use chrono::Utc;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use serde::Serialize;
use tokio::net::TcpListener;
use uuid::Uuid;

use key::Key;
pub use key::KeyError;

/// The path of the user pool.
const POOL: &str = "local_pool";

/// How long a token from the endpoint is valid; Cognito's default.
pub const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// A user who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The Cognito user name: the UUID that the platform's `users.cognito_id` holds.
    pub username: Uuid,
}

/// An issuer of access tokens, which also publishes the key for checking them.
#[derive(Debug)]
pub struct Issuer {
    base_url: String,
    client_id: String,
    key: Key,
}

/// The claims of a Cognito access token.
///
/// See
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    sub: Uuid,
    iss: String,
    client_id: &'a str,
    origin_jti: Uuid,
    event_id: Uuid,
    token_use: &'a str,
    scope: &'a str,
    auth_time: i64,
    exp: i64,
    iat: i64,
    jti: Uuid,
    username: Uuid,
}

impl Issuer {
    /// Creates an issuer at `base_url` (without a trailing slash) with a new key.
    pub fn new(base_url: impl Into<String>, client_id: impl Into<String>) -> Result<Self, KeyError> {
        Ok(Self { base_url: base_url.into(), client_id: client_id.into(), key: Key::generate()? })
    }

    /// Returns the `iss` claim of the tokens.
    pub fn issuer(&self) -> String {
        format!("{}/{POOL}", self.base_url)
    }

    /// Returns the URL of the keys.
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.issuer())
    }

    /// Returns the `client_id` claim of the tokens.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns a token for `user` that is valid for `lifetime` from now.
    pub fn access_token(&self, user: &User, lifetime: Duration) -> Result<String, KeyError> {
        let now = Utc::now().timestamp();
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self.key.sign(&Claims {
            sub: user.username,
            iss: self.issuer(),
            client_id: &self.client_id,
            origin_jti: Uuid::new_v4(),
            event_id: Uuid::new_v4(),
            token_use: "access",
            scope: "aws.cognito.signin.user.admin",
            auth_time: now,
            exp: now.saturating_add(lifetime),
            iat: now,
            jti: Uuid::new_v4(),
            username: user.username,
        })
    }
}

struct Office {
    issuer: Arc<Issuer>,
    users: BTreeMap<String, User>,
}

/// Serves keys and tokens on `listener` until `shutdown` completes.
///
/// `users` maps the names in token URLs to users.
pub async fn serve(
    listener: TcpListener,
    issuer: Arc<Issuer>,
    users: BTreeMap<String, User>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let office = Arc::new(Office { issuer, users });
    let routes = Router::new()
        .route("/.well-known/jwks.json", get(jwks))
        .route(&format!("/{POOL}/.well-known/jwks.json"), get(jwks))
        .route("/token/{user}", get(token))
        .with_state(office);
    axum::serve(listener, routes).with_graceful_shutdown(shutdown).await
}

async fn jwks(State(office): State<Arc<Office>>) -> Response {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, office.issuer.key.jwks().to_string()).into_response()
}

async fn token(State(office): State<Arc<Office>>, Path(name): Path<String>) -> Response {
    let Some(user) = office.users.get(&name) else {
        let names: Vec<&str> = office.users.keys().map(String::as_str).collect();
        let message = format!("no user of that name; there are {}\n", names.join(", "));
        return (StatusCode::NOT_FOUND, headers(), message).into_response();
    };
    match office.issuer.access_token(user, TOKEN_LIFETIME) {
        Ok(token) => (headers(), token).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not sign a token");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The console has another origin.
///
/// Any page may request tokens, because the users are demo users.
fn headers() -> [(HeaderName, &'static str); 3] {
    [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ]
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    use serde_json::Value;
    use tokio::sync::oneshot;

    use super::*;

    fn user(number: u128) -> User {
        User { username: Uuid::from_u128(number) }
    }

    fn check(keys: &JwkSet, issuer: &str, token: &str) -> jsonwebtoken::errors::Result<Value> {
        let kid = decode_header(token)?.kid.unwrap();
        let key = DecodingKey::from_jwk(keys.find(&kid).unwrap())?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.leeway = 0;
        validation.validate_aud = false;
        Ok(decode::<Value>(token, &key, &validation)?.claims)
    }

    #[test]
    fn tokens_match_those_of_cognito() {
        let issuer = Issuer::new("http://127.0.0.1:9004", "client").unwrap();
        let keys: JwkSet = serde_json::from_value(issuer.key.jwks()).unwrap();
        let token = issuer.access_token(&user(7), Duration::from_mins(1)).unwrap();
        let claims = check(&keys, "http://127.0.0.1:9004/local_pool", &token).unwrap();
        assert_eq!(claims["username"], user(7).username.to_string());
        assert_eq!(claims["sub"], claims["username"]);
        assert_eq!(claims["client_id"], "client");
        assert_eq!(claims["token_use"], "access");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);

        let another = Issuer::new("http://127.0.0.1:9004", "client").unwrap();
        let foreign = another.access_token(&user(7), Duration::from_mins(1)).unwrap();
        assert_ne!(decode_header(&foreign).unwrap().kid, decode_header(&token).unwrap().kid);
        let (_, signature) = foreign.rsplit_once('.').unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{signature}");
        assert!(check(&keys, "http://127.0.0.1:9004/local_pool", &forged).is_err());
        assert!(check(&keys, "http://elsewhere/local_pool", &token).is_err());
    }

    #[tokio::test]
    async fn issuer_serves_keys_and_tokens() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Arc::new(Issuer::new(&base, "client").unwrap());
        let users = BTreeMap::from([("owner".to_owned(), user(1))]);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, Arc::clone(&issuer), users, async {
            let _ = stopped.await;
        }));

        let fetch = async |url: String| reqwest::get(url).await.unwrap();
        let keys: JwkSet = fetch(issuer.jwks_url()).await.json().await.unwrap();
        let token = fetch(format!("{base}/token/owner")).await.text().await.unwrap();
        let claims = check(&keys, &issuer.issuer(), &token).unwrap();
        assert_eq!(claims["username"], user(1).username.to_string());
        let unknown = fetch(format!("{base}/token/nobody")).await;
        assert_eq!(unknown.status(), 404);
        assert!(unknown.text().await.unwrap().contains("owner"));

        drop(stop);
        server.await.unwrap().unwrap();
    }
}
