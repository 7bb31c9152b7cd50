//! Tests the edge with a fake of the CloudFront API and S3, by requests as a viewer sends them.

mod bad_input;
mod caching;
mod key_groups;
mod origin_requests;
mod overwritten;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};
use reqwest::Client;
use tokio::sync::oneshot;

use super::range::{Selection, select};
use super::signature::HashAlgorithm;
use super::test_signer::TestSigner;
use super::*;

const EXPIRES: i64 = 1 << 40;
const KEY: &str = "K1";
const OBJECT: &[u8] = b"PAR1 some columns PAR1";
/// The names of that object, percent-encoded as the SDK does. Each is another object for the edge.
const FOUND: [&str; 3] = ["a%20b.parquet", "a%20b.zarr", "%C3%84%20%F0%9F%A7%A0%2B%25%3F.parquet"];
/// The size of `/P1/large`: more than [`cache::LARGEST`], so it is not cached as a whole.
const LARGE: usize = 2 * 1024 * 1024;

/// The responses of the fake, and the requests for objects.
struct Aws {
    query_strings: &'static str,
    public_key: String,
    /// Method and `Range` of each request for an object.
    object_requests: Mutex<Vec<String>>,
    /// Whether requests for objects are answered.
    is_answering: watch::Sender<bool>,
    /// The version of the object `/P1/large`, which is each of its bytes.
    version: AtomicU8,
    /// The public key in the key group, and the time of its last change.
    key_group: Mutex<(&'static str, &'static str)>,
}

impl Aws {
    fn respond(&self, method: &Method, path: &str, query: Option<&str>, range: Option<&str>) -> Response {
        let behavior = "<TargetOriginId>assets</TargetOriginId>\
            <TrustedKeyGroups><Enabled>true</Enabled><Quantity>1</Quantity><Items><KeyGroup>group</KeyGroup></Items></TrustedKeyGroups>\
            <AllowedMethods><Quantity>3</Quantity><Items><Method>GET</Method><Method>HEAD</Method><Method>OPTIONS</Method></Items></AllowedMethods>\
            <CachePolicyId>cache</CachePolicyId><ResponseHeadersPolicyId>headers</ResponseHeadersPolicyId>";
        let text = match path.strip_prefix("/2020-05-31/") {
            Some("distribution/D1") => format!(
                "<Distribution><Id>D1</Id><ARN>arn:aws:cloudfront::1:distribution/D1</ARN><DistributionConfig><Origins><Quantity>1</Quantity><Items><Origin><Id>assets</Id>\
                 <DomainName>bucket.s3.us-east-1.amazonaws.com</DomainName><OriginAccessControlId>oac</OriginAccessControlId>\
                 </Origin></Items></Origins><DefaultCacheBehavior>{behavior}</DefaultCacheBehavior><CacheBehaviors><Quantity>1</Quantity>\
                 <Items><CacheBehavior><PathPattern>*.parquet</PathPattern>{behavior}<OriginRequestPolicyId>forward</OriginRequestPolicyId>\
                 </CacheBehavior></Items></CacheBehaviors><Comment/><CallerReference>x</CallerReference><Enabled>true</Enabled></DistributionConfig></Distribution>"
            ),
            Some("cache-policy/cache") => format!(
                "<CachePolicy><CachePolicyConfig><Name>c</Name><MinTTL>0</MinTTL><DefaultTTL>60</DefaultTTL><MaxTTL>60</MaxTTL>\
                 <ParametersInCacheKeyAndForwardedToOrigin><EnableAcceptEncodingGzip>false</EnableAcceptEncodingGzip>\
                 <HeadersConfig><HeaderBehavior>none</HeaderBehavior></HeadersConfig>\
                 <CookiesConfig><CookieBehavior>none</CookieBehavior></CookiesConfig>\
                 <QueryStringsConfig><QueryStringBehavior>{}</QueryStringBehavior></QueryStringsConfig>\
                 </ParametersInCacheKeyAndForwardedToOrigin></CachePolicyConfig></CachePolicy>",
                self.query_strings
            ),
            Some("response-headers-policy/headers") => {
                "<ResponseHeadersPolicy><ResponseHeadersPolicyConfig><Name>h</Name><CorsConfig>\
                 <AccessControlAllowOrigins><Quantity>1</Quantity><Items><Origin>*</Origin></Items></AccessControlAllowOrigins>\
                 <AccessControlAllowCredentials>false</AccessControlAllowCredentials><OriginOverride>true</OriginOverride>\
                 </CorsConfig><CustomHeadersConfig><Quantity>1</Quantity><Items><ResponseHeadersPolicyCustomHeader>\
                 <Header>Cache-Control</Header><Value>private, max-age=3600</Value><Override>true</Override>\
                 </ResponseHeadersPolicyCustomHeader></Items></CustomHeadersConfig></ResponseHeadersPolicyConfig></ResponseHeadersPolicy>"
                    .to_owned()
            }
            Some("origin-request-policy/forward") => {
                "<OriginRequestPolicy><OriginRequestPolicyConfig><Name>f</Name><HeadersConfig><HeaderBehavior>whitelist</HeaderBehavior>\
                 <Headers><Quantity>3</Quantity><Items><Name>Origin</Name><Name>Access-Control-Request-Method</Name>\
                 <Name>Access-Control-Request-Headers</Name></Items></Headers></HeadersConfig></OriginRequestPolicyConfig></OriginRequestPolicy>"
                    .to_owned()
            }
            Some("key-group/group") => {
                let (key, changed) = *self.key_group.lock().unwrap();
                format!(
                    "<KeyGroup><Id>group</Id><LastModifiedTime>{changed}</LastModifiedTime><KeyGroupConfig><Name>g</Name>\
                     <Items><PublicKey>{key}</PublicKey></Items></KeyGroupConfig></KeyGroup>"
                )
            }
            Some("public-key/K1" | "public-key/K2") => format!(
                "<PublicKey><PublicKeyConfig><Name>k</Name><CallerReference>k</CallerReference>\
                 <EncodedKey>{}</EncodedKey></PublicKeyConfig></PublicKey>",
                self.public_key
            ),
            Some("origin-access-control/oac") => {
                "<OriginAccessControl><Id>oac</Id><OriginAccessControlConfig><Name>o</Name><SigningProtocol>sigv4</SigningProtocol>\
                 <SigningBehavior>always</SigningBehavior><OriginAccessControlOriginType>s3</OriginAccessControlOriginType>\
                 </OriginAccessControlConfig></OriginAccessControl>"
                    .to_owned()
            }
            _ => return self.s3(method, path, query, range),
        };
        Response::new(Body::from(text))
    }

