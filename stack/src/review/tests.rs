//! Changes of our own templates, and what a review shows of them.

mod access;

use serde_json::{Value, json};

use super::{ChangeKind, Consequence, TemplateChange, TemplateReview, TemplateState};
use crate::PlatformParameterValues;
use crate::cloudformation::{Property, resource_type};
use crate::infrastructure::tests::template_of;
use crate::snapshot::difference;

fn template() -> Value {
    template_of("dev").to_value()
}

/// Compares templates without platform parameters.
fn compare(old: Option<&Value>, new: &Value) -> TemplateReview {
    let parameters = &PlatformParameterValues::new();
    let state = |template| TemplateState { template, parameters };
    TemplateReview::compare(old.map(state), state(new))
}

/// Returns what a review shows of a change: all changes, then all grants.
fn reviewed(edit: impl FnOnce(&mut Value)) -> (Vec<String>, Vec<String>, TemplateReview) {
    let old = template();
    let mut new = old.clone();
    edit(&mut new);
    let review = compare(Some(&old), &new);
    let changes = review.changes.iter().map(line).collect();
    let grants = review.grants.iter().map(ToString::to_string).collect();
    (changes, grants, review)
}

fn line(change: &TemplateChange) -> String {
    let (kind, differences) = match &change.kind {
        ChangeKind::Added => ("added", &Vec::new()),
        ChangeKind::Removed => ("removed", &Vec::new()),
        ChangeKind::Changed(differences) => ("changed", differences),
        ChangeKind::MayChange => ("may change", &Vec::new()),
        ChangeKind::MayBeReplaced(differences) => ("may be replaced", differences),
        ChangeKind::Replaced(differences) => ("replaced", differences),
    };
    let paths: Vec<_> = differences.iter().map(|difference| difference.path.as_str()).collect();
    let causes = if change.causes.is_empty() { "" } else { "with " };
    let line =
        format!("{kind} {} {}{causes}{}", change.resource_type, paths.join(" "), change.causes.join(" "));
    line.trim_end().to_owned()
}

/// Returns the properties of the first resource of a type, and its logical id.
fn first<'a>(template: &'a mut Value, resource_type: &str) -> (String, &'a mut Value) {
    let mut resources = template["Resources"].as_object_mut().unwrap().iter_mut();
    let (id, resource) = resources.find(|(_, resource)| resource["Type"] == resource_type).unwrap();
    (id.clone(), &mut resource["Properties"])
}

/// Returns what a template allows and denies, a line for each.
fn permissions(environment: &str) -> String {
    let grants = compare(None, &template_of(environment).to_value()).grants;
    let mut lines: Vec<String> = grants
        .iter()
        .map(|grant| format!("{} {}: {}\n", grant.holder, grant.statement, grant.what))
        .collect();
    lines.sort();
    lines.concat()
}

/// An additional permission is an additional line here, which is easier to see than in a template.
#[test]
fn permissions_of_dev() {
    insta::assert_snapshot!(permissions("dev"));
}

#[test]
fn permissions_of_other_environments() {
    let difference = |name| difference(("dev", &permissions("dev")), (name, &permissions(name)));
    assert_eq!(difference("prod"), "");
    insta::assert_snapshot!("permissions_of_local", difference("local"));
}

#[test]
fn new_stack_adds_everything_and_equal_templates_nothing() {
    let template = template();
    assert!(compare(Some(&template), &template).is_empty());
    let review = compare(None, &template);
    let sections =
        ["Resources", "Parameters", "Outputs"].map(|name| template[name].as_object().unwrap().len());
    assert_eq!(review.changes.len(), sections.iter().sum::<usize>());
    assert!(review.changes.iter().all(|change| change.kind == ChangeKind::Added));
    assert!(review.widening().next().is_some(), "its roles have permissions");
    assert!(review.grants.iter().all(|grant| grant.widens == grant.what.starts_with("allows")));
}

#[test]
fn changed_alarm_is_the_only_change_shown() {
    let (changes, grants, review) = reviewed(|template| {
        first(template, "AWS::CloudWatch::Alarm").1["Threshold"] = json!(12_345);
    });
    assert_eq!(changes, ["changed AWS::CloudWatch::Alarm Threshold"]);
    assert!(grants.is_empty() && review.endangered().next().is_none());
}

