//! Snapshots: one whole template, and what differs in the others.

use super::{template, two_keys};
use crate::environment::testing::{environment, environments};
use crate::snapshot::difference;
use crate::{Environment, SigningKeys};

fn without_keys(environment: &Environment) -> String {
    template(environment, &SigningKeys::none()).to_json()
}

fn with_keys(environment: &Environment) -> String {
    template(environment, &two_keys()).to_json()
}

#[test]
fn template_of_dev() {
    insta::assert_snapshot!(without_keys(&environment("dev")));
}

#[test]
fn template_of_prod() {
    let [dev, prod] = ["dev", "prod"].map(environment);
    insta::assert_snapshot!(difference(("dev", &without_keys(&dev)), ("prod", &without_keys(&prod))));
}

#[test]
fn template_of_local() {
    let [dev, local] = ["dev", "local"].map(environment);
    insta::assert_snapshot!(difference(("dev", &without_keys(&dev)), ("local", &without_keys(&local))));
}

#[test]
fn template_with_keys() {
    let dev = environment("dev");
    insta::assert_snapshot!(difference(("dev", &without_keys(&dev)), ("dev", &with_keys(&dev))));
}

#[test]
fn keys_change_the_templates_of_all_environments_in_the_same_way() {
    let changes = environments().map(|environment| {
        // Only the alarm on the age of keys is not the same everywhere: `local` has no topic for it.
        let environment = Environment { alarm_topic: None, ..environment };
        let name = environment.name.as_str();
        let text = difference((name, &without_keys(&environment)), (name, &with_keys(&environment)));
        let lines = text.lines().filter(|line| line.starts_with(['+', '-']));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(changes[0], changes[1]);
    assert_eq!(changes[0], changes[2]);
}