    fn s3(&self, method: &Method, path: &str, query: Option<&str>, range: Option<&str>) -> Response {
        let response = Response::builder();
        if path.trim_end_matches('/') == "/bucket" && query.is_some_and(|query| query.starts_with("cors")) {
            let rules = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
                         <AllowedHeader>range</AllowedHeader></CORSRule></CORSConfiguration>";
            return response.body(Body::from(rules)).unwrap();
        }
        if path.trim_end_matches('/') == "/bucket" && query.is_some_and(|query| query.starts_with("policy")) {
            let statement = |action, resource| {
                format!(
                    r#"{{"Effect":"Allow","Principal":{{"Service":"cloudfront.amazonaws.com"}},"Action":"{action}",
                    "Resource":"{resource}","Condition":{{"StringEquals":{{"AWS:SourceArn":"arn:aws:cloudfront::1:distribution/D1"}}}}}}"#
                )
            };
            let read = statement("s3:GetObject", "arn:aws:s3:::bucket/P1/*");
            let list = statement("s3:ListBucket", "arn:aws:s3:::bucket");
            return response.body(Body::from(format!(r#"{{"Statement":[{read},{list}]}}"#))).unwrap();
        }
        let seen = range.map_or_else(|| method.to_string(), |range| format!("{method} {range}"));
        self.object_requests.lock().unwrap().push(seen);
        let version = self.version.load(Ordering::Relaxed);
        let name = path.strip_prefix("/bucket/P1/").unwrap_or_default();
        match name {
            "large" => object(method, range, &vec![version; LARGE], &format!("\"{version}\"")),
            "empty" => object(method, range, b"", "\"empty\""),
            _ if FOUND.contains(&name) => object(method, range, OBJECT, "\"tag\""),
            _ => Response::builder().status(404).body(Body::empty()).unwrap(),
        }
    }
}

/// Responds like S3.
fn object(method: &Method, range: Option<&str>, bytes: &[u8], tag: &str) -> Response {
    let size = bytes.len() as u64;
    let response = Response::builder()
        .header("etag", tag)
        .header("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")
        .header("content-type", "application/x");
    let (response, bytes) = match select(range, size) {
        Selection::Unsatisfiable => {
            let response = response.status(416).header("content-range", format!("bytes */{size}"));
            return response.body(Body::empty()).unwrap();
        }
        Selection::One(range) => {
            let (first, last) = (usize::try_from(range.first).unwrap(), usize::try_from(range.last).unwrap());
            let response = response.status(206).header("content-range", range.content_range(size));
            (response, &bytes[first..=last])
        }
        Selection::Whole | Selection::Several(_) => (response, bytes),
    };
    let response = response.header("content-length", bytes.len());
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from(bytes.to_vec()) };
    response.body(body).unwrap()
}

