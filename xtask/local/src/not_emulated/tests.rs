use serde_json::json;
use stack::{SigningKeys, preview_with};

use super::*;

fn lines(resources: &Value) -> Vec<String> {
    not_emulated(&json!({ "Resources": resources })).iter().map(ToString::to_string).collect()
}

fn resource(kind: &str, properties: &Value) -> Value {
    json!({"Type": kind, "Properties": properties})
}

#[test]
fn setting_without_effect_is_listed_once_with_the_number_of_resources() {
    let function = |memory| {
        let properties = json!({
            "FunctionName": {"Fn::Sub": "${Name}"}, "Timeout": 29, "MemorySize": memory,
            "VpcConfig": {"SubnetIds": {"Ref": "Subnets"}, "SecurityGroupIds": {"Ref": "Groups"}},
        });
        resource("AWS::Lambda::Function", &properties)
    };
    assert_eq!(
        lines(&json!({"Api": function(512), "Restore": function(1024)})),
        [
            "Lambda::Function MemorySize (2 resources): the functions may use more memory and have the whole processor",
            "Lambda::Function VpcConfig (2 resources): the functions have the network of this machine",
        ]
    );
}

#[test]
fn resource_without_effect_is_one_line() {
    let dashboard =
        resource("AWS::CloudWatch::Dashboard", &json!({"DashboardName": "d", "DashboardBody": "{}"}));
    let role = resource("AWS::IAM::Role", &json!({"AssumeRolePolicyDocument": {"Statement": []}}));
    assert_eq!(
        lines(&json!({"Dashboard": dashboard, "Role": role})),
        [
            "CloudWatch::Dashboard: the console shows graphs of its own",
            "IAM::Role AssumeRolePolicyDocument: the local stack gives the role to its function",
        ]
    );
}

#[test]
fn settings_in_lists_are_found_and_those_switched_off_are_not_listed() {
    let behavior = |compress| json!([{"PathPattern": "*.zarr", "Compress": compress}]);
    let distribution = |compress, ipv6| {
        let config = json!({"CacheBehaviors": behavior(compress), "IPV6Enabled": ipv6, "Enabled": true});
        json!({"Cdn": resource("AWS::CloudFront::Distribution", &json!({"DistributionConfig": config}))})
    };
    assert!(lines(&distribution(false, false)).is_empty());
    assert_eq!(
        lines(&distribution(true, true)),
        [
            "CloudFront::Distribution DistributionConfig.CacheBehaviors.Compress: bodies are sent as they are stored",
            "CloudFront::Distribution DistributionConfig.IPV6Enabled: everything listens on 127.0.0.1 only",
        ]
    );
}

#[test]
fn unknown_type_and_unknown_setting_are_listed() {
    let queue = resource("AWS::SQS::Queue", &json!({"QueueName": "q", "QueueNameSuffix": "x"}));
    let topic = resource("AWS::SNS::Topic", &json!({"TopicName": "t"}));
    let table = resource("Custom::Table", &json!({}));
    assert_eq!(
        lines(&json!({"Queue": queue, "Table": table, "Topic": topic})),
        [
            "Custom::Table: the local stack does not know this type of resource",
            "SNS::Topic: the local stack does not know this type of resource",
            "SQS::Queue QueueNameSuffix: the local stack does not know this setting",
        ]
    );
}

#[test]
fn template_without_resources_has_no_lines() {
    assert!(not_emulated(&json!({})).is_empty());
}

/// Renders the template of the environment `name`.
fn template(name: &str, text: &str) -> Value {
    let environment = stack::Environment::parse(&name.parse().unwrap(), text).unwrap();
    serde_json::to_value(preview_with(&environment, &SigningKeys::unknown()).unwrap()).unwrap()
}

#[test]
fn every_setting_of_our_templates_is_known() {
    for (name, text) in [
        ("local", include_str!("../../../../stack/environments/local.toml")),
        ("dev", include_str!("../../../../stack/environments/dev.toml")),
        ("prod", include_str!("../../../../stack/environments/prod.toml")),
    ] {
        let found = not_emulated(&template(name, text));
        assert!(found.iter().any(|it| it.what == "CloudFront::Distribution DistributionConfig.PriceClass"));
        assert!(found.iter().any(|it| it.what == "S3::Bucket LifecycleConfiguration"));
        let unknown = found.iter().filter(|it| it.why.contains("does not know"));
        assert_eq!(unknown.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new(), "{name}");
    }
}
