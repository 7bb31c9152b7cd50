//! Descriptions of an HTTP API from API Gateway, and their conversion to [`HttpApi`].
//!
//! The fields follow the
//! [reference of the service](https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::throttling::{RouteSettings, StageThrottling};
use super::{AccessLog, Authorizer, AuthorizerId, CorsConfiguration, HttpApi, Integration, Route, RouteKey};
use crate::control_plane::{ControlPlaneError, FunctionArn, refuse_if};

const DEFAULT_STAGE: &str = "$default";

#[derive(Deserialize)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiDescription {
    api_id: String,
    protocol_type: String,
    route_selection_expression: String,
    cors_configuration: Option<CorsConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteDescription {
    route_key: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    authorization_type: AuthorizationType,
    authorizer_id: Option<AuthorizerId>,
    #[serde(default)]
    authorization_scopes: Vec<String>,
    #[serde(default)]
    request_parameters: Map<String, Value>,
}

#[derive(Deserialize, Default, Debug, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AuthorizationType {
    #[default]
    None,
    Custom,
    Jwt,
    AwsIam,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrationDescription {
    integration_id: String,
    integration_type: String,
    integration_subtype: Option<String>,
    integration_uri: String,
    payload_format_version: String,
    timeout_in_millis: u64,
    connection_type: String,
    #[serde(default)]
    request_parameters: Map<String, Value>,
    #[serde(default)]
    response_parameters: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorizerDescription {
    authorizer_id: AuthorizerId,
    authorizer_type: String,
    #[serde(default)]
    authorizer_uri: String,
    authorizer_payload_format_version: Option<String>,
    #[serde(default)]
    authorizer_result_ttl_in_seconds: u64,
    #[serde(default)]
    enable_simple_responses: bool,
    #[serde(default)]
    identity_source: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StageDescription {
    stage_name: String,
    #[serde(default)]
    stage_variables: Map<String, Value>,
    access_log_settings: Option<AccessLogSettings>,
    #[serde(default)]
    default_route_settings: RouteSettings,
    #[serde(default)]
    route_settings: BTreeMap<String, RouteSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessLogSettings {
    destination_arn: String,
    format: String,
}

/// All descriptions of one API.
pub(super) struct Descriptions {
    pub(super) api: ApiDescription,
    pub(super) routes: Vec<RouteDescription>,
    pub(super) integrations: Vec<IntegrationDescription>,
    pub(super) authorizers: Vec<AuthorizerDescription>,
    pub(super) stages: Vec<StageDescription>,
}

impl Descriptions {
    /// Resolves all references and rejects features that the gateway does not emulate.
    pub(super) fn resolve(self) -> Result<HttpApi, ControlPlaneError> {
        let what = format!("HTTP API {}", self.api.api_id);
        refuse_if(self.api.protocol_type != "HTTP", &what, format!("protocol {}", self.api.protocol_type))?;
        let selection = self.api.route_selection_expression.replace(['{', '}'], "");
        refuse_if(selection != "$request.method $request.path", &what, "its route selection expression")?;
        let stage = default_stage(&what, self.stages)?;
        let access_log = stage.access_log_settings.as_ref().map(|it| it.resolve(&what)).transpose()?;
        let throttling = stage.throttling();
        if let Some(cors) = &self.api.cors_configuration {
            // AWS rejects this too, because browsers do not accept a wildcard together with credentials.
            let wildcard = cors.allow_origins.iter().any(|origin| origin == "*");
            refuse_if(cors.allow_credentials && wildcard, &what, "CORS with credentials for every origin")?;
        }

        let integrations: BTreeMap<String, IntegrationDescription> = self
            .integrations
            .into_iter()
            .map(|integration| (format!("integrations/{}", integration.integration_id), integration))
            .collect();
        let mut descriptions: BTreeMap<AuthorizerId, AuthorizerDescription> =
            self.authorizers.into_iter().map(|it| (it.authorizer_id.clone(), it)).collect();

        let mut routes = Vec::new();
        let mut authorizers = BTreeMap::new();
        for description in self.routes {
            let what = format!("route {} of {what}", description.route_key);
            let integration = integrations.get(&description.target).ok_or_else(|| {
                ControlPlaneError::Dangling { what: what.clone(), missing: description.target.clone() }
            })?;
            let route = route(&what, &description, integration, &throttling)?;
            if let Some(id) = route.authorizer.as_ref().filter(|id| !authorizers.contains_key(*id)) {
                let authorizer = descriptions.remove(id).ok_or_else(|| ControlPlaneError::Dangling {
                    what: what.clone(),
                    missing: format!("authorizer {id}"),
                })?;
                authorizers.insert(id.clone(), authorizer_of(&authorizer)?);
            }
            routes.push(route);
        }
        let cors = self.api.cors_configuration;
        Ok(HttpApi { id: self.api.api_id, routes, authorizers, cors, access_log })
    }
}

impl StageDescription {
    fn throttling(self) -> StageThrottling {
        StageThrottling { default: self.default_route_settings, routes: self.route_settings }
    }
}

impl AccessLogSettings {
    fn resolve(&self, what: &str) -> Result<AccessLog, ControlPlaneError> {
        let arn = &self.destination_arn;
        let Some((_, group)) = arn.split_once(":log-group:") else {
            return Err(ControlPlaneError::not_emulated(what, format!("an access log in {arn}")));
        };
        let format = self.format.parse().map_err(|variable: String| {
            ControlPlaneError::not_emulated(what, format!("the variable {variable} of its access log"))
        })?;
        Ok(AccessLog { group: group.to_owned(), format })
    }
}

/// Returns the stage `$default`, which serves all requests that name no stage.
fn default_stage(
    what: &str,
    mut stages: Vec<StageDescription>,
) -> Result<StageDescription, ControlPlaneError> {
    stages.retain(|stage| stage.stage_name == DEFAULT_STAGE);
    let stage = stages.pop().ok_or_else(|| ControlPlaneError::Dangling {
        what: what.to_owned(),
        missing: "its stage $default".to_owned(),
    })?;
    refuse_if(!stage.stage_variables.is_empty(), what, "a stage variable")?;
    Ok(stage)
}

fn route(
    what: &str,
    description: &RouteDescription,
    integration: &IntegrationDescription,
    throttling: &StageThrottling,
) -> Result<Route, ControlPlaneError> {
    let key: RouteKey = description
        .route_key
        .parse()
        .map_err(|feature: &str| ControlPlaneError::not_emulated(what, feature))?;
    refuse_if(!description.request_parameters.is_empty(), what, "parameter mapping")?;
    refuse_if(!description.authorization_scopes.is_empty(), what, "an authorization scope")?;
    let authorizer = match description.authorization_type {
        AuthorizationType::None => None,
        AuthorizationType::Custom => {
            Some(description.authorizer_id.clone().ok_or_else(|| ControlPlaneError::Dangling {
                what: what.to_owned(),
                missing: "the authorizer of its authorization type CUSTOM".to_owned(),
            })?)
        }
        AuthorizationType::Jwt | AuthorizationType::AwsIam => {
            let feature = format!("authorization type {:?}", description.authorization_type);
            return Err(ControlPlaneError::not_emulated(what, feature));
        }
    };
    let throttling = throttling.of(&key);
    Ok(Route { key, integration: integration_of(what, integration)?, authorizer, throttling })
}

fn integration_of(
    what: &str,
    description: &IntegrationDescription,
) -> Result<Integration, ControlPlaneError> {
    let what = format!("integration {} of {what}", description.integration_id);
    refuse_if(
        description.integration_type != "AWS_PROXY" || description.integration_subtype.is_some(),
        &what,
        "anything but a Lambda proxy integration",
    )?;
    refuse_if(description.payload_format_version != "2.0", &what, "a payload format other than 2.0")?;
    refuse_if(description.connection_type != "INTERNET", &what, "a VPC link")?;
    refuse_if(
        !description.request_parameters.is_empty() || !description.response_parameters.is_empty(),
        &what,
        "parameter mapping",
    )?;
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    let milliseconds = description.timeout_in_millis;
    refuse_if(!(50..=30_000).contains(&milliseconds), &what, format!("a time-out of {milliseconds} ms"))?;
    Ok(Integration {
        function: function_of(&what, &description.integration_uri)?,
        timeout: Duration::from_millis(milliseconds),
    })
}

fn authorizer_of(description: &AuthorizerDescription) -> Result<Authorizer, ControlPlaneError> {
    let what = format!("authorizer {}", description.authorizer_id);
    refuse_if(
        description.authorizer_type != "REQUEST",
        &what,
        format!("type {}", description.authorizer_type),
    )?;
    refuse_if(
        description.authorizer_payload_format_version.as_deref() != Some("2.0"),
        &what,
        "a payload format other than 2.0",
    )?;
    refuse_if(!description.enable_simple_responses, &what, "an authorizer that answers with IAM policies")?;
    let ttl = description.authorizer_result_ttl_in_seconds;
    refuse_if(ttl > 3600, &what, format!("a cache of {ttl} seconds"))?;
    // AWS rejects this too: such a cache would give all callers the decision about the first one.
    refuse_if(ttl > 0 && description.identity_source.is_empty(), &what, "a cache without identity sources")?;
    let identity_sources = description.identity_source.iter().map(|expression| {
        expression.parse().map_err(|()| {
            ControlPlaneError::not_emulated(&what, format!("the identity source {expression:?}"))
        })
    });
    Ok(Authorizer {
        function: function_of(&what, &description.authorizer_uri)?,
        identity_sources: identity_sources.collect::<Result<_, _>>()?,
        result_ttl: (ttl > 0).then(|| Duration::from_secs(ttl)),
    })
}

fn function_of(what: &str, uri: &str) -> Result<FunctionArn, ControlPlaneError> {
    FunctionArn::from_invocation_uri(uri)
        .map_err(|source| ControlPlaneError::InvalidArn { what: what.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control_plane::{IdentitySource, Throttling};

    const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:api/invocations";

    /// Resolves an API with one protected route, as the emulator describes it, after `change`.
    fn resolve(change: impl FnOnce(&mut Value)) -> Result<HttpApi, ControlPlaneError> {
        let mut all = json!({
            "api": {
                "apiId": "b077509f", "protocolType": "HTTP", "name": "packages", "tags": {},
                "routeSelectionExpression": "$request.method $request.path",
                "corsConfiguration": {"allowOrigins": ["https://app.example.com"], "allowMethods": ["GET"]},
            },
            "route": {
                "routeId": "1649acc4", "routeKey": "GET /presign/s3", "target": "integrations/465f91f5",
                "authorizationType": "CUSTOM", "authorizerId": "ef8dfc2a", "apiKeyRequired": false,
            },
            "integration": {
                "integrationId": "465f91f5", "integrationType": "AWS_PROXY", "integrationUri": FUNCTION,
                "integrationMethod": "POST", "payloadFormatVersion": "2.0", "timeoutInMillis": 30000,
                "connectionType": "INTERNET",
            },
            "authorizer": {
                "authorizerId": "ef8dfc2a", "authorizerType": "REQUEST", "name": "token",
                "identitySource": ["$request.header.Authorization", "$request.querystring.dataset_id"],
                "authorizerUri": FUNCTION.replace("function:api", "function:auth"), "authorizerPayloadFormatVersion": "2.0",
                "authorizerResultTtlInSeconds": 300, "enableSimpleResponses": true,
            },
            "stage": {
                "accessLogSettings": {
                    "destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:access",
                    "format": "$context.requestId",
                },
                "stageName": "$default", "autoDeploy": true, "stageVariables": {}, "routeSettings": {},
                "defaultRouteSettings": {"ThrottlingBurstLimit": 400, "ThrottlingRateLimit": 200},
            },
        });
        change(&mut all);
        Descriptions {
            api: serde_json::from_value(all["api"].take()).unwrap(),
            routes: vec![serde_json::from_value(all["route"].take()).unwrap()],
            integrations: vec![serde_json::from_value(all["integration"].take()).unwrap()],
            authorizers: vec![serde_json::from_value(all["authorizer"].take()).unwrap()],
            stages: vec![serde_json::from_value(all["stage"].take()).unwrap()],
        }
        .resolve()
    }

    #[test]
    fn api_is_resolved() {
        let api = resolve(|_| ()).unwrap();
        let [route] = &api.routes[..] else { panic!("{:?}", api.routes) };
        assert_eq!(route.key, "GET /presign/s3".parse::<RouteKey>().unwrap());
        assert_eq!(route.integration.function.name.as_str(), "api");
        assert_eq!(route.integration.timeout, Duration::from_secs(30));
        assert_eq!(route.throttling, Throttling { rate: 200.0, burst: 400 });
        let authorizer = &api.authorizers[route.authorizer.as_ref().unwrap()];
        assert_eq!(authorizer.result_ttl, Some(Duration::from_mins(5)));
        assert_eq!(
            authorizer.identity_sources,
            [
                IdentitySource::Header(http::header::AUTHORIZATION),
                IdentitySource::QueryParameter("dataset_id".to_owned())
            ]
        );
        assert_eq!(
            api.functions().into_iter().map(|name| name.to_string()).collect::<Vec<_>>(),
            ["api", "auth"]
        );
        assert_eq!(api.cors.unwrap().allow_methods, ["GET"]);
        assert_eq!(api.access_log.unwrap().group, "access");
    }

    #[test]
    fn public_route_needs_no_authorizer() {
        let api = resolve(|all| all["route"]["authorizationType"] = json!("NONE")).unwrap();
        assert!(api.routes[0].authorizer.is_none());
        assert!(api.authorizers.is_empty());
    }

    #[test]
    fn unsupported_gateway_feature_is_rejected_by_name() {
        for (pointer, value, message) in [
            ("/api/protocolType", json!("WEBSOCKET"), "protocol WEBSOCKET"),
            ("/api/routeSelectionExpression", json!("$request.body.action"), "route selection"),
            (
                "/api/corsConfiguration",
                json!({"allowOrigins": ["*"], "allowCredentials": true}),
                "credentials",
            ),
            ("/route/routeKey", json!("GET /{proxy+}"), "a path parameter"),
            ("/route/authorizationType", json!("JWT"), "authorization type Jwt"),
            ("/route/authorizationScopes", json!(["a"]), "an authorization scope"),
            ("/route/requestParameters", json!({"a": "b"}), "parameter mapping"),
            ("/integration/integrationType", json!("HTTP_PROXY"), "Lambda proxy"),
            ("/integration/integrationSubtype", json!("SQS-SendMessage"), "Lambda proxy"),
            ("/integration/payloadFormatVersion", json!("1.0"), "payload format"),
            ("/integration/connectionType", json!("VPC_LINK"), "VPC link"),
            ("/integration/responseParameters", json!({"a": {}}), "parameter mapping"),
            ("/integration/timeoutInMillis", json!(60_000), "60000 ms"),
            ("/authorizer/authorizerType", json!("JWT"), "type JWT"),
            ("/authorizer/authorizerPayloadFormatVersion", json!("1.0"), "payload format"),
            ("/authorizer/enableSimpleResponses", json!(false), "IAM policies"),
            ("/authorizer/identitySource", json!([]), "without identity sources"),
            ("/authorizer/identitySource", json!(["$stageVariables.a"]), "$stageVariables.a"),
            ("/authorizer/authorizerResultTtlInSeconds", json!(7200), "7200 seconds"),
            ("/authorizer/authorizerUri", json!(""), "not the ARN of a Lambda function"),
            ("/stage/stageVariables", json!({"a": "b"}), "stage variable"),
            ("/stage/stageName", json!("dev"), "stage $default"),
            ("/stage/accessLogSettings/format", json!("$context.path"), "the variable $context.path"),
            (
                "/stage/accessLogSettings/destinationArn",
                json!("arn:aws:firehose:us-east-1:000000000000:deliverystream/a"),
                "an access log in arn:aws:firehose",
            ),
            ("/route/target", json!("integrations/other"), "integrations/other, which does not exist"),
            ("/route/authorizerId", json!("other"), "authorizer other, which does not exist"),
        ] {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let error = resolve(|all| all.pointer_mut(parent).unwrap()[key] = value).unwrap_err().to_string();
            assert!(error.contains(message), "{pointer}: {error}");
        }
    }
}