/// A running edge, which stops when this is dropped.
struct Running {
    url: String,
    aws: Arc<Aws>,
    edge: Arc<Edge>,
    viewer: Client,
    signer: TestSigner,
    _stop: [oneshot::Sender<()>; 2],
}

async fn listen() -> (TcpListener, String, oneshot::Sender<()>, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    (listener, url, stop, stopped)
}

async fn start(query_strings: &'static str) -> Running {
    let signer = TestSigner::rsa(HashAlgorithm::Sha1);
    let aws = Arc::new(Aws {
        query_strings,
        public_key: signer.public_key_pem(),
        object_requests: Mutex::default(),
        is_answering: watch::Sender::new(true),
        version: AtomicU8::new(1),
        key_group: Mutex::new((KEY, "2026-01-01T00:00:00Z")),
    });
    let (listener, endpoint, stop_aws, stopped) = listen().await;
    let answering = Arc::clone(&aws);
    let routes = Router::new().fallback(async move |request: Request| {
        let range = request.headers().get("range").map(|range| range.to_str().unwrap());
        if request.uri().path().starts_with("/bucket/P1") {
            answering.is_answering.subscribe().wait_for(|is_answering| *is_answering).await.unwrap();
        }
        answering.respond(request.method(), request.uri().path(), request.uri().query(), range)
    });
    tokio::spawn(
        axum::serve(listener, routes)
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .into_future(),
    );

    let credentials = Credentials::new("test", "test", None, None, "test");
    let s3 = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoint)
        .credentials_provider(credentials.clone())
        .force_path_style(true)
        .build();
    let cloudfront = aws_sdk_cloudfront::Config::builder()
        .behavior_version(aws_sdk_cloudfront::config::BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoint)
        .credentials_provider(credentials)
        .build();
    let edge =
        Edge::new(aws_sdk_cloudfront::Client::from_conf(cloudfront), aws_sdk_s3::Client::from_conf(s3));
    let edge = Arc::new(edge);
    edge.deploy(Some("D1"));
    let (listener, url, stop_edge, stopped) = listen().await;
    tokio::spawn(serve(listener, Arc::clone(&edge), async {
        let _ = stopped.await;
    }));
    Running { url, aws, edge, viewer: Client::new(), signer, _stop: [stop_aws, stop_edge] }
}

impl Running {
    async fn ask(&self, method: Method, path: &str, headers: &[(&'static str, &str)]) -> reqwest::Response {
        let signed = self.signer.canned_url(KEY, &format!("{}{path}", self.url), EXPIRES);
        let request = self.viewer.request(method, signed);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }

    /// Returns the requests for objects since the last call.
    fn object_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.aws.object_requests.lock().unwrap())
    }
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn objects_are_served_whole_in_part_and_from_the_cache() {
    let edge = start("none").await;
    let path = "/P1/a%20b.parquet";

    let first = edge.ask(Method::GET, path, &[("origin", "https://app.test")]).await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "x-cache"), "Miss from cloudfront");
    assert_eq!(header(&first, "access-control-allow-origin"), "*");
    assert_eq!(header(&first, "content-type"), "application/x");
    assert!(header(&first, "via").ends_with(".cloudfront.net (CloudFront)"));
    assert_eq!(first.bytes().await.unwrap(), OBJECT);

    let tail = edge.ask(Method::GET, path, &[("range", "bytes=-4")]).await;
    assert_eq!(tail.status(), 206);
    assert_eq!(header(&tail, "x-cache"), "Hit from cloudfront");
    assert_eq!(header(&tail, "content-range"), "bytes 18-21/22");
    assert!(header(&tail, "age").parse::<u64>().is_ok(), "{tail:?}");
    assert_eq!(tail.bytes().await.unwrap(), "PAR1");

    let several = edge.ask(Method::GET, path, &[("range", "bytes=0-3,18-")]).await;
    assert_eq!(several.status(), 206);
    let boundary = header(&several, "content-type").split_once("boundary=").unwrap().1.to_owned();
    let expected: usize = header(&several, "content-length").parse().unwrap();
    let body = several.text().await.unwrap();
    assert_eq!(body.len(), expected);
    assert_eq!(body.matches(&boundary).count(), 3);
    assert_eq!(body.matches("PAR1").count(), 2);

    let beyond = edge.ask(Method::GET, path, &[("range", "bytes=22-")]).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-range"), "bytes */22");

    let head = edge.ask(Method::HEAD, path, &[]).await;
    assert_eq!(header(&head, "content-length"), "22");
    assert_eq!(header(&head, "accept-ranges"), "bytes");

    let known = edge.ask(Method::GET, path, &[("if-none-match", "\"tag\"")]).await;
    assert_eq!(known.status(), 304);
    assert_eq!(edge.object_requests(), ["GET"]);
}

