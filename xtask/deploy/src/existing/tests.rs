use std::collections::{BTreeMap, BTreeSet};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Existing;
use super::names::{LookupMethod, NAMED, Name, new_names};
use crate::connection::Connection;

/// Types without a unique name.
const UNNAMED: [&str; 6] = [
    // Several APIs may have the same name, and the name of a stage is unique only within its API.
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::EventSourceMapping",
    // These belong to a function, a log group, or a bucket. For bucket policies, see `existing::bucket`.
    "AWS::Lambda::Permission",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::BucketPolicy",
];

fn templates() -> Vec<Value> {
    let template = |name: &String| {
        let environment = command_line::environment::load(name).unwrap();
        stack::preview(&environment).unwrap().to_value()
    };
    command_line::environment::names().unwrap().iter().map(template).collect()
}

/// A type in neither table would not be looked up before it is created.
#[test]
fn every_resource_type_is_known_to_have_a_name_or_none() {
    let templates = templates();
    let resources = templates.iter().flat_map(|template| template["Resources"].as_object().unwrap().values());
    let deployed: BTreeSet<&str> = resources.map(|resource| resource["Type"].as_str().unwrap()).collect();
    let named = NAMED.iter().map(|(resource_type, ..)| *resource_type);
    let known: BTreeSet<&str> = named.chain(UNNAMED).collect();
    assert!(deployed.is_subset(&known), "{:?}", deployed.difference(&known).collect::<Vec<_>>());
}

/// Every resource of a named type has its name at the place in the table, except for the types in `may_lack`.
#[test]
fn names_of_every_named_resource_are_found() {
    for template in templates() {
        let parameters: BTreeMap<String, String> = template["Parameters"]
            .as_object()
            .unwrap()
            .keys()
            .map(|name| (name.clone(), format!("value-of-{name}")))
            .collect();
        let names = new_names(None, &template, &parameters);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let resource_type = resource["Type"].as_str().unwrap();
            // AWS generates the names of roles, and a distribution may have no domain of its own.
            let may_lack = ["AWS::IAM::Role", "AWS::CloudFront::Distribution"].contains(&resource_type);
            if !UNNAMED.contains(&resource_type) && !may_lack {
                assert!(names.iter().any(|name| name.resource == *id), "{id} ({resource_type})");
            }
        }
    }
}

fn name(resource: &str, resource_type: &str, value: &str, method: LookupMethod) -> Name {
    Name {
        resource: resource.to_owned(),
        resource_type: resource_type.to_owned(),
        value: value.to_owned(),
        method,
    }
}

#[test]
fn only_names_that_are_not_deployed_are_new() {
    let queue = |name: &str| json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name } });
    let deployed = json!({ "Resources": { "Kept": queue("kept"), "Renamed": queue("old") } });
    let proposed = json!({ "Resources": {
        "Kept": queue("kept"),
        "Renamed": queue("new"),
        "Mapping": { "Type": "AWS::ApiGatewayV2::ApiMapping", "Properties": {
            "ApiMappingKey": "packages", "DomainName": { "Ref": "ApiDomain" },
        }},
    }});
    let parameters = BTreeMap::from([("ApiDomain".to_owned(), "api.example".to_owned())]);
    assert_eq!(
        new_names(Some(&deployed), &proposed, &parameters),
        [
            name(
                "Mapping",
                "AWS::ApiGatewayV2::ApiMapping",
                "api.example/packages",
                LookupMethod::ApiMapping
            ),
            name("Renamed", "AWS::SQS::Queue", "new", LookupMethod::Queue),
        ]
    );
}

/// A response of AWS: a status and a body.
type Response = (u16, String);

/// Returns what is found for a template's names, with these responses to a method, a path, and a body.
async fn found(
    template: &Value,
    script: impl Fn(&str, &str, &str) -> Response + Clone + Send + Sync + 'static,
) -> Existing {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let handle = move |method: Method, uri: Uri, body: String| async move {
        let (status, body) = script(method.as_str(), uri.path(), &body);
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let router = Router::new().fallback(handle);
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let credentials = Credentials::new("test", "test", None, None, "a test");
    let configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint)
        .build();
    let connection = Connection::for_test(configuration);
    let environment = command_line::environment::load("dev").unwrap();
    let existing = Existing::find(&environment, &connection, None, template, &BTreeMap::default()).await;
    server.abort();
    existing
}

/// Returns a template with one resource.
fn only(resource_type: &str, properties: &Value) -> Value {
    json!({ "Resources": { "Thing": { "Type": resource_type, "Properties": properties } } })
}

fn distribution() -> Value {
    let properties = json!({ "DistributionConfig": {
        "Aliases": ["assets.example"],
        "ViewerCertificate": { "AcmCertificateArn": "the-certificate" },
    }});
    only("AWS::CloudFront::Distribution", &properties)
}

