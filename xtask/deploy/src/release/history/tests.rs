use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{History, next_time};
use crate::release::{DeploymentRecord, Ending, Outcome, Release, SourceRevision, TemplateHash};

/// Returns a time in minutes.
fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_545_600 + 60 * minute, 0).unwrap()
}

fn hash(template: char) -> TemplateHash {
    serde_json::from_value(template.to_string().repeat(64).into()).unwrap()
}

/// Returns a release with a template, and deployments at these minutes with these outcomes.
fn release(name: &str, template: char, deployments: &[(i64, Option<Outcome>)]) -> Release {
    let record = |(minute, outcome): &(i64, Option<Outcome>)| DeploymentRecord {
        by: "arn:aws:iam::123456789012:user/alice".to_owned(),
        started_at: at(*minute),
        ending: outcome.map(|outcome| Ending { at: at(*minute), outcome, reason: None }),
    };
    Release {
        id: format!("20261124T184000Z-{name}").parse().unwrap(),
        environment: "dev".parse().unwrap(),
        created_at: at(0),
        created_by: "arn:aws:iam::123456789012:user/alice".to_owned(),
        source: SourceRevision { commit: None, is_modified: false },
        template: hash(template),
        functions: BTreeMap::new(),
        operator_program: None,
        signing_keys: BTreeSet::new(),
        deployments: deployments.iter().map(record).collect(),
    }
}

fn name(release: &Release) -> String {
    release.id.to_string().split_once('-').unwrap().1.to_owned()
}

fn deployed(history: &History, template: char) -> Option<String> {
    history.deployed(Some(&hash(template))).map(name)
}

fn way_back(history: &History, template: char) -> Vec<String> {
    history.way_back(Some(&hash(template))).into_iter().map(name).collect()
}

const FAILED: Option<Outcome> = Some(Outcome::Failed);
const APPLIED: Option<Outcome> = Some(Outcome::Applied);
const VERIFIED: Option<Outcome> = Some(Outcome::Verified);

#[test]
fn of_releases_with_one_template_the_one_deployed_last_is_deployed() {
    let history = History::new(vec![
        release("never", 'a', &[]),
        release("failed", 'a', &[(4, FAILED)]),
        release("first", 'a', &[(1, VERIFIED)]),
        release("second", 'a', &[(2, APPLIED)]),
        release("other", 'b', &[(5, FAILED)]),
    ]);
    assert_eq!(deployed(&history, 'a').as_deref(), Some("second"));
    // Without a stack, and with a template of an unknown origin, none is.
    assert_eq!(history.deployed(None).map(name), None);
    assert_eq!(deployed(&history, 'b'), None);
}

#[test]
fn release_of_an_interrupted_deployment_is_deployed_if_its_template_is() {
    let history =
        History::new(vec![release("before", 'a', &[(1, VERIFIED)]), release("killed", 'b', &[(2, None)])]);
    assert_eq!(deployed(&history, 'b').as_deref(), Some("killed"));
    assert_eq!(way_back(&history, 'b'), ["before"]);
    assert_eq!(deployed(&history, 'a').as_deref(), Some("before"));
    assert_eq!(way_back(&history, 'a'), Vec::<String>::new());
}

#[test]
fn second_rollback_goes_further_back() {
    let one = ("one", 'a');
    let deployments = |name: &str, template, minutes: &[i64]| {
        release(name, template, &minutes.iter().map(|minute| (*minute, VERIFIED)).collect::<Vec<_>>())
    };
    let history = |one_again: &[i64], two_again: &[i64]| {
        History::new(vec![
            deployments(one.0, one.1, &[&[1], one_again].concat()),
            deployments("two", 'b', &[&[2], two_again].concat()),
            deployments("bad", 'c', &[3]),
        ])
    };
    assert_eq!(way_back(&history(&[], &[]), 'c'), ["two", "one"]);
    assert_eq!(way_back(&history(&[], &[4]), 'b'), ["one"]);
    assert_eq!(way_back(&history(&[5], &[4]), 'a'), Vec::<String>::new());
    // A release that works again is part of the way back again.
    assert_eq!(way_back(&history(&[4], &[5]), 'b'), ["one"]);
}

#[test]
fn failed_deployments_are_not_part_of_the_way_back() {
    let history = History::new(vec![
        release("good", 'a', &[(1, VERIFIED), (3, FAILED)]),
        release("neverup", 'b', &[(2, FAILED)]),
        release("now", 'c', &[(4, APPLIED)]),
        // The same template as the deployed one: going back to it would change nothing.
        release("same", 'c', &[(3, VERIFIED)]),
    ]);
    assert_eq!(way_back(&history, 'c'), ["good"]);
    assert_eq!(history.last_applied().map(name).as_deref(), Some("now"));
    // Nothing is deployed after the stack was deleted.
    let way_back: Vec<_> = history.way_back(None).into_iter().map(name).collect();
    assert_eq!(way_back, ["now", "same", "good"]);
}

#[test]
fn doubts_name_what_happened() {
    let doubt = |outcome: Option<Outcome>| {
        let mut release = release("x", 'a', &[(1, outcome)]);
        if let Some(ending) = &mut release.deployments[0].ending {
            ending.reason = (outcome == Some(Outcome::VerificationFailed)).then(|| "no answer".to_owned());
        }
        release.doubt().unwrap_or_default()
    };
    let all = [FAILED, APPLIED, Some(Outcome::VerificationFailed), VERIFIED, None].map(doubt);
    insta::assert_snapshot!(format!("{}\n{}", all.join("\n"), release("x", 'a', &[]).doubt().unwrap()), @r"
    the deployment of release 20261124T184000Z-x on 2026-11-24 18:41:00 UTC failed
    the deployment of release 20261124T184000Z-x on 2026-11-24 18:41:00 UTC was not verified
    the deployment of release 20261124T184000Z-x on 2026-11-24 18:41:00 UTC failed its verification: no answer

    the deployment of release 20261124T184000Z-x on 2026-11-24 18:41:00 UTC was not completed
    release 20261124T184000Z-x was never deployed
    ");
}

#[test]
fn two_records_in_one_second_have_different_times() {
    let recorded = [release("first", 'a', &[(1, VERIFIED), (2, None)]), release("second", 'a', &[])];
    assert_eq!(next_time(at(3), &recorded), at(3));
    let next = next_time(at(2), &recorded);
    assert!(at(2) < next && next < at(2) + TimeDelta::seconds(1), "{next}");
    assert_eq!(next_time(at(0), &recorded[1..]), at(0));
}
