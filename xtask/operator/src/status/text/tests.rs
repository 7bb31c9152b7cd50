use chrono::{DateTime, Utc};
use command_line::terminal::Palette;
use deploy::keys::ActiveKey;
use deploy::lock::Holder;
use deploy::release::Release;
use deploy::status::{
    Alarm, Alarms, Certificate, Deployed, DeployedRelease, Deployment, Distribution, Mark, Part, Restores,
    SigningKey, Status, Traffic, UnderWay,
};
use serde_json::json;

use super::to_text;

fn now() -> DateTime<Utc> {
    "2026-11-28T16:37:12Z".parse().unwrap()
}

fn known<T>(mark: Mark, value: T) -> Part<T> {
    Part::Known { mark, value }
}

fn release(outcome: &str) -> DeployedRelease {
    let hash = "0".repeat(64);
    let release: Release = serde_json::from_value(json!({
        "id": "20261124T182233Z-8b8402f",
        "environment": "dev",
        "created_at": "2026-11-24T18:22:33Z",
        "created_by": "arn:aws:iam::123456789012:user/bob",
        "source": { "commit": "8b8402f0000000000000000000000000000000000", "is_modified": false },
        "template": hash,
        "functions": {},
        "signing_keys": [],
        "deployments": [{
            "by": "bob",
            "started_at": "2026-11-24T18:22:33Z",
            "ending": { "at": "2026-11-24T18:22:33Z", "succeeded": true, "outcome": outcome },
        }],
    }))
    .unwrap();
    DeployedRelease { release: Some(release) }
}

fn alarm(name: &str, state: &str) -> Alarm {
    Alarm {
        name: format!("dev-packages-service-{name}-use1"),
        is_composite: false,
        state: state.to_owned(),
        since: Some("2026-11-28T16:00:00Z".parse().unwrap()),
        runbook: Some(format!("docs/runbook.md#{name}")),
    }
}

fn certificate(expires_at: &str) -> Certificate {
    Certificate {
        domain: "assets.pennsieve.net".to_owned(),
        status: "ISSUED".to_owned(),
        expires_at: Some(expires_at.parse().unwrap()),
    }
}

fn key(is_due: bool) -> SigningKey {
    SigningKey {
        active: Some(ActiveKey {
            fingerprint: "0123456789ab".parse().unwrap(),
            age_seconds: 12 * 86_400,
            rotation_due: "2027-02-14T00:00:00Z".parse().unwrap(),
            is_due,
        }),
    }
}

fn status(deployed: Option<Deployed>) -> Status {
    let condition = deployed.is_some().then(|| "UPDATE_COMPLETE".to_owned());
    let changed_at = deployed.is_some().then(|| "2026-11-24T18:25:00Z".parse().unwrap());
    Status {
        environment: "dev".to_owned(),
        stack: "dev-packages-service".to_owned(),
        account: "123456789012".to_owned(),
        deployment: known(Mark::Ok, Deployment { condition, changed_at }),
        lock: known(Mark::Ok, UnderWay { holder: None }),
        deployed,
    }
}

fn good() -> Deployed {
    Deployed {
        release: known(Mark::Ok, release("verified")),
        alarms: known(Mark::Ok, Alarms { alarms: vec![alarm("api-5xx", "OK")] }),
        traffic: known(
            Mark::Ok,
            Traffic {
                requests: 12_345.0,
                failed_percent: Some(0.04),
                latency_p50: Some(12.34),
                latency_p99: Some(1234.5),
            },
        ),
        restores: known(
            Mark::Ok,
            Restores { waiting: 3, in_flight: 1, oldest_seconds: Some(90), dead_letters: 0 },
        ),
        signing_key: known(Mark::Ok, key(false)),
        distribution: known(
            Mark::Ok,
            Distribution {
                id: "E1".to_owned(),
                domain: "d1.cloudfront.net".to_owned(),
                status: "Deployed".to_owned(),
                certificate: None,
            },
        ),
        certificate: Some(known(Mark::Ok, certificate("2027-11-28T00:00:00Z"))),
    }
}

fn text(status: &Status) -> String {
    to_text(status, Palette::default(), now())
}

#[test]
fn healthy_environment_has_a_check_mark_at_each_part() {
    let status = status(Some(good()));
    assert!(!status.needs_attention());
    insta::assert_snapshot!(text(&status));
}

#[test]
fn what_is_wrong_is_marked_with_what_to_do() {
    let attention = Mark::Attention;
    let traffic = Traffic { requests: 0.0, failed_percent: None, latency_p50: None, latency_p99: None };
    let mut status = status(Some(Deployed {
        release: known(attention, release("verification_failed")),
        alarms: known(
            attention,
            Alarms {
                alarms: vec![
                    alarm("restore-health", "ALARM"),
                    alarm("restore-queue-stuck", "ALARM"),
                    alarm("api-5xx", "INSUFFICIENT_DATA"),
                ],
            },
        ),
        traffic: known(Mark::Ok, traffic),
        restores: known(
            attention,
            Restores { waiting: 0, in_flight: 0, oldest_seconds: None, dead_letters: 2 },
        ),
        signing_key: known(attention, key(true)),
        certificate: Some(known(attention, certificate("2026-12-01T00:00:00Z"))),
        ..good()
    }));
    let holder: Holder = serde_json::from_value(json!({
        "by": "arn:aws:iam::123456789012:user/bob",
        "action": "deploy",
        "since": "2026-11-28T16:30:00Z",
        "machine": "laptop",
        "boot": null,
        "process": 1,
        "renewals": 0,
    }))
    .unwrap();
    status.lock = known(Mark::Ok, UnderWay { holder: Some(holder) });
    assert!(status.needs_attention());
    insta::assert_snapshot!(text(&status));
}

#[test]
fn unknown_parts_do_not_hide_the_others_and_are_not_wrong() {
    let error = "cannot read the alarms: bob may not (AccessDenied)".to_owned();
    let status = status(Some(Deployed { alarms: Part::Unknown { mark: Mark::Unknown, error }, ..good() }));
    assert!(!status.needs_attention());
    let text = text(&status);
    assert!(text.contains("\n? alarms        unknown: cannot read the alarms: bob may not"), "{text}");
    assert!(text.contains("\n✓ requests      12,345 in the last hour, "), "{text}");
}

#[test]
fn stack_that_does_not_exist_is_not_deployed() {
    let status = status(None);
    assert!(!status.needs_attention());
    assert_eq!(
        text(&status),
        "  stack         dev-packages-service in account 123456789012\n✓ status        not deployed"
    );
}
