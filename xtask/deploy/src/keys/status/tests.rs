use std::collections::BTreeMap;

use chrono::TimeDelta;
use command_line::environment;

use super::{RotationPhase, Status};
use crate::keys::plan::{CloudFront, DeployedKeys, Observed, Parameters, StackState};
use crate::keys::ring::KeyRing;

const NEW: &str = "0123456789ab";
const OLD: &str = "ba9876543210";

fn entry(fingerprint: &str, state: &str, retire_after: &str) -> String {
    format!(
        r#"{{"fingerprint":"{fingerprint}","algorithm":"ec-p256","created_at":"2026-11-01T00:00:00Z","state":"{state}","retire_after":{retire_after}}}"#
    )
}

/// Returns a state in which all of AWS matches this ring, at this time.
fn consistent_state(entries: &[String], now: &str) -> Observed {
    let ring = KeyRing::parse(&format!("[{}]", entries.join(","))).unwrap();
    let now = now.parse().unwrap();
    let trusted = ring.fingerprints();
    let there = Parameters { private: true, public: true, written_at: Some(now) };
    Observed {
        environment: "dev".parse().unwrap(),
        now,
        ring_written_at: Some(now),
        parameters: trusted.iter().map(|key| (key.clone(), there)).collect(),
        cloudfront: Some(CloudFront {
            trusted: trusted.iter().map(|key| (key.clone(), "K".to_owned())).collect(),
            is_deployed: true,
            is_enabled: true,
            group_changed_at: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        }),
        propagation: TimeDelta::minutes(10),
        stack: StackState::Settled(DeployedKeys {
            trusted,
            active: ring.active().map(|entry| entry.fingerprint.clone()),
        }),
        ring,
    }
}

fn status(observed: &Observed) -> Status {
    Status::from_observed(&environment::load("dev").unwrap(), observed)
}

#[test]
fn current_key_is_no_problem() {
    let status = status(&consistent_state(&[entry(NEW, "active", "null")], "2026-11-24T00:00:00Z"));
    assert_eq!(status.problems, Vec::<String>::new());
    assert_eq!((status.phase, status.next), (RotationPhase::Settled, None));
    assert_eq!(status.rotation_due, Some("2027-01-30T00:00:00Z".parse().unwrap()));
    assert!(status.keys[0].signs && status.keys[0].trusted);
}

#[test]
fn key_older_than_the_rotation_period_is_a_problem() {
    let status = status(&consistent_state(&[entry(NEW, "active", "null")], "2027-01-30T00:00:01Z"));
    assert_eq!(status.problems.len(), 1);
    assert!(status.problems[0].contains("older than 90 d"), "{:?}", status.problems);
}

#[test]
fn overlap_is_no_problem_and_has_an_end() {
    let entries = [entry(NEW, "active", "null"), entry(OLD, "retiring", r#""2026-11-24T02:00:00Z""#)];
    let before = status(&consistent_state(&entries, "2026-11-24T00:00:00Z"));
    assert_eq!((before.problems.len(), before.phase), (0, RotationPhase::Overlapping));
    assert_eq!(before.next_at, Some("2026-11-24T02:00:00Z".parse().unwrap()));
    let after = status(&consistent_state(&entries, "2026-11-24T02:00:00Z"));
    assert_eq!((after.problems.len(), after.phase), (0, RotationPhase::Retiring));
    assert_eq!(after.next.as_deref(), Some("remove ba9876543210"));
}

#[test]
fn status_shows_what_an_activation_waits_for() {
    let entries = [entry(OLD, "active", "null"), entry(NEW, "next", "null")];
    let mut observed = consistent_state(&entries, "2026-11-24T00:00:00Z");
    observed.cloudfront.as_mut().unwrap().group_changed_at = Some("2026-11-23T23:55:00Z".parse().unwrap());
    let status = status(&observed);
    assert_eq!(status.next_at, Some("2026-11-24T00:05:00Z".parse().unwrap()));
    let next = status.next.unwrap();
    assert!(next.contains("every edge has the key group"), "{next}");
}

#[test]
fn each_disagreement_is_named() {
    let entries = [entry(NEW, "active", "null"), entry(OLD, "next", "null")];
    let problems = |change: fn(&mut Observed)| {
        let mut observed = consistent_state(&entries, "2026-11-24T00:00:00Z");
        change(&mut observed);
        status(&observed).problems.join("\n")
    };
    assert_eq!(problems(|_| ()), "");
    let deployed = |trusted: &[&str], active: &str| {
        let parse = |text: &&str| text.parse().unwrap();
        StackState::Settled(DeployedKeys {
            trusted: trusted.iter().map(parse).collect(),
            active: Some(active.parse().unwrap()),
        })
    };
    let cases: [(&str, String); 6] = [
        ("the key ring has ba9876543210, but the stack does not", {
            let mut observed = consistent_state(&entries, "2026-11-24T00:00:00Z");
            observed.stack = deployed(&[NEW], NEW);
            status(&observed).problems.join("\n")
        }),
        ("the stack has cccccccccccc, but the key ring does not", {
            let mut observed = consistent_state(&entries, "2026-11-24T00:00:00Z");
            observed.stack = deployed(&[NEW, OLD, "cccccccccccc"], NEW);
            status(&observed).problems.join("\n")
        }),
        ("the active key of the key ring is 0123456789ab, but the stack signs with ba9876543210", {
            let mut observed = consistent_state(&entries, "2026-11-24T00:00:00Z");
            observed.stack = deployed(&[NEW, OLD], OLD);
            status(&observed).problems.join("\n")
        }),
        (
            "the stack has ba9876543210, but CloudFront does not trust it",
            problems(|observed| {
                observed.cloudfront.as_mut().unwrap().trusted.remove(&OLD.parse().unwrap());
            }),
        ),
        (
            "the distribution is disabled",
            problems(|observed| observed.cloudfront.as_mut().unwrap().is_enabled = false),
        ),
        (
            "but the parameter of its private key is missing",
            problems(|observed| observed.parameters = BTreeMap::new()),
        ),
    ];
    for (expected, found) in cases {
        assert!(found.contains(expected), "{expected} is not in: {found}");
    }
}

#[test]
fn status_is_json_without_private_keys() {
    let observed = consistent_state(&[entry(NEW, "active", "null")], "2026-11-24T00:00:00Z");
    let json = serde_json::to_value(status(&observed)).unwrap();
    assert_eq!(json["keys"][0]["fingerprint"], NEW);
    assert_eq!(json["keys"][0]["state"], "active");
    assert_eq!(json["phase"], "settled");
}
