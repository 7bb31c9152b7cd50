//! Signing keys that change under viewers who keep looking.
//!
//! The tests share one stack, whose keys each of them changes: they take turns, and each leaves one key that signs.
//! After a test that failed, the next one has a new stack.

mod command;
mod viewer;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faults::{AwsProxy, Fate, Faults};
use reqwest::StatusCode;
use runtime::signing::{BaseUrl, Signer, SigningKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use self::command::{Keys, status};
use self::viewer::Viewer;
use crate::aws::Aws;
use crate::client::Client;
use crate::command::{Ended, Run};
use crate::stack::Running;
use crate::turns::{Turn, Turns};
use crate::waiting::eventually;

const PARAMETERS: &str = "/local/packages-service/cloudfront";
/// Steps of a rotation, from the first to the last, as they are announced.
const STEPS: [&str; 11] = [
    "create a key",
    "enlist the key",
    "deploy the key ring",
    "probe",
    "activate the next key",
    "deploy the key ring",
    "schedule the retirement",
    "wait for the retirement",
    "remove",
    "deploy the key ring",
    "delete the parameters",
];

static TURNS: Turns = Turns::of_stack("keys");

/// A stack with one key that signs, for one test at a time.
async fn turn() -> (&'static Running, Turn) {
    let turn = TURNS.next().await;
    (turn.running, turn)
}

/// The private halves of all keys, in PEM.
async fn private_keys(running: &'static Running) -> Vec<String> {
    let keys = Aws::of(&running.stack).parameters_below(&format!("{PARAMETERS}/private-key")).await;
    keys.iter().map(|key| String::from_utf8(STANDARD.decode(key).unwrap()).unwrap()).collect()
}

/// One key signs, is trusted, and is the only one that has parameters.
async fn assert_settled(running: &'static Running) -> String {
    let (code, status) = status(running).await;
    assert_eq!((code, &status["phase"]), (Some(0), &"settled".into()), "{status:#}");
    assert_eq!(status["keys"].as_array().unwrap().len(), 1, "{status:#}");
    let key = &status["keys"][0];
    assert_eq!((&key["signs"], &key["trusted"]), (&true.into(), &true.into()), "{status:#}");
    assert_eq!(private_keys(running).await.len(), 1);
    key["fingerprint"].as_str().unwrap().to_owned()
}

/// The viewer looks to the end, and sees all that it looks at.
async fn assert_nothing_refused(viewer: Viewer) {
    viewer.looks_again().await;
    let seen = viewer.stop().await;
    assert_eq!(seen.refused, Vec::<String>::new(), "of {}", seen.opened);
}

/// The status with which the CDN answers a URL once all of a deployment is known to it.
async fn becomes(client: &Client, url: &str, status: StatusCode) {
    eventually("the edge knows the keys", async || (client.open(url).await.status() == status).then_some(()))
        .await;
}

fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

#[tokio::test]
async fn no_viewer_notices_a_rotation_from_any_kind_of_key_to_any_other() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    for algorithm in ["ec-p256", "rsa-2048", "ec-p256"] {
        let before = assert_settled(running).await;
        let rotate = Keys::start(
            running,
            &["rotate", "--yes", "--wait", "--overlap", "10s", "--algorithm", algorithm],
        );
        let Ended { code, said, .. } = rotate.end().await;
        assert_eq!(code, Some(0), "{said}");
        assert_ne!(assert_settled(running).await, before);
        assert_eq!(status(running).await.1["keys"][0]["algorithm"], algorithm);
        viewer.looks_again().await;
    }
    assert_nothing_refused(viewer).await;
}

