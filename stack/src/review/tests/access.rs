//! Changes of who may do something, and of where data goes.

use serde_json::{Value, json};

use super::{found, only, reviewed};
use crate::cloudformation::Consequence::{Closes, Opens};

/// Replaces the value at a JSON pointer below the resources.
fn set(pointer: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |template| *template["Resources"].pointer_mut(pointer).unwrap() = value
}

#[test]
fn function_with_another_role_opens() {
    let changed = found("dev", set("/RestoreFunction/Properties/Role", json!("arn:aws:iam::1:role/all")));
    let before = r#"{"Fn::GetAtt":["RestoreFunctionRole","Arn"]}"#;
    assert_eq!(
        changed,
        only(Opens, &format!(r#"the function has the role "arn:aws:iam::1:role/all", was {before}"#))
    );
}

#[test]
fn logs_that_are_forwarded_elsewhere_open() {
    let destination = "/ApiFunctionLogSubscription/Properties/DestinationArn";
    let changed = found("dev", set(destination, json!("another")));
    assert_eq!(changed, only(Opens, r#"logs are forwarded to "another", was {"Ref":"LogDestinationArn"}"#));
}

#[test]
fn queue_without_encryption_opens() {
    let changed = found("dev", set("/RestoreQueue/Properties/SqsManagedSseEnabled", json!(false)));
    assert_eq!(changed, only(Opens, "messages are no longer encrypted"));
    // It is encrypted by default.
    let default = found("dev", |template| {
        let queue = template["Resources"]["RestoreQueue"]["Properties"].as_object_mut().unwrap();
        queue.remove("SqsManagedSseEnabled");
    });
    assert_eq!(default, []);
}

#[test]
fn higher_limit_of_requests_opens_and_lower_one_closes() {
    let rate = "/ApiStage/Properties/DefaultRouteSettings/ThrottlingRateLimit";
    let higher = found("dev", set(rate, json!(201)));
    assert_eq!(higher, only(Opens, "the API accepts 201 requests per second, was 200"));
    let lower = found("dev", set(rate, json!(100)));
    assert_eq!(lower, only(Closes, "the API accepts 100 requests per second, was 200"));
    let none = found("dev", |template| {
        template["Resources"]["ApiStage"]["Properties"]
            .as_object_mut()
            .unwrap()
            .remove("DefaultRouteSettings");
    });
    let accepts = |what: &str| (Opens, format!("the API accepts any {what}"));
    assert_eq!(none, [accepts("requests at once, was 400"), accepts("requests per second, was 200")]);
}

#[test]
fn origin_that_is_another_bucket_opens_and_one_without_signature_closes() {
    let origin = "/Distribution/Properties/DistributionConfig/Origins/0/DomainName";
    let changed = found("dev", set(origin, json!("evil.example")));
    assert!(changed.len() == 1 && changed[0].0 == Opens, "{changed:?}");
    let unsigned = found("dev", |template| {
        let origin = template.pointer_mut("/Resources/Distribution/Properties/DistributionConfig/Origins/0");
        origin.unwrap().as_object_mut().unwrap().remove("OriginAccessControlId");
    });
    assert!(unsigned.len() == 1 && unsigned[0].0 == Closes, "{unsigned:?}");
    let behavior = "/AssetsOriginAccessControl/Properties/OriginAccessControlConfig/SigningBehavior";
    let never = found("dev", set(behavior, json!("never")));
    assert_eq!(never, only(Closes, "CloudFront no longer signs all requests to the bucket"));
}

#[test]
fn older_security_policy_opens() {
    let certificate = "/Distribution/Properties/DistributionConfig/ViewerCertificate";
    let opened = |policy: &str| {
        let certificate = format!("{certificate}/MinimumProtocolVersion");
        let edit =
            |template: &mut Value| *template["Resources"].pointer_mut(&certificate).unwrap() = json!(policy);
        !found("prod", edit).is_empty()
    };
    assert!(["TLSv1.2_2018", "TLSv1.1_2016", "TLSv1", "SSLv3"].into_iter().all(opened));
    assert!(!opened("TLSv1.3_2025"));
    let default = found("prod", set(certificate, json!({ "CloudFrontDefaultCertificate": true })));
    assert_eq!(
        default,
        only(Opens, r#"viewers may connect with the security policy null, was "TLSv1.2_2021""#)
    );
}

#[test]
fn route_with_another_authorizer_or_integration_opens() {
    let route = |name: &str| format!("/Api/Properties/Body/paths/~1restore/post/{name}");
    let changed = |name: &str, value: Value| {
        found("dev", |template| *template["Resources"].pointer_mut(&route(name)).unwrap() = value)
    };
    let other = changed("security", json!([{ "other": [] }]));
    let before = r#"[{"token_dataset_auth":[]}]"#;
    assert_eq!(
        other,
        only(Opens, &format!(r#"POST /restore is authorized by [{{"other":[]}}], was {before}"#))
    );
    let optional = changed("security", json!([{ "token_dataset_auth": [] }, {}]));
    assert_eq!(optional, only(Opens, "POST /restore no longer requires a token"));
    let elsewhere = changed("x-amazon-apigateway-integration/uri", json!("https://evil.example"));
    assert!(elsewhere.len() == 1 && elsewhere[0].0 == Opens, "{elsewhere:?}");
}

#[test]
fn exceptions_in_statements_are_grants() {
    let statements = "/ApiFunctionRole/Properties/Policies/0/PolicyDocument/Statement";
    let (_, grants, _) = reviewed(|template| {
        let statements = template["Resources"].pointer_mut(statements).unwrap().as_array_mut().unwrap();
        statements.push(json!({
            "Sid": "More", "Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "NotResource": "arn:aws:s3:::a",
        }));
    });
    let what = "everything except iam:*, sts:* on everything except arn:aws:s3:::a";
    assert_eq!(grants, [format!("+ ApiFunctionRole, More: allows {what}")]);
    let (_, grants, _) = reviewed(|template| {
        let policy = &mut template["Resources"]["AssetsBucketPolicy"]["Properties"]["PolicyDocument"];
        policy["Statement"].as_array_mut().unwrap().push(json!({
            "Sid": "More", "Effect": "Allow", "NotPrincipal": { "AWS": "1" }, "Action": "s3:*", "Resource": "*",
        }));
    });
    assert_eq!(grants, [r#"+ AssetsBucketPolicy, More: allows s3:* on * for everyone except {"AWS":"1"}"#]);
}

#[test]
fn key_from_outside_of_the_stack_opens() {
    let added = found("dev", |template| {
        let items = &mut template["Resources"]["KeyGroup"]["Properties"]["KeyGroupConfig"]["Items"];
        items.as_array_mut().unwrap().push(json!("K2JCJMDEHXQW5F"));
    });
    assert_eq!(added, only(Opens, "keys from outside of the stack gain K2JCJMDEHXQW5F"));
}

#[test]
fn removed_resource_closes_what_it_accepted() {
    let removed = |id: &str| {
        found("dev", |template| {
            template["Resources"].as_object_mut().unwrap().remove(id);
        })
    };
    assert_eq!(removed("ApiMapping"), only(Closes, r#"the path "packages" of the API is removed"#));
    assert_eq!(removed("Distribution"), only(Closes, "the distribution is disabled"));
    assert!(removed("Api").contains(&(Closes, "POST /restore is removed".to_owned())));
    assert_eq!(removed("RestoreQueue"), []);
}
