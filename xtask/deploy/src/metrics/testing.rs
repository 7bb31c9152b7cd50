//! A scripted CloudWatch for tests. It speaks the protocol of the SDK, Smithy RPC with CBOR:
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>.

use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_cbor::data::Type;
use aws_smithy_cbor::{Decoder, Encoder};
use aws_smithy_types::DateTime;
use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that responds like CloudWatch. It stops when it is dropped.
pub(crate) struct ScriptedCloudWatch {
    pub(crate) configuration: SdkConfig,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    server: JoinHandle<()>,
}

impl ScriptedCloudWatch {
    /// Starts a server that responds as `script` returns: a value, in which an integer is a time in Unix seconds, or the
    /// code of an error.
    pub(crate) async fn start(
        script: impl Fn(&str, &Value) -> Result<Value, &'static str> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let handle = move |uri: Uri, body: Bytes| async move {
            let operation = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            let request = decode(&mut Decoder::new(&body));
            let (status, response) = match script(&operation, &request) {
                Ok(response) => (StatusCode::OK, response),
                Err(code) => {
                    (StatusCode::BAD_REQUEST, serde_json::json!({ "__type": code, "message": "no" }))
                }
            };
            seen.lock().unwrap().push((operation, request));
            let mut encoder = Encoder::new(Vec::new());
            encode(&mut encoder, &response);
            let headers = [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
            (status, headers, encoder.into_writer())
        };
        let server = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(handle)).await.unwrap();
        });
        let credentials = Credentials::new("test", "test", None, None, "a test");
        let configuration = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(format!("http://{address}"))
            .build();
        Self { configuration, requests, server }
    }

    pub(crate) fn client(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.configuration)
    }

    /// Returns the requests of an operation.
    pub(crate) fn requests(&self, operation: &str) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(name, _)| name == operation).map(|(_, request)| request.clone()).collect()
    }
}

impl Drop for ScriptedCloudWatch {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn encode(encoder: &mut Encoder, value: &Value) {
    match value {
        Value::Null => encoder.null(),
        Value::Bool(value) => encoder.boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => encoder.timestamp(&DateTime::from_secs(seconds)),
            None => encoder.double(number.as_f64().unwrap()),
        },
        Value::String(text) => encoder.str(text),
        Value::Array(items) => {
            encoder.array(items.len());
            for item in items {
                encode(encoder, item);
            }
            encoder
        }
        Value::Object(members) => {
            encoder.map(members.len());
            for (name, member) in members {
                encoder.str(name);
                encode(encoder, member);
            }
            encoder
        }
    };
}

fn decode(decoder: &mut Decoder<'_>) -> Value {
    match decoder.datatype().unwrap() {
        Type::String | Type::StringIndef => decoder.string().unwrap().into(),
        Type::Bool => decoder.boolean().unwrap().into(),
        Type::Tag => decoder.timestamp().unwrap().secs().into(),
        Type::Array | Type::ArrayIndef => {
            let length = decoder.list().unwrap();
            let mut items = Vec::new();
            while has_next(decoder, length, items.len()) {
                items.push(decode(decoder));
            }
            items.into()
        }
        Type::Map | Type::MapIndef => {
            let length = decoder.map().unwrap();
            let mut members = Map::new();
            while has_next(decoder, length, members.len()) {
                let name = decoder.string().unwrap();
                members.insert(name, decode(decoder));
            }
            members.into()
        }
        _ => decoder.long().unwrap().into(),
    }
}

/// Returns whether a list or a map has another element. One without a length ends with a break.
fn has_next(decoder: &mut Decoder<'_>, length: Option<u64>, read: usize) -> bool {
    if let Some(length) = length {
        return read < usize::try_from(length).unwrap();
    }
    if decoder.datatype().unwrap() == Type::Break {
        decoder.skip().unwrap();
        return false;
    }
    true
}