#[tokio::test]
async fn a_rotation_that_aws_gives_up_loses_nothing_and_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let faults = Faults::new();
    let proxy = AwsProxy::start(&running.stack.aws_endpoint_url, Arc::clone(&faults)).await.unwrap();
    let viewer = Viewer::start(running);
    let rotate = ["rotate", "--yes", "--wait", "--overlap", "3s"];
    for step in ["create a key", "deploy the key ring", "activate the next key", "remove"] {
        let before = assert_settled(running).await;
        faults.begin(|_| Fate::Forward);
        let mut command = Keys::command(running, &rotate);
        command.env("AWS_ENDPOINT_URL", proxy.url()).env("AWS_MAX_ATTEMPTS", "1");
        let mut given_up = Run::of(command);
        given_up.says(&format!("step: {step}")).await;
        // From this step on, whichever call it is at.
        faults.begin(|_| Fate::Unavailable);
        let Ended { code, said, .. } = given_up.end().await;
        assert!(code == Some(1) && said.contains("error:"), "{said}");
        let Ended { code, said, .. } = Keys::start(running, &rotate).end().await;
        assert_eq!(code, Some(0), "{said}");
        assert_ne!(assert_settled(running).await, before);
    }
    assert_nothing_refused(viewer).await;
}

#[tokio::test]
async fn a_rotation_that_is_killed_at_any_step_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    let rotate = ["rotate", "--yes", "--wait", "--overlap", "3s"];
    for (index, step) in STEPS.iter().enumerate() {
        let before = assert_settled(running).await;
        let mut killed = Keys::start(running, &rotate);
        for step in &STEPS[..=index] {
            killed.says(&format!("step: {step}")).await;
        }
        killed.kill().await;
        let Ended { code, said, .. } = Keys::start(running, &rotate).end().await;
        assert_eq!(code, Some(0), "killed at `{step}`, then: {said}");
        assert_ne!(assert_settled(running).await, before, "killed at `{step}`, then: {said}");
    }
    assert_nothing_refused(viewer).await;
}

#[tokio::test]
async fn an_old_url_works_until_its_key_is_retired() {
    let (running, _turn) = turn().await;
    let client = Client::of(&running.stack);
    let old = assert_settled(running).await;
    let url = client.sign(&running.stack.assets.thumbnail).await;
    let (base, query) = url.split_once('?').unwrap();
    let key_id = query.split('&').find_map(|pair| pair.strip_prefix("Key-Pair-Id=")).unwrap();
    let pem = private_keys(running).await.remove(0);
    let old_signer = Signer::new(SigningKey::from_pem(&pem, None).unwrap(), key_id.to_owned());

    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--yes", "--overlap", "2h"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stays trusted until"), "{said}");
    let (code, overlapping) = status(running).await;
    assert_eq!((code, &overlapping["phase"]), (Some(0), &"overlapping".into()), "{overlapping:#}");
    assert!(overlapping["next_at"].is_string(), "{overlapping:#}");
    // Another run in the overlap changes nothing, and nothing is retired before its time.
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--yes"]).end().await;
    assert!(code == Some(0) && !said.contains("step: create"), "{said}");
    for arguments in [vec!["retire", "--yes"], vec!["retire", "--yes", &old]] {
        let Ended { code, said, .. } = Keys::start(running, &arguments).end().await;
        assert!(code == Some(1) && said.contains("stays trusted until"), "{said}");
    }
    let base = BaseUrl::parse(base).unwrap();
    for (seconds, expected) in [(3600, StatusCode::OK), (-1, StatusCode::FORBIDDEN)] {
        let signed = old_signer.sign_url(&base, seconds_from_now(seconds)).unwrap().into_exposed();
        assert_eq!(client.open(&signed).await.status(), expected, "expires after {seconds} s");
    }
    assert_eq!(client.open(&url).await.status(), StatusCode::OK);

    // The overlap ends by the clock of AWS.
    let faults = Faults::new();
    let proxy = AwsProxy::start(&running.stack.aws_endpoint_url, Arc::clone(&faults)).await.unwrap();
    faults.advance_clock(Duration::from_hours(3));
    let mut retire = Keys::command(running, &["retire", "--yes"]);
    retire.env("AWS_ENDPOINT_URL", proxy.url());
    let Ended { code, said, .. } = Run::of(retire).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("step: remove {old}")), "{said}");
    becomes(&client, &url, StatusCode::FORBIDDEN).await;
    assert_ne!(assert_settled(running).await, old);
}