/// Returns the account's distributions: one with this domain and this certificate.
fn distributions(alias: &str, certificate: &str) -> Response {
    let text = format!(
        "<DistributionList><Marker/><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>1</Quantity>\
         <Items><DistributionSummary><Id>E1</Id><Aliases><Quantity>1</Quantity><Items><CNAME>{alias}</CNAME></Items>\
         </Aliases><ViewerCertificate><ACMCertificateArn>{certificate}</ACMCertificateArn></ViewerCertificate>\
         </DistributionSummary></Items></DistributionList>"
    );
    (200, text)
}

fn conflicts(domain: &str) -> Response {
    let text = format!(
        "<ListDomainConflictsResult><DomainConflicts><DomainConflicts><Domain>{domain}</Domain>\
         <ResourceType>distribution</ResourceType><ResourceId>***E2</ResourceId><AccountId>***222</AccountId>\
         </DomainConflicts></DomainConflicts></ListDomainConflictsResult>"
    );
    (200, text)
}

#[tokio::test]
async fn domain_of_another_distribution_of_the_account_is_taken() {
    let existing = found(&distribution(), |_, _, _| distributions("assets.example", "any")).await;
    let [conflict] = &existing.conflicts[..] else { panic!("{existing:?}") };
    assert_eq!(conflict.name, "assets.example");
    let advice =
        "distribution E1 of this account has the domain: leave [cdn] out of stack/environments/dev.toml";
    assert!(conflict.advice.starts_with(advice), "{}", conflict.advice);
}

#[tokio::test]
async fn domain_in_another_account_is_looked_up_with_the_distribution_of_its_certificate() {
    let ask = async |domain: &'static str| {
        let script = move |method: &str, _: &str, body: &str| {
            if method == "GET" {
                return distributions("other.example", "the-certificate");
            }
            assert!(body.contains("<Domain>assets.example<") && body.contains(">E1<"), "{body}");
            conflicts(domain)
        };
        found(&distribution(), script).await
    };
    let existing = ask("assets.example").await;
    assert!(existing.conflicts[0].advice.contains("***E2 of account ***222"), "{existing:?}");
    // A wildcard that covers the domain may be used by another distribution of the account.
    let existing = ask("*.example").await;
    assert!(existing.conflicts.is_empty() && existing.unchecked.is_empty(), "{existing:?}");
}

/// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDomainConflicts.html>
#[tokio::test]
async fn domain_without_a_distribution_of_its_certificate_is_unchecked() {
    let existing = found(&distribution(), |_, _, _| distributions("other.example", "another")).await;
    assert!(existing.conflicts.is_empty(), "{existing:?}");
    assert!(existing.unchecked[0].reason.contains("below cloudfront.net"), "{existing:?}");
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
#[tokio::test]
async fn bucket_of_another_account_or_region_is_taken() {
    for (status, advice) in [(403, "another account has the bucket"), (301, "in another region")] {
        let template = only("AWS::S3::Bucket", &json!({ "BucketName": "assets" }));
        let existing = found(&template, move |_, _, _| (status, String::new())).await;
        assert!(existing.conflicts[0].advice.contains(advice), "{status}: {existing:?}");
    }
}

#[tokio::test]
async fn mapping_of_the_same_key_is_taken_with_or_without_its_key_in_the_list() {
    let properties = json!({ "ApiMappingKey": "packages", "DomainName": "api.example" });
    let template = only("AWS::ApiGatewayV2::ApiMapping", &properties);
    let mapping = |key: &str| json!({ "ApiMappingKey": key, "DomainName": "api.example" }).to_string();
    let taken = async |listed: String, described: String| {
        let script = move |_: &str, _: &str, body: &str| {
            let request: Value = serde_json::from_str(body).unwrap();
            let description = |properties: &str| json!({ "Identifier": "id", "Properties": properties });
            let response = if request["Identifier"] == "id" {
                json!({ "ResourceDescription": description(&described) })
            } else {
                assert_eq!(request["ResourceModel"], r#"{"DomainName":"api.example"}"#);
                json!({ "ResourceDescriptions": [description(&listed)] })
            };
            (200, response.to_string())
        };
        let existing = found(&template, script).await;
        assert!(existing.unchecked.is_empty(), "{existing:?}");
        existing.conflicts.iter().any(|conflict| conflict.name == "api.example/packages")
    };
    assert!(taken(mapping("packages"), mapping("not asked for")).await);
    assert!(taken("{}".to_owned(), mapping("packages")).await);
    assert!(!taken(mapping("other"), mapping("not asked for")).await);
}

#[tokio::test]
async fn name_that_cannot_be_looked_up_is_unchecked() {
    let template = only("AWS::Lambda::Function", &json!({ "FunctionName": "api" }));
    let denied = r#"{"__type":"AccessDeniedException","message":"not authorized to perform: cloudformation:GetResource"}"#;
    let existing = found(&template, move |_, _, _| (400, denied.to_owned())).await;
    assert!(existing.conflicts.is_empty(), "{existing:?}");
    assert!(existing.unchecked[0].reason.contains("cannot look for api"), "{existing:?}");
}
