//! Signing keys in templates, and changes of them.

use openapi::HashAlgorithm;
use serde_json::Value as Json;

use super::{template, two_keys};
use crate::environment::testing::{environment, environments};
use crate::{DeployedTemplate, DeployedTemplateError, Environment, SigningKey, SigningKeys};

#[test]
fn deployed_template_with_other_keys_equals_the_template_rendered_with_them() {
    let both = two_keys();
    let one = |index: usize| {
        let key = both.trusted()[index].clone();
        let active = key.fingerprint().clone();
        SigningKeys::new(vec![key], Some(active)).unwrap()
    };
    for environment in environments() {
        for (from, to) in [(one(0), both.clone()), (both.clone(), one(1)), (one(0), one(1))] {
            let deployed = DeployedTemplate::parse(&template(&environment, &from).to_json()).unwrap();
            let trusted: Vec<_> = deployed.trusted().into_iter().collect();
            let expected: Vec<_> = from.trusted().iter().map(|key| key.fingerprint().clone()).collect();
            assert_eq!((trusted, deployed.active().as_ref()), (expected, from.active()));

            let changed = deployed.with_keys(&environment, &to).unwrap();
            assert_eq!(changed.to_string(), template(&environment, &to).to_value().to_string());
        }
    }
}

#[test]
fn change_of_keys_changes_nothing_else() {
    let environment = environment("local");
    let mut deployed = template(&environment, &two_keys()).to_value();
    let memory = "/Resources/ApiFunction/Properties/MemorySize";
    *deployed.pointer_mut(memory).unwrap() = 128.into();
    let changed = DeployedTemplate::parse(&deployed.to_string()).unwrap();
    let changed = changed.with_keys(&environment, &two_keys()).unwrap();
    assert_eq!(changed, deployed);
}

/// For a rotation from a checkout that is ahead of what is deployed, or a rollback to a release from before the change.
#[test]
fn change_of_keys_keeps_the_topic_of_the_deployed_alarm() {
    let literal = "alarm_topic = \"arn:aws:sns:us-east-1:123456789012:alarms\"";
    let parameter = "alarm_topic = { ssm = \"/dev/platform/alarm-topic-arn\" }";
    let text = include_str!("../../../environments/dev.toml");
    assert!(text.contains(parameter));
    let with = |topic: &str| {
        Environment::parse(&"dev".parse().unwrap(), &text.replacen(parameter, topic, 1)).unwrap()
    };
    let one_key = {
        let key = two_keys().trusted()[0].clone();
        let active = key.fingerprint().clone();
        SigningKeys::new(vec![key], Some(active)).unwrap()
    };
    for (before, now) in [(literal, parameter), (parameter, literal), (parameter, "")] {
        let deployed = template(&with(before), &one_key).to_value();
        let changed = DeployedTemplate::from(deployed.clone()).with_keys(&with(now), &two_keys()).unwrap();
        let alarm = "/Resources/SigningKeyAgeAlarm/Properties";
        let (old, new) = (deployed.pointer(alarm).unwrap(), changed.pointer(alarm).unwrap());
        for property in old.as_object().unwrap().keys().filter(|name| *name != "Metrics") {
            assert_eq!(old[property], new[property], "{property}");
        }
        assert!(new["Metrics"].to_string().contains("EPOCH(invocations) - 1795000000"), "{new}");
        let expected = template(&with(before), &two_keys()).to_value();
        assert_eq!(changed.to_string(), expected.to_string());
    }
}

#[test]
fn change_of_keys_with_a_dangling_reference_is_rejected() {
    let environment = environment("dev");
    let mut deployed = template(&environment, &two_keys()).to_value();
    deployed["Parameters"].as_object_mut().unwrap().remove("AlarmTopicArn");
    let error = DeployedTemplate::from(deployed).with_keys(&environment, &two_keys()).unwrap_err();
    assert!(matches!(error, DeployedTemplateError::Invalid(_)), "{error}");
}

#[test]
fn first_and_last_key_are_not_a_change_of_keys() {
    let environment = environment("local");
    for (from, to) in [(SigningKeys::none(), two_keys()), (two_keys(), SigningKeys::none())] {
        let deployed = DeployedTemplate::parse(&template(&environment, &from).to_json()).unwrap();
        assert!(deployed.with_keys(&environment, &to).is_err());
    }
}

#[test]
fn without_a_key_nothing_is_public() {
    let json = template(&environment("prod"), &SigningKeys::none()).to_value();
    let distribution = &json["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    assert_eq!(distribution["Enabled"], false);
    let policy = &json["Resources"]["AssetsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let effects: Vec<&Json> =
        policy.as_array().unwrap().iter().map(|statement| &statement["Effect"]).collect();
    assert_eq!(effects, ["Deny"]);
    let variables = &json["Resources"]["ApiFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!(variables["CLOUDFRONT_KEY_ID"], Json::Null);
}

#[test]
fn with_a_key_every_behavior_requires_a_signature() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let config = &json["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
        let behaviors = config["CacheBehaviors"].as_array().unwrap();
        for behavior in behaviors.iter().chain([&config["DefaultCacheBehavior"]]) {
            assert_eq!(behavior["TrustedKeyGroups"][0]["Ref"], "KeyGroup", "{behavior}");
        }
    }
}

#[test]
fn switch_of_keys_changes_one_resource() {
    let environment = environment("prod");
    let keys = two_keys();
    let other = keys.trusted().iter().map(SigningKey::fingerprint).find(|one| Some(*one) != keys.active());
    let switched = SigningKeys::new(keys.trusted().to_vec(), other.cloned()).unwrap();
    let resources = |keys| template(&environment, keys).to_value()["Resources"].as_object().unwrap().clone();
    let (before, after) = (resources(&keys), resources(&switched));
    let changed: Vec<&String> =
        before.iter().filter(|(id, resource)| after.get(*id) != Some(*resource)).map(|(id, _)| id).collect();
    assert_eq!((changed, before.len()), (vec![&"ApiFunction".to_owned()], after.len()));
}

#[test]
fn hash_algorithm_is_a_variable_only_where_the_environment_has_one() {
    let hash_of = |signing_hash| {
        let environment = Environment { signing_hash, ..environment("dev") };
        let json = template(&environment, &two_keys()).to_value();
        json["Resources"]["ApiFunction"]["Properties"]["Environment"]["Variables"]["CLOUDFRONT_HASH_ALGORITHM"]
            .clone()
    };
    assert_eq!(hash_of(None), Json::Null);
    assert_eq!(hash_of(Some(HashAlgorithm::Sha1)), "SHA1");
    assert_eq!(hash_of(Some(HashAlgorithm::Sha256)), "SHA256");
}