#[tokio::test]
async fn a_rotation_carries_no_changed_fact_of_the_platform_along() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    let aws = Aws::of(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    aws.put_parameter(path, &format!("{value}-other")).await;
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--yes"]).end().await;
    aws.put_parameter(path, &value).await;
    assert!(code == Some(1) && said.contains("JobsQueueArn") && said.contains("deploy them first"), "{said}");
    // With the facts as they were, the rotation goes on.
    let Ended { code, said, .. } =
        Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "3s"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(assert_settled(running).await, before);
}

#[tokio::test]
async fn an_emergency_shows_changed_facts_of_the_platform_and_goes_on() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    let aws = Aws::of(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    aws.put_parameter(path, &format!("{value}-other")).await;
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--emergency", "--yes"]).end().await;
    aws.put_parameter(path, &value).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("JobsQueueArn: {value} → {value}-other")), "{said}");
    assert_ne!(assert_settled(running).await, before);
    let deploy = ["deploy", "--yes", "--allow-iam-widening"];
    let Ended { code, said, .. } = Run::start(running, &deploy).end().await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn an_emergency_ends_on_a_key_of_its_own_though_another_was_to_sign_next() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    let Ended { code, said, .. } = Keys::start_with(running, &["import", "-"], &ec_private_key()).end().await;
    assert_eq!(code, Some(0), "{said}");
    let (_, introducing) = status(running).await;
    let keys = introducing["keys"].as_array().unwrap();
    let next = keys.iter().find(|key| key["state"] == "next").unwrap()["fingerprint"].as_str().unwrap();
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--emergency", "--yes"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{next}, which was to sign next, is dropped")), "{said}");
    let after = assert_settled(running).await;
    assert!(after != before && after != next, "{after}");
}

#[tokio::test]
async fn a_key_that_cloudfront_does_not_take_never_signs() {
    let (running, _turn) = turn().await;
    let active = assert_settled(running).await;
    // A distribution that refuses every signature.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 8192]).await;
            let body = "<Error><Code>AccessDenied</Code></Error>";
            let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n", body.len());
            let _ = connection.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await;
        }
    });
    let mut rotate = Keys::command(running, &["rotate", "--yes", "--overlap", "1s"]);
    let text = std::fs::read_to_string(&running.file).unwrap();
    let elsewhere = running.file.with_file_name("refusing.json");
    std::fs::write(&elsewhere, text.replace(&running.stack.cdn_url, &refusing)).unwrap();
    rotate.env("PACKAGES_STACK", &elsewhere);
    let Ended { code, said, .. } = Run::of(rotate).end().await;
    server.abort();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the old one goes on signing"), "{said}");
    assert!(said.contains("403 (AccessDenied)"), "{said}");

    let (_, introducing) = status(running).await;
    assert_eq!(introducing["phase"], "introducing");
    let key_of = |state: &str| {
        let keys = introducing["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["state"] == state).unwrap();
        (key["fingerprint"].as_str().unwrap().to_owned(), key["signs"].as_bool().unwrap())
    };
    assert_eq!(key_of("active"), (active.clone(), true));
    let (next, signs) = key_of("next");
    assert!(!signs);
    assert!(said.contains(&format!("keys retire {next}")), "{said}");
    let Ended { code, said, .. } = Keys::start(running, &["retire", &next, "--yes"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(assert_settled(running).await, active);
}

#[tokio::test]
async fn two_rotations_at_once_do_no_harm() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    let before = assert_settled(running).await;
    let rotate = || Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "3s"]);
    let (one, other) = tokio::join!(rotate().end(), rotate().end());
    let mut succeeded = 0;
    for Ended { code, said, .. } in [one, other] {
        if code == Some(0) {
            succeeded += 1;
        } else {
            let known = [
                "somebody else has changed the key ring",
                "is being changed right now",
                "does not execute the change set",
            ];
            assert!(known.iter().any(|reason| said.contains(reason)), "{said}");
        }
    }
    assert!(succeeded > 0);
    assert_ne!(assert_settled(running).await, before);
    assert_nothing_refused(viewer).await;
}

