use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::environment::testing::environments;
use crate::infrastructure::tests::template_of;

const COMPOSITE: &str = "AWS::CloudWatch::CompositeAlarm";
const TYPES: [&str; 2] = ["AWS::CloudWatch::Alarm", COMPOSITE];

/// Returns the properties of an alarm of `prod`.
pub(super) fn alarm(id: &str) -> Json {
    template_of("prod").to_value()["Resources"][id]["Properties"].clone()
}

/// Returns the properties of the alarms of an environment, by logical id, of these types.
fn alarms(environment: &str, types: &[&str]) -> Vec<(String, Json)> {
    let template = template_of(environment).to_value();
    let resources = template["Resources"].as_object().unwrap().iter();
    let alarms = resources.filter(|(_, resource)| types.contains(&resource["Type"].as_str().unwrap()));
    alarms.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect()
}

/// Returns the short names of the alarms of all environments, with their descriptions.
fn descriptions() -> Vec<(String, String)> {
    let of_environment = |environment: &crate::Environment| {
        let (start, end) = (crate::stack_name(environment) + "-", format!("-{}", environment.region_short));
        let named = |(_, alarm): (String, Json)| {
            let name = alarm["AlarmName"].as_str().unwrap();
            let name = name.strip_prefix(&start).unwrap().strip_suffix(&end).unwrap().to_owned();
            (name, alarm["AlarmDescription"].as_str().unwrap().to_owned())
        };
        alarms(environment.name.as_str(), &TYPES).into_iter().map(named).collect::<Vec<_>>()
    };
    environments().iter().flat_map(of_environment).collect()
}

/// Returns the names of the alarms in a rule.
fn members(composite: &Json) -> Vec<String> {
    let rule = composite["AlarmRule"].as_str().unwrap();
    let member = |part: &str| {
        let name = part.strip_prefix("ALARM(\"").and_then(|rest| rest.strip_suffix("\")"));
        name.unwrap_or_else(|| panic!("{part}")).to_owned()
    };
    rule.split(" OR ").map(member).collect()
}

#[test]
fn every_alarm_has_a_page_in_the_runbook_and_every_page_an_alarm() {
    let runbook = include_str!("../../../../docs/runbook.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    // The pages are those whose heading is its own anchor.
    let pages: BTreeSet<&str> =
        headings.filter(|it| !it.contains(|c: char| c == ' ' || c.is_uppercase())).collect();
    let descriptions = descriptions();
    let names: BTreeSet<&str> = descriptions.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(pages, names);
}

#[test]
fn description_ends_with_the_page_in_the_runbook_and_is_short_enough() {
    for (name, description) in descriptions() {
        assert!(description.ends_with(&format!(" Runbook: docs/runbook.md#{name}")), "{description}");
        assert!(description.chars().count() <= 1_024, "{description}");
    }
}

#[test]
fn alarm_notifies_either_itself_or_through_one_composite_alarm() {
    let composites = alarms("prod", &[COMPOSITE]);
    let members: Vec<String> = composites.iter().flat_map(|(_, composite)| members(composite)).collect();
    for (id, alarm) in alarms("prod", &TYPES) {
        let is_member = members.iter().filter(|member| alarm["AlarmName"] == **member).count();
        let notifies = alarm["AlarmActions"].is_array();
        assert_eq!(alarm["OKActions"].is_array(), notifies, "{id}");
        assert_eq!(is_member, usize::from(!notifies), "{id}");
    }
}

#[test]
fn composite_alarm_waits_for_its_members() {
    let template = template_of("prod").to_value();
    for (id, composite) in alarms("prod", &[COMPOSITE]) {
        let dependencies = template["Resources"][&id]["DependsOn"].as_array().unwrap().iter();
        let names: BTreeSet<String> = dependencies
            .map(|id| {
                template["Resources"][id.as_str().unwrap()]["Properties"]["AlarmName"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, members(&composite).into_iter().collect(), "{id}");
    }
}

#[test]
fn alarms_that_need_an_action_of_their_own_notify_themselves() {
    let notifying: Vec<String> = alarms("prod", &["AWS::CloudWatch::Alarm"])
        .into_iter()
        .filter(|(_, alarm)| alarm["AlarmActions"].is_array())
        .map(|(id, _)| id)
        .collect();
    assert_eq!(notifying, ["DeadLettersAlarm", "LeftDeletedAlarm", "SigningKeyAgeAlarm"]);
}

/// A metric that no function writes would leave an alarm silent.
#[test]
fn metrics_of_the_functions_have_the_dimensions_of_the_contract() {
    let own: Vec<Json> = alarms("prod", &["AWS::CloudWatch::Alarm"])
        .into_iter()
        .map(|(_, alarm)| alarm)
        .filter(|alarm| alarm["Namespace"] == openapi::telemetry::NAMESPACE)
        .collect();
    assert_eq!(own.len(), 2);
    for alarm in own {
        let name = alarm["MetricName"].as_str().unwrap();
        let metric = openapi::telemetry::METRICS.iter().find(|metric| metric.name == name).unwrap();
        let dimensions = alarm["Dimensions"].as_array().unwrap().iter();
        let dimensions: Vec<&str> = dimensions.map(|it| it["Name"].as_str().unwrap()).collect();
        assert!(metric.dimensions.contains(&dimensions.as_slice()), "{alarm}");
    }
}
