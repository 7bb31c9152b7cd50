//! The API, its access log, and CORS.

use openapi::{GATEWAY_CORS_ALLOW_HEADERS, ROUTES};
use serde_json::Value as Json;

use super::{template, two_keys};
use crate::environment::testing::{environment, environments};
use crate::{DeployedTemplate, Environment, PlatformParameterValues, TemplateReview, TemplateState};

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
        let parameters = &PlatformParameterValues::new();
        let state = |template| TemplateState { template, parameters };
        let changes = TemplateReview::compare(Some(state(from)), state(&target)).changes;
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
fn only_browsers_cache_assets_and_as_long_as_a_signature_is_valid() {
    for environment in environments() {
        let json = template(&environment, &two_keys()).to_value();
        let policy = &json["Resources"]["AssetsResponseHeadersPolicy"]["Properties"];
        let expected = serde_json::json!([{
            "Header": "Cache-Control",
            "Value": format!("private, max-age={}", openapi::SIGNED_URL_LIFETIME_SECONDS),
            // An object may say `public`.
            "Override": true,
        }]);
        assert_eq!(policy["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"], expected);
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
