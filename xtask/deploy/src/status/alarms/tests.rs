use serde_json::{Value, json};

use super::{Alarm, Alarms};
use crate::connection::Connection;
use crate::metrics::testing::ScriptedCloudWatch;

const TEXT: &str = "More than 5 % of the API's responses are 5xx. First run `cargo xtask logs --env dev`. \
                    Runbook: docs/runbook.md#api-5xx";

fn alarm(name: &str, state: &str) -> Value {
    json!({
        "AlarmName": format!("dev-packages-service-{name}-use1"),
        "AlarmDescription": TEXT,
        "StateValue": state,
        "StateTransitionedTimestamp": 1_795_540_690,
        "StateUpdatedTimestamp": 1_795_540_990,
    })
}

/// Reads the alarms of two pages, with this template.
async fn read(template: Option<&Value>) -> Alarms {
    let cloudwatch = ScriptedCloudWatch::start(|operation, request| {
        assert_eq!(operation, "DescribeAlarms");
        assert_eq!(request["AlarmNamePrefix"], "dev-packages-service-");
        assert_eq!(request["AlarmTypes"], json!(["CompositeAlarm", "MetricAlarm"]));
        Ok(if request["NextToken"].is_null() {
            json!({ "MetricAlarms": [alarm("api-5xx", "ALARM")], "NextToken": "more" })
        } else {
            let of_other_stack = alarm("api-5xx-use1-v2", "ALARM");
            json!({
                "MetricAlarms": [alarm("api-latency", "INSUFFICIENT_DATA"), of_other_stack],
                "CompositeAlarms": [alarm("api-health", "ALARM")],
            })
        })
    })
    .await;
    let connection = Connection::for_test(cloudwatch.configuration.clone());
    let dev = command_line::environment::load("dev").unwrap();
    Alarms::read(&dev, &connection, template).await.unwrap()
}

fn template() -> Value {
    let dev = command_line::environment::load("dev").unwrap();
    stack::preview(&dev).unwrap().to_value()
}

#[tokio::test]
async fn alarms_have_their_state_since_when_and_their_page_in_the_runbook() {
    let alarms = read(Some(&template())).await;
    let names: Vec<&str> = alarms.alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "dev-packages-service-api-health-use1",
            "dev-packages-service-api-5xx-use1",
            "dev-packages-service-api-latency-use1",
        ]
    );
    assert_eq!(
        alarms.alarms[1],
        Alarm {
            name: "dev-packages-service-api-5xx-use1".to_owned(),
            is_composite: false,
            state: "ALARM".to_owned(),
            since: Some("2026-11-24T17:18:10Z".parse().unwrap()),
            runbook: Some("docs/runbook.md#api-5xx".to_owned()),
        }
    );
    assert!(alarms.is_any_active(&["api-5xx"]) && !alarms.is_any_active(&["api-latency"]));
    assert_eq!(alarms.active().count(), 2);
}

#[tokio::test]
async fn alarms_of_a_stack_with_a_longer_name_are_shown_only_without_a_template() {
    assert_eq!(read(Some(&template())).await.alarms.len(), 3);
    assert_eq!(read(None).await.alarms.len(), 4);
}

/// The pages are what the descriptions of the deployed alarms say.
#[test]
fn description_of_every_alarm_ends_with_its_page() {
    let template = template();
    let resources = template["Resources"].as_object().unwrap().values();
    let descriptions = resources.filter_map(|resource| resource["Properties"]["AlarmDescription"].as_str());
    let pages: Vec<Option<String>> = descriptions.map(|text| super::runbook(Some(text))).collect();
    assert!(pages.len() > 10);
    for page in pages {
        assert!(page.as_deref().is_some_and(|page| page.starts_with("docs/runbook.md#")), "{page:?}");
    }
}
