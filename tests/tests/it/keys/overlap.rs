//! The overlap, in which CloudFront still trusts a retiring key.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use faults::Faults;
use reqwest::StatusCode;
use signing::{BaseUrl, Signer, SigningKey};

use super::command::{Keys, status};
use super::{assert_settled, private_keys, turn, wait_for_status};
use crate::client::Client;
use crate::command::Run;
use crate::stack::aws_proxy;

fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

#[tokio::test]
async fn url_works_until_its_key_is_retired() {
    let (running, _turn) = turn().await;
    let client = Client::for_stack(&running.stack);
    let old = assert_settled(running).await;
    let url = client.sign(&running.stack.assets.thumbnail).await;
    let (base, query) = url.split_once('?').unwrap();
    let key_id = query.split('&').find_map(|pair| pair.strip_prefix("Key-Pair-Id=")).unwrap();
    let pem = private_keys(running).await.remove(0);
    let old_signer = Signer::new(SigningKey::from_pem(&pem, None).unwrap(), key_id.to_owned());

    let stderr = Keys::start(running, &["rotate", "--yes", "--overlap", "2h"]).end().await.success();
    assert!(stderr.contains("stays trusted until"), "{stderr}");
    let (code, overlapping) = status(running).await;
    assert_eq!((code, &overlapping["phase"]), (Some(0), &"overlapping".into()), "{overlapping:#}");
    assert!(overlapping["next_at"].is_string(), "{overlapping:#}");
    // Another run during the overlap changes nothing, and no key is retired early.
    let stderr = Keys::start(running, &["rotate", "--yes"]).end().await.success();
    assert!(!stderr.contains("step: create"), "{stderr}");
    for arguments in [vec!["retire", "--yes"], vec!["retire", "--yes", &old]] {
        let stderr = Keys::start(running, &arguments).end().await.failure();
        assert!(stderr.contains("stays trusted until"), "{stderr}");
    }
    let base = BaseUrl::parse(base).unwrap();
    for (seconds, expected) in [(3600, StatusCode::OK), (-1, StatusCode::FORBIDDEN)] {
        let signed = old_signer.sign_url(&base, seconds_from_now(seconds)).unwrap().into_exposed();
        assert_eq!(client.open(&signed).await.status(), expected, "expires after {seconds} s");
    }
    assert_eq!(client.open(&url).await.status(), StatusCode::OK);

    // The overlap is measured with the clock of AWS.
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    faults.advance_clock(Duration::from_hours(3));
    let mut retire = Keys::command(running, &["retire", "--yes"]);
    retire.env("AWS_ENDPOINT_URL", proxy.url());
    let stderr = Run::start_command(retire).end().await.success();
    assert!(stderr.contains(&format!("step: remove {old}")), "{stderr}");
    wait_for_status(&client, &url, StatusCode::FORBIDDEN).await;
    assert_ne!(assert_settled(running).await, old);
}
