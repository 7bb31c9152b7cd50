use std::collections::BTreeSet;

use openapi::{GATEWAY_CORS_ALLOW_HEADERS, HashAlgorithm, ROUTES};
use serde_json::Value as Json;

use crate::environment::testing::{environment, environments};
use crate::{
    ArtifactKey, Artifacts, DeployedTemplate, DeployedTemplateError, Environment, Facts, FunctionName,
    Inputs, OutputName, SigningKey, SigningKeys, Template, TemplateReview, TemplateState, render,
};

/// Returns P-256 public keys generated for these tests; their private halves were not kept.
fn two_keys() -> SigningKeys {
    let key = |fingerprint: &str, created_at, body| {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        SigningKey::new(fingerprint.parse().unwrap(), created_at, &pem).unwrap()
    };
    let keys = vec![
        key(
            "bca0ea2eb134",
            1_790_000_000,
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKSVHTIYOdk0KOLQ/ohfYMxmESWXn\nA27t9SKCPiCgGIgNEs1Iw0aKBNna7wQS2NhNw85978WttRWijYVeJ8tS+A==",
        ),
        key(
            "c44b2cb70ac5",
            1_795_000_000,
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVhUSfC5Chv4kb7zmPzuQmTXNZ3lL\nbbbmi2YVDE+x/oUXBK9nHx7GlUyO5G620DOgobS6ejjYgrap3imQPaBN0w==",
        ),
    ];
    SigningKeys::new(keys, Some("bca0ea2eb134".parse().unwrap())).unwrap()
}

fn template(environment: &Environment, signing_keys: &SigningKeys) -> Template {
    let artifact = |function, digit: &str| {
        ArtifactKey::new(&environment.service, function, &digit.repeat(64).parse().unwrap())
    };
    let artifacts = Artifacts {
        bucket: environment.artifact_bucket.clone(),
        api: artifact(FunctionName::Api, "a"),
        restore: artifact(FunctionName::Restore, "b"),
        authorizer: artifact(FunctionName::Authorizer, "c"),
    };
    render(&Inputs { environment, signing_keys, artifacts: &artifacts }).unwrap()
}

/// Returns the template of an environment with two keys.
pub(crate) fn template_of(name: &str) -> Template {
    template(&environment(name), &two_keys())
}

#[test]
fn templates() {
    for environment in environments() {
        let name = environment.name.as_str();
        insta::assert_snapshot!(name, template(&environment, &two_keys()).to_json());
        let without_keys = template(&environment, &SigningKeys::none());
        insta::assert_snapshot!(format!("{name}_without_keys"), without_keys.to_json());
    }
}

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
    let fact = "alarm_topic = { ssm = \"/dev/platform/alarm-topic-arn\" }";
    let text = include_str!("../../environments/dev.toml");
    assert!(text.contains(fact));
    let with =
        |topic: &str| Environment::parse(&"dev".parse().unwrap(), &text.replacen(fact, topic, 1)).unwrap();
    let one_key = {
        let key = two_keys().trusted()[0].clone();
        let active = key.fingerprint().clone();
        SigningKeys::new(vec![key], Some(active)).unwrap()
    };
    for (before, now) in [(literal, fact), (fact, literal), (fact, "")] {
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
fn iam_policies() {
    for environment in environments() {
        let policies =
            format!("{:#}\n", crate::iam_policies(&template(&environment, &two_keys()).to_value()));
        insta::assert_snapshot!(format!("{}_iam_policies", environment.name), policies);
    }
}

#[test]
fn two_renders_are_byte_identical() {
    let once = || environments().map(|environment| template(&environment, &two_keys()).to_json());
    assert_eq!(once(), once());
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

#[test]
fn buckets_outlive_the_stack_and_public_keys_their_replacement() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let resources = json["Resources"].as_object().unwrap();
        let retained: BTreeSet<[&str; 3]> = resources
            .values()
            .filter(|resource| resource["UpdateReplacePolicy"] == "Retain")
            .map(|resource| {
                ["Type", "DeletionPolicy", "UpdateReplacePolicy"].map(|it| resource[it].as_str().unwrap())
            })
            .collect();
        let public_key = ["AWS::CloudFront::PublicKey", "Delete", "Retain"];
        let bucket = ["AWS::S3::Bucket", "RetainExceptOnCreate", "Retain"];
        assert_eq!(retained, BTreeSet::from([public_key, bucket]));
        let of_type = |name| resources.values().filter(move |resource| resource["Type"] == name);
        for name in ["AWS::S3::Bucket", "AWS::CloudFront::PublicKey"] {
            assert!(of_type(name).all(|resource| resource["UpdateReplacePolicy"] == "Retain"), "{name}");
        }
    }
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

/// Route settings, dashboards or alarms with the name of a route would still contain it in the update or rollback that
/// removes the route.
#[test]
fn only_the_imported_document_names_routes() {
    for environment in environments() {
        let mut json = template(&environment, &two_keys()).to_value();
        let body = json["Resources"]["Api"]["Properties"]["Body"].take();
        let rest = json.to_string();
        for (path, method) in ROUTES.iter().map(|route| (route.path, route.method)) {
            assert!(body["paths"][path].is_object(), "{path}");
            for name in [format!("{method} {path}"), format!("{method}{path}"), format!("\"{path}\"")] {
                assert!(!rest.contains(&name), "{name} is named outside of the API");
            }
        }
    }
}

/// A rollback or a rotation must not add the name of a route that the deployed API no longer has.
#[test]
fn changed_routes_change_one_resource_in_both_directions() {
    let environment = environment("prod");
    let before = template(&environment, &two_keys()).to_value();
    let mut after = before.clone();
    let paths = after["Resources"]["Api"]["Properties"]["Body"]["paths"].as_object_mut().unwrap();
    let removed = paths.remove("/proxy/s3").unwrap();
    paths.insert("/renamed".to_owned(), removed);
    for (from, to) in [(&before, &after), (&after, &before)] {
        let target = DeployedTemplate::from(to.clone()).with_keys(&environment, &two_keys()).unwrap();
        let facts = &Facts::new();
        let state = |template| TemplateState { template, facts };
        let changes = TemplateReview::of(Some(state(from)), state(&target)).changes;
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(names, ["Api"]);
    }
}

/// The variables whose values depend on a client or an error:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>.
#[test]
fn access_log_lines_parse_whatever_a_client_sends() {
    const FREE_TEXT: [&str; 9] = [
        "$context.authorizer.error",
        "$context.authorizer.principalId",
        "$context.customDomain.basePathMatched",
        "$context.domainName",
        "$context.error.message",
        "$context.identity.userAgent",
        "$context.integration.error",
        "$context.integrationErrorMessage",
        "$context.path",
    ];
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let format = &json["Resources"]["ApiStage"]["Properties"]["AccessLogSettings"]["Format"];
        let mut line = format.as_str().unwrap().to_owned();
        for variable in FREE_TEXT {
            line = line.replace(variable, "a\"b\\");
        }
        assert!(serde_json::from_str::<Json>(&line).is_ok(), "{line}");
        assert!(line.contains("$context.requestId") && line.contains("$context.routeKey"), "{line}");
    }
}