#[test]
fn replaced_or_removed_queue_endangers_data() {
    let (changes, _, review) = reviewed(|template| {
        first(template, "AWS::SQS::Queue").1["QueueName"] = json!("another-name");
    });
    assert!(changes.contains(&"replaced AWS::SQS::Queue QueueName".to_owned()), "{changes:#?}");
    assert_eq!(review.endangered().count(), 1);
    let (_, _, review) = reviewed(|template| {
        let (id, _) = first(template, "AWS::S3::Bucket");
        template["Resources"].as_object_mut().unwrap().remove(&id);
    });
    assert_eq!(review.endangered().count(), 1);
    let (_, _, review) = reviewed(|template| {
        first(template, "AWS::SQS::Queue").1["VisibilityTimeout"] = json!(1);
    });
    assert_eq!(review.endangered().count(), 0);
}

#[test]
fn widened_statement_shows_new_grants_and_reordered_one_shows_nothing() {
    let statements = |template: &mut Value| {
        let (_, role) = first(template, "AWS::IAM::Role");
        std::mem::take(role["Policies"][0]["PolicyDocument"]["Statement"].as_array_mut().unwrap())
    };
    let put = |template: &mut Value, statements: Vec<Value>| {
        first(template, "AWS::IAM::Role").1["Policies"][0]["PolicyDocument"]["Statement"] = json!(statements);
    };
    let (_, grants, _) = reviewed(|template| {
        let mut reordered = statements(template);
        reordered.reverse();
        put(template, reordered);
    });
    assert_eq!(grants, [""; 0]);

    let (_, grants, review) = reviewed(|template| {
        let mut widened = statements(template);
        widened.push(json!({"Sid": "More", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}));
        put(template, widened);
    });
    assert_eq!(grants.len(), 2);
    assert!(grants[0].ends_with(", More: allows s3:GetObject on *"), "{grants:?}");
    assert_eq!(review.widening().count(), 2);

    let (_, grants, review) = reviewed(|template| {
        let mut narrowed = statements(template);
        narrowed.pop();
        put(template, narrowed);
    });
    assert!(!grants.is_empty() && review.widening().next().is_none(), "{grants:?}");
    let (_, grants, review) = reviewed(|template| {
        let policy = first(template, "AWS::S3::BucketPolicy").1;
        let statements = policy["PolicyDocument"]["Statement"].as_array_mut().unwrap();
        statements.retain(|statement| statement["Effect"] != "Deny");
    });
    assert!(review.widening().next().is_some(), "a removed denial allows more: {grants:?}");
}

/// Returns the findings for a change of an environment's template.
fn found(environment: &str, edit: impl FnOnce(&mut Value)) -> Vec<(Consequence, String)> {
    let old = template_of(environment).to_value();
    let mut new = old.clone();
    edit(&mut new);
    assert_ne!(old, new, "nothing was changed");
    let findings = compare(Some(&old), &new).findings;
    findings.into_iter().map(|finding| (finding.consequence, finding.what)).collect()
}

fn only(consequence: Consequence, what: &str) -> Vec<(Consequence, String)> {
    vec![(consequence, what.to_owned())]
}

fn bucket(template: &mut Value) -> &mut Value {
    first(template, "AWS::S3::Bucket").1
}

