//! The alarms that roll back a deployment:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html>.

use serde_json::Value;

/// The section of a template's metadata with the logical ids of these alarms.
pub(crate) const METADATA: &str = "RollbackTriggers";

/// The most alarms that CloudFormation accepts:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html>.
pub const MAXIMUM_ROLLBACK_TRIGGERS: usize = 5;

/// Returns the names of the alarms that exist in a deployed template, and unchanged in the one that replaces it.
///
/// CloudFormation fails and rolls back an operation during which such an alarm is missing.
pub fn rollback_triggers(deployed: &Value, proposed: &Value) -> Vec<String> {
    let name = |template: &Value, id: &str| -> Option<String> {
        let alarm = &template["Resources"][id];
        let is_alarm = alarm["Type"] == "AWS::CloudWatch::Alarm";
        alarm["Properties"]["AlarmName"].as_str().filter(|_| is_alarm).map(str::to_owned)
    };
    let ids = proposed["Metadata"][METADATA].as_object().into_iter().flatten().map(|(id, _)| id);
    let kept = ids.filter_map(|id| name(deployed, id).filter(|old| name(proposed, id).as_ref() == Some(old)));
    kept.take(MAXIMUM_ROLLBACK_TRIGGERS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MAXIMUM_ROLLBACK_TRIGGERS, rollback_triggers};
    use crate::infrastructure::tests::template_of;

    #[test]
    fn every_environment_has_its_triggers() {
        for environment in ["dev", "prod", "local"] {
            let template = template_of(environment).to_value();
            let listed = template["Metadata"]["RollbackTriggers"].as_object().unwrap();
            assert_eq!(rollback_triggers(&template, &template).len(), listed.len());
            assert!((4..=MAXIMUM_ROLLBACK_TRIGGERS).contains(&listed.len()), "{listed:?}");
        }
    }

    #[test]
    fn alarm_that_is_new_or_renamed_is_no_trigger() {
        let deployed = template_of("dev").to_value();
        let mut proposed = deployed.clone();
        proposed["Resources"]["ApiFailureRateAlarm"]["Properties"]["AlarmName"] = json!("another");
        let all = rollback_triggers(&deployed, &deployed);
        let kept = rollback_triggers(&deployed, &proposed);
        assert_eq!(kept.len(), all.len() - 1);
        assert!(kept.iter().all(|name| all.contains(name)));
        assert!(rollback_triggers(&json!({}), &deployed).is_empty());
    }
}