#[test]
fn cdn_allows_any_request_header() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let policy = &json["Resources"]["AssetsResponseHeadersPolicy"]["Properties"];
        let cors = &policy["ResponseHeadersPolicyConfig"]["CorsConfig"];
        assert_eq!(cors["AccessControlAllowHeaders"]["Items"], serde_json::json!(["*"]));
        assert_eq!(cors["AccessControlAllowCredentials"], false);
    }
}

#[test]
fn api_allows_the_request_headers_of_its_environment() {
    let mut environment = environment("prod");
    let allowed = |environment: &Environment| {
        let json = template(environment, &two_keys()).to_value();
        json["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["allowHeaders"].clone()
    };
    assert_eq!(allowed(&environment), serde_json::json!(GATEWAY_CORS_ALLOW_HEADERS));
    environment.cors_headers = vec!["X-Other".parse().unwrap()];
    assert_eq!(allowed(&environment), serde_json::json!(["X-Other"]));
}

#[test]
fn lambda_drops_no_log_lines() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let resources = json["Resources"].as_object().unwrap().values();
        let functions = resources.filter(|resource| resource["Type"] == "AWS::Lambda::Function");
        let levels: Vec<&Json> = functions
            .map(|function| &function["Properties"]["LoggingConfig"]["ApplicationLogLevel"])
            .collect();
        assert_eq!(levels, vec!["TRACE"; environment.functions().len()]);
    }
}

#[test]
fn every_output_is_in_a_template() {
    let given: BTreeSet<String> = ["local", "prod"]
        .into_iter()
        .flat_map(|name| {
            let json = template(&environment(name), &two_keys()).to_value();
            json["Outputs"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        })
        .collect();
    let declared: BTreeSet<String> = OutputName::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(given, declared);
}

/// Collects all texts of a document with their paths.
fn texts(place: &str, json: &Json, found: &mut Vec<(String, String)>) {
    match json {
        Json::String(text) => found.push((place.to_owned(), text.clone())),
        Json::Array(items) => items.iter().for_each(|item| texts(place, item, found)),
        Json::Object(members) => {
            for (name, member) in members {
                texts(&format!("{place}.{name}"), member, found);
            }
        }
        _ => {}
    }
}

/// A name without the suffix would collide with an installation that has no suffix.
#[test]
fn suffix_ends_every_name() {
    for environment in environments() {
        let mut suffixed = environment.clone();
        suffixed.suffix = Some("v2".parse().unwrap());
        let names = |environment: &Environment| {
            let json = template(environment, &two_keys()).to_value();
            let mut found = Vec::new();
            texts("", &json["Resources"], &mut found);
            let is_name = |(place, _): &(String, String)| {
                let property = place.rsplit('.').next().unwrap_or_default();
                ["Name", "CallerReference", "ApiMappingKey"].iter().any(|end| property.ends_with(end))
                    && !place.contains(".Dimensions.")
            };
            found.retain(is_name);
            found
        };
        let (before, after) = (names(&environment), names(&suffixed));
        assert_eq!(before.len(), after.len());
        let unchanged: BTreeSet<&str> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| after.1 != format!("{}-v2", before.1))
            .map(|(before, _)| before.0.rsplit('.').next().unwrap())
            .collect();
        // Metrics have names of AWS; the name of a policy is unique within its role, that of a stage within its API.
        let expected = ["MetricName", "PolicyName", "StageName"];
        assert_eq!(unchanged.into_iter().collect::<Vec<_>>(), expected, "{}", environment.name);
    }
}
