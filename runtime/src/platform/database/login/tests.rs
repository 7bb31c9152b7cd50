use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::{Login, Token, rds_proxy_options};
use crate::configuration::{Common, Variables};
use crate::platform::aws::{Aws, TimeLimits};

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn token_is_used_for_ten_minutes_of_wall_time() {
    let made = SystemTime::UNIX_EPOCH + 1000 * MINUTE;
    let token = Token { text: String::new(), made };
    assert!(token.is_usable(made) && token.is_usable(made + 9 * MINUTE));
    assert!(!token.is_usable(made + 10 * MINUTE) && !token.is_usable(made + 600 * MINUTE));
    assert!(!token.is_usable(made - MINUTE), "the clock was set back");
}

/// Seconds on the clock of `login_through_the_proxy`.
static CLOCK: AtomicU64 = AtomicU64::new(1_800_000_000);

fn login_through_the_proxy() -> Login {
    let common =
        Common::read(&Variables::from_pairs([("ENV", "dev"), ("RDS_PROXY_ENDPOINT", "proxy.example")]));
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let aws = Arc::new(Aws::with_configuration(&common, TimeLimits::ForRequests, configuration));
    // Each reading of the clock is a second later, so no two tokens are equal.
    let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(CLOCK.fetch_add(1, Ordering::Relaxed));
    Login::new(&common, aws, clock)
}

#[tokio::test]
async fn token_is_renewed_by_the_wall_clock_and_after_a_rejected_login() {
    let login = login_through_the_proxy();
    let token = async || login.token("proxy.example", "dev_rds_proxy_user").await.unwrap();
    let first = token().await;
    assert!(first.starts_with("proxy.example:5432/?Action=connect&DBUser=dev_rds_proxy_user&"), "{first}");
    assert_eq!(token().await, first);
    CLOCK.fetch_add(600, Ordering::Relaxed);
    let second = token().await;
    assert_ne!(second, first);

    // A server that rejects the first login.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let rejected = read_password(&mut listener.accept().await.unwrap().0, false).await;
        let accepted = read_password(&mut listener.accept().await.unwrap().0, true).await;
        (rejected.unwrap(), accepted.unwrap())
    });
    let connect = async |options: &PgConnectOptions| {
        let options = options.clone().host("127.0.0.1").port(port).ssl_mode(PgSslMode::Disable);
        PgConnection::connect_with(&options).await.map(drop)
    };
    login.open_by(connect).await.unwrap();
    let (rejected, accepted) = server.await.unwrap();
    assert_eq!(rejected, second);
    assert_ne!(accepted, second);
}

#[tokio::test]
async fn rejected_login_is_tried_twice() {
    let login = login_through_the_proxy();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let server = tokio::spawn(async move {
        loop {
            let mut client = listener.accept().await.unwrap().0;
            counted.fetch_add(1, Ordering::Relaxed);
            read_password(&mut client, false).await;
        }
    });
    let connect = async |options: &PgConnectOptions| {
        let options = options.clone().host("127.0.0.1").port(port).ssl_mode(PgSslMode::Disable);
        PgConnection::connect_with(&options).await.map(drop)
    };
    let error = login.open_by(connect).await.unwrap_err();
    assert!(error.is_rejected_login() && error.is_unavailable());
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    server.abort();
}

#[tokio::test]
async fn only_the_proxy_receives_the_token() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut root = tempfile::NamedTempFile::new().unwrap();
    let pem = pem::Pem::new("CERTIFICATE", certificate.cert.der().to_vec());
    root.write_all(pem::encode(&pem).as_bytes()).unwrap();
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    // Returns the password that a server with this certificate receives.
    let received = async |change: &dyn Fn(PgConnectOptions) -> PgConnectOptions| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options =
            rds_proxy_options("localhost", "user", "token").port(listener.local_addr().unwrap().port());
        let options = change(options);
        let serve = async {
            let mut client = listener.accept().await.unwrap().0;
            accept_tls_request(&mut client).await;
            match acceptor.accept(client).await {
                Ok(mut client) => read_password(&mut client, true).await,
                Err(_) => None,
            }
        };
        let (connected, password) = tokio::join!(options.connect(), serve);
        assert_eq!(connected.is_ok(), password.is_some());
        password
    };
    assert_eq!(received(&|options| options).await, None, "its issuer is not trusted");
    let is_trusted = |options: PgConnectOptions| options.ssl_root_cert(root.path());
    assert_eq!(received(&is_trusted).await.as_deref(), Some("token"), "its issuer is trusted");
    let other_host = |options| is_trusted(options).host("127.0.0.1");
    assert_eq!(received(&other_host).await, None, "it is for another host");
    let unverified = |options: PgConnectOptions| options.ssl_mode(PgSslMode::Require);
    assert_eq!(
        received(&unverified).await.as_deref(),
        Some("token"),
        "without verification it receives the token"
    );
}

// PostgreSQL's protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html.

async fn accept_tls_request(client: &mut TcpStream) {
    let mut request = [0; 8];
    client.read_exact(&mut request).await.unwrap();
    client.write_all(b"S").await.unwrap();
}

/// Requests the password in plain text, as the RDS proxy does.
async fn read_password(client: &mut (impl AsyncRead + AsyncWrite + Unpin), accepts: bool) -> Option<String> {
    read_body(client).await?;
    client.write_all(b"R\0\0\0\x08\0\0\0\x03").await.ok()?;
    client.flush().await.ok()?;
    client.read_u8().await.ok()?;
    let password = read_body(client).await?;
    let response: &[u8] = if accepts {
        b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
    } else {
        b"E\0\0\0\x1eSFATAL\0VFATAL\0C28P01\0Mno\0\0"
    };
    client.write_all(response).await.ok()?;
    client.flush().await.ok()?;
    Some(String::from_utf8(password).unwrap().trim_end_matches('\0').to_owned())
}

async fn read_body(client: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = client.read_u32().await.ok()?;
    let mut body = vec![0; length as usize - 4];
    client.read_exact(&mut body).await.ok()?;
    Some(body)
}