#[tokio::test]
async fn responses_are_published_as_metrics() {
    let edge = start("none").await;
    assert_eq!(edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await.status(), 200);
    assert_eq!(edge.viewer.get(format!("{}/P1/a", edge.url)).send().await.unwrap().status(), 403);
    let series = |name, statistic| {
        let metric =
            cloudwatch::Metric::new("AWS/CloudFront", name, [("Region", "Global"), ("DistributionId", "D1")]);
        let periods = cloudwatch::Periods::until(chrono::Utc::now().timestamp(), 3600, 1);
        edge.edge.metrics.series(&metric, statistic, periods)[0]
    };
    assert_eq!(series("Requests", cloudwatch::Statistic::Sum), Some(2.0));
    assert_eq!(series("TotalErrorRate", cloudwatch::Statistic::Average), Some(50.0));
}

#[tokio::test]
async fn signature_that_a_client_has_percent_encoded_opens() {
    let edge = start("none").await;
    let url = format!("{}/P1/a%20b.parquet", edge.url);
    let signed = edge.signer.canned_url(KEY, &url, EXPIRES);
    let (before, signature) = signed.split_once("Signature=").unwrap();
    // Not every signature contains a `~`, so its first character is encoded too.
    let (first, rest) = signature.split_at(1);
    let rest = rest.replace('~', "%7E");
    let encoded = format!("{before}Signature=%{:02X}{rest}", first.as_bytes()[0]);
    assert_eq!(edge.viewer.get(encoded).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn rejections_match_those_of_cloudfront_and_s3() {
    let edge = start("none").await;
    let unsigned = edge
        .viewer
        .get(format!("{}/P1/a", edge.url))
        .header("origin", "https://app.test")
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), 403);
    assert_eq!(header(&unsigned, "x-cache"), "Error from cloudfront");
    assert_eq!(header(&unsigned, "access-control-allow-origin"), "*");
    assert_eq!(
        unsigned.text().await.unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>MissingKey</Code>\
         <Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>"
    );

    let missing = edge.ask(Method::GET, "/P1/%3Cnone%3E", &[]).await;
    assert_eq!(missing.status(), 404);
    let text = missing.text().await.unwrap();
    assert!(text.contains("<Code>NoSuchKey</Code>") && text.contains("&lt;none&gt;"), "{text}");

    let shut_out = edge.ask(Method::GET, "/P2/a", &[]).await;
    assert_eq!(shut_out.status(), 403);
    assert!(shut_out.text().await.unwrap().contains("<Message>Access Denied</Message>"));

    let long = format!("/{}", "a".repeat(9000));
    assert_eq!(edge.ask(Method::GET, &long, &[]).await.status(), 413);
    assert_eq!(edge.ask(Method::POST, "/P1/a", &[]).await.status(), 403);
    assert_eq!(edge.ask(Method::GET, "/", &[]).await.status(), 403);
}

#[tokio::test]
async fn preflight_succeeds_only_where_it_is_forwarded() {
    let edge = start("none").await;
    let preflight = [
        ("origin", "https://app.test"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "range"),
    ];
    let forwarded = edge.ask(Method::OPTIONS, "/P1/a.parquet", &preflight).await;
    assert_eq!(forwarded.status(), 200);
    assert_eq!(header(&forwarded, "access-control-allow-headers"), "range");
    let kept_back = edge.ask(Method::OPTIONS, "/P1/a.zarr", &preflight).await;
    assert_eq!(kept_back.status(), 400);
    assert_eq!(header(&kept_back, "access-control-allow-origin"), "*");
}

#[tokio::test]
async fn feature_that_is_not_emulated_is_rejected_with_the_reason() {
    let edge = start("all").await;
    let rejected = edge.ask(Method::GET, "/P1/a", &[]).await;
    assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(rejected.text().await.unwrap().contains("cache policy c keys by query string"));
}

#[tokio::test]
async fn edge_without_a_distribution_says_so() {
    let edge = start("none").await;
    assert_eq!(edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await.status(), 200);
    edge.edge.deploy(None);
    let nothing = edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await;
    assert_eq!(nothing.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(nothing.text().await.unwrap().contains("no distribution is deployed"));
    // Another distribution is not served as the one that was read a moment ago.
    edge.edge.deploy(Some("D2"));
    assert_eq!(
        edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    edge.edge.deploy(Some("D1"));
    assert_eq!(edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await.status(), 200);
}