/// Returns the paths of values whose property has no entry. A property without properties inside it has any value.
fn unknown(properties: &'static [Property], path: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| unknown(properties, path, item)).collect(),
        Value::Object(members) if !properties.is_empty() => members
            .iter()
            .flat_map(|(name, value)| {
                let path = format!("{path}.{name}");
                let known = crate::cloudformation::find_property(properties, name);
                known.map_or_else(|| vec![path.clone()], |known| unknown(known.properties, &path, value))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The types hold it for what they declare; this checks what they write, also with a serializer of their own.
#[test]
fn every_property_at_any_depth_says_what_a_change_means() {
    for environment in ["dev", "prod", "local"] {
        let template = template_of(environment).to_value();
        for resource in template["Resources"].as_object().unwrap().values() {
            let name = resource["Type"].as_str().unwrap();
            let properties = resource_type(name).unwrap().properties;
            assert_eq!(unknown(properties, name, &resource["Properties"]), [""; 0]);
        }
    }
}

#[test]
fn shorter_retention_endangers_data() {
    use Consequence::LosesData;
    let rule = |days: u32| json!({ "Id": "new", "Status": "Enabled", "ExpirationInDays": days });
    let added = found("dev", |template| {
        let rules = &mut bucket(template)["LifecycleConfiguration"]["Rules"];
        rules.as_array_mut().unwrap().push(rule(30));
    });
    assert_eq!(added, only(LosesData, "lifecycle: ExpirationInDays is 30, was none"));
    let sooner = found("dev", |template| {
        bucket(template)["LifecycleConfiguration"]["Rules"][1]["NoncurrentVersionExpiration"] =
            json!({ "NoncurrentDays": 1 });
    });
    assert_eq!(sooner, only(LosesData, "lifecycle: NoncurrentVersionExpiration.NoncurrentDays is 1, was 30"));
    let later = found("dev", |template| {
        bucket(template)["LifecycleConfiguration"]["Rules"][1]["NoncurrentVersionExpiration"] =
            json!({ "NoncurrentDays": 90 });
    });
    assert_eq!(later, []);
    let suspended = found("dev", |template| {
        bucket(template)["VersioningConfiguration"]["Status"] = json!("Suspended");
    });
    assert_eq!(suspended[0].0, LosesData);
    let logs = |days| {
        found("dev", |template| first(template, "AWS::Logs::LogGroup").1["RetentionInDays"] = json!(days))
    };
    assert_eq!(logs(7), only(LosesData, "logs are deleted after 7 days, was 30 days"));
    assert_eq!(logs(90), []);
    let messages = found("dev", |template| {
        let queue = &mut template["Resources"]["RestoreDeadLetterQueue"]["Properties"];
        queue["MessageRetentionPeriod"] = json!(60);
    });
    assert_eq!(messages, only(LosesData, "messages are deleted after 60 s, was 1209600 s"));
    let default = found("dev", |template| {
        let queue = template["Resources"]["RestoreDeadLetterQueue"]["Properties"].as_object_mut().unwrap();
        queue.remove("MessageRetentionPeriod");
    });
    assert_eq!(default, only(LosesData, "messages are deleted after 345600 s, was 1209600 s"));
    let redrive = found("dev", |template| {
        let queue = template["Resources"]["RestoreQueue"]["Properties"].as_object_mut().unwrap();
        queue.remove("RedrivePolicy");
    });
    assert_eq!(redrive[0].0, LosesData);
    let failures = found("dev", |template| {
        first(template, "AWS::Lambda::EventSourceMapping").1["FunctionResponseTypes"] = json!([]);
    });
    assert_eq!(failures[0].0, LosesData);
}

#[test]
fn resource_that_is_no_longer_retained_endangers_data() {
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let gone = found("dev", |template| {
            template["Resources"]["AssetsBucket"].as_object_mut().unwrap().remove(attribute);
        });
        assert_eq!(gone, only(Consequence::LosesData, &format!("{attribute} no longer retains it")));
    }
}

#[test]
fn route_that_no_longer_requires_a_token_opens() {
    use Consequence::{Closes, Opens};
    let body =
        |template: &mut Value| std::mem::take(&mut first(template, "AWS::ApiGatewayV2::Api").1["Body"]);
    let changed = |edit: fn(&mut Value)| {
        found("dev", |template| {
            let mut document = body(template);
            edit(&mut document);
            first(template, "AWS::ApiGatewayV2::Api").1["Body"] = document;
        })
    };
    let dropped = changed(|document| {
        document["paths"]["/restore"]["post"].as_object_mut().unwrap().remove("security");
    });
    assert_eq!(dropped, only(Opens, "POST /restore no longer requires a token"));
    let public = changed(|document| document["paths"]["/new"] = json!({ "get": {} }));
    assert_eq!(public, only(Opens, "GET /new is new and requires no token"));
    let closed = changed(|document| {
        document["paths"]["/proxy/s3"]["get"]["security"] = json!([{ "token_dataset_auth": [] }]);
    });
    assert_eq!(closed, only(Closes, "GET /proxy/s3 now requires a token"));
    let origins = changed(|document| {
        let cors = &mut document["x-amazon-apigateway-cors"]["allowOrigins"];
        cors.as_array_mut().unwrap()[0] = json!("https://evil.example");
    });
    let gained = (Opens, "CORS origins gain https://evil.example".to_owned());
    assert_eq!(origins, [gained, (Closes, "CORS origins lose http://localhost:3000".to_owned())]);
    let cached = changed(|document| {
        let scheme = &mut document["components"]["securitySchemes"]["token_dataset_auth"];
        scheme["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] = json!(3600);
    });
    assert_eq!(cached, only(Opens, "the authorizer's authorizerResultTtlInSeconds is 3600, was 300"));
}

#[test]
fn distribution_or_bucket_that_accepts_more_opens() {
    use Consequence::{Closes, Opens};
    let config = |template: &mut Value, edit: fn(&mut Value)| {
        edit(&mut first(template, "AWS::CloudFront::Distribution").1["DistributionConfig"]);
    };
    let everyone = found("dev", |template| {
        config(template, |config| {
            config["DefaultCacheBehavior"].as_object_mut().unwrap().remove("TrustedKeyGroups");
        });
    });
    assert_eq!(everyone, only(Opens, "everything else is served to everyone: it trusts no key group"));
    let added = found("dev", |template| {
        config(template, |config| {
            let behavior = json!({ "PathPattern": "*.json" });
            config["CacheBehaviors"].as_array_mut().unwrap().push(behavior);
        });
    });
    assert_eq!(added, only(Opens, "*.json is served to everyone: it trusts no key group"));
    let disabled = found("dev", |template| config(template, |config| config["Enabled"] = json!(false)));
    assert_eq!(disabled, only(Closes, "the distribution is disabled"));
    let public = found("dev", |template| {
        bucket(template)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = json!(false);
    });
    assert_eq!(public, only(Opens, "public access is no longer blocked by BlockPublicPolicy"));
    let methods = found("dev", |template| {
        let rules = &mut bucket(template)["CorsConfiguration"]["CorsRules"];
        rules[0]["AllowedMethods"].as_array_mut().unwrap().push(json!("PUT"));
    });
    assert_eq!(methods, only(Opens, "CORS methods gain PUT"));
    let boundary = {
        let mut old = template_of("dev").to_value();
        first(&mut old, "AWS::IAM::Role").1["PermissionsBoundary"] = json!("arn:aws:iam::1:policy/a");
        let new = template_of("dev").to_value();
        compare(Some(&old), &new).findings
    };
    assert_eq!(boundary[0].consequence, Opens);
}

#[test]
fn nested_properties_are_compared_and_can_replace_the_resource() {
    let credentials = found("dev", |template| {
        let policy = first(template, "AWS::CloudFront::ResponseHeadersPolicy").1;
        let cors = &mut policy["ResponseHeadersPolicyConfig"]["CorsConfig"];
        cors["AccessControlAllowCredentials"] = json!(true);
    });
    assert_eq!(credentials, only(Consequence::Opens, "CORS allows credentials"));
    let (changes, _, _) = reviewed(|template| {
        first(template, "AWS::CloudFront::PublicKey").1["PublicKeyConfig"]["EncodedKey"] = json!("another");
    });
    assert!(
        changes.contains(&"replaced AWS::CloudFront::PublicKey PublicKeyConfig.EncodedKey".to_owned()),
        "{changes:#?}"
    );
}

#[test]
fn permissions_are_compared_with_parameter_values() {
    let template = template_of("prod").to_value();
    let parameters = |bucket: &str| {
        let names = template["Parameters"].as_object().unwrap().keys();
        let mut parameters: PlatformParameterValues =
            names.map(|name| (name.clone(), format!("value-of-{name}"))).collect();
        parameters.insert("StorageBucket1".to_owned(), bucket.to_owned());
        parameters
    };
    let (before, after) = (parameters("storage"), parameters("other"));
    let state = |parameters| TemplateState { template: &template, parameters };
    assert!(TemplateReview::compare(Some(state(&before)), state(&before)).is_empty());
    let review = TemplateReview::compare(Some(state(&before)), state(&after));
    // The templates are the same, so resources change only because of the parameter.
    let by_parameter = |review: &TemplateReview, name: &str| {
        !review.changes.is_empty()
            && review.changes.iter().all(|change| change.causes.contains(&name.to_owned()))
    };
    let roles: Vec<_> = review.changes.iter().filter(|it| it.resource_type == "AWS::IAM::Role").collect();
    assert!(!roles.is_empty() && roles.iter().all(|role| role.causes == ["StorageBucket1"]), "{roles:?}");
    let deletes = "allows s3:DeleteObjectVersion on {\"Fn::Sub\":\"arn:${AWS::Partition}:s3:::other/*\"}";
    assert!(review.widening().any(|change| change.what == deletes), "{:?}", review.grants);
    let opened: Vec<&str> =
        review.findings(Consequence::Opens).map(|finding| finding.what.as_str()).collect();
    assert_eq!(opened, ["proxied buckets gain other"]);

    let mut authorizer = before.clone();
    authorizer.insert("AuthorizerFunctionArn".to_owned(), "another".to_owned());
    let review = TemplateReview::compare(Some(state(&before)), state(&authorizer));
    let opened: Vec<&str> =
        review.findings(Consequence::Opens).map(|finding| finding.what.as_str()).collect();
    assert!(opened.len() == 1 && opened[0].starts_with("the authorizer's authorizerUri"), "{opened:?}");

    let mut topic = before.clone();
    topic.insert("AlarmTopicArn".to_owned(), "another".to_owned());
    let review = TemplateReview::compare(Some(state(&before)), state(&topic));
    assert!(by_parameter(&review, "AlarmTopicArn"), "{:?}", review.changes);
    assert!(review.grants.is_empty() && review.findings.is_empty());
}