#[tokio::test]
async fn an_emergency_revokes_the_old_key_when_the_new_one_signs() {
    let (running, _turn) = turn().await;
    let client = Client::of(&running.stack);
    let old = assert_settled(running).await;
    let url = client.sign(&running.stack.assets.thumbnail).await;
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--emergency"]).end().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stops working") && said.contains("--yes"), "{said}");
    assert_eq!(assert_settled(running).await, old, "nobody has agreed");

    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--emergency", "--yes"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(assert_settled(running).await, old);
    becomes(&client, &url, StatusCode::FORBIDDEN).await;
    // The local functions take a moment to run what is deployed; each try signs anew.
    let opens = eventually("the new key signs", async || {
        let url = client.sign(&running.stack.assets.thumbnail).await;
        (client.open(&url).await.status() == StatusCode::OK).then_some(())
    });
    opens.await;
}

#[tokio::test]
async fn an_imported_key_takes_over() {
    let (running, _turn) = turn().await;
    let aws = Aws::of(&running.stack);
    assert_settled(running).await;
    let public = &aws.parameters_below(&format!("{PARAMETERS}/public-key")).await[0];
    let Ended { code, said, .. } = Keys::start_with(running, &["import", "-"], public).end().await;
    assert!(code == Some(1) && said.contains("not a private key"), "{said}");

    let pem = ec_private_key();
    let Ended { code, said, .. } = Keys::start_with(running, &["import", "-"], &pem).end().await;
    assert_eq!(code, Some(0), "{said}");
    let Ended { code, said, .. } = Keys::start_with(running, &["import", "-"], &pem).end().await;
    assert!(code == Some(1) && said.contains("in the key ring already, as next"), "{said}");
    let (code, introducing) = status(running).await;
    assert_eq!((code, &introducing["phase"]), (Some(3), &"introducing".into()), "{introducing:#}");

    let Ended { code, said, .. } =
        Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "1s"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("step: create"), "{said}");
    assert_settled(running).await;
    let stored = private_keys(running).await.remove(0);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&stored), lines(&pem), "as it would have been generated");
}

#[tokio::test]
async fn no_private_key_is_written_down() {
    let (running, _turn) = turn().await;
    assert_settled(running).await;
    let aws = Aws::of(&running.stack);
    let mut keys = private_keys(running).await;
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--yes", "--overlap", "20s"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    // So that the functions have loaded the new one.
    Client::of(&running.stack).sign(&running.stack.assets.thumbnail).await;
    keys.extend(private_keys(running).await);
    assert_eq!(keys.len(), 3, "the old one, and then both");
    let lines = keys.iter().flat_map(|pem| pem.lines()).filter(|line| line.len() == 64);
    let encoded = keys.iter().map(|pem| STANDARD.encode(pem)[100..160].to_owned());
    let needles: Vec<String> = lines.map(str::to_owned).chain(encoded).collect();
    assert!(needles.len() >= 9);

    let holds =
        |text: &[u8]| needles.iter().any(|needle| memchr::memmem::find(text, needle.as_bytes()).is_some());
    assert!(holds(STANDARD.encode(&keys[0]).as_bytes()) && holds(keys[1].as_bytes()), "the control");
    let (_, status) = status(running).await;
    let template = aws.cloudformation("GetTemplate").await;
    for text in [&said, &status.to_string(), &template] {
        assert!(!holds(text.as_bytes()), "{text}");
    }
    let state = running.file.parent().unwrap();
    let (mut directories, mut searched) = (vec![state.to_owned()], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap().map_while(Result::ok) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file()
                // PostgreSQL removes files while it works.
                && let Ok(bytes) = std::fs::read(entry.path())
            {
                assert!(!holds(&bytes), "{}", entry.path().display());
                searched.push(entry.path());
            }
        }
    }
    for part in ["logs", "functions"] {
        assert!(searched.iter().any(|file| file.starts_with(state.join(part))), "{searched:?}");
    }
    let Ended { code, said, .. } = Keys::start(running, &["rotate", "--yes", "--wait"]).end().await;
    assert_eq!(code, Some(0), "{said}");
    assert_settled(running).await;
}

fn ec_private_key() -> String {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    pem::encode(&pem::Pem::new("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref()))
}
