//! The HTTP API.

use openapi::{Cors, GatewayAuthorizer, GatewaySettings};
use serde_json::json;

use super::authorizer_function::Authorizer;
use super::context::Context;
use super::function::LOG_RETENTION;
use super::platform::{self, regional_arn};
use crate::cloudformation::{
    AccessLogSettings, Api, ApiAttribute, ApiMapping, DefaultRouteSettings, Function, FunctionAttribute,
    Handle, LogGroup, Number, Permission, PseudoParameter, Stage, Template, Value, text,
};
use crate::environment::{HeaderName, Origin, stack_name};

/// How many requests per second each route accepts, from all callers together.
///
/// Anyone may send requests to the public routes, and all APIs of the platform share the account's quota of requests. The
/// page of one viewer sends a few dozen requests at once.
const REQUESTS_PER_SECOND: u32 = 200;
const BURST: u32 = 400;

pub(super) struct Gateway {
    pub(super) api: Handle<Api>,
    /// What comes before `/restore`.
    pub(super) url: Value<String>,
}

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    api_function: &Handle<Function>,
    authorizer: &Authorizer,
) -> Gateway {
    let body = document(context, api_function, authorizer);
    let api = template.add("Api", Api { body, fail_on_warnings: true });
    let api_id = api.reference();
    let may_invoke_api =
        template.add("ApiFunctionPermission", permission(api_function, text![&api_id, "/*/*"]));

    // A group below `/aws/vendedlogs/` needs no entry in the account's resource policy for log deliveries, whose size is
    // limited:
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    let log_group = template.add(
        "AccessLogGroup",
        LogGroup {
            log_group_name: format!("/aws/vendedlogs/apis/{}", context.names.service_resource("access")),
            retention_in_days: LOG_RETENTION,
        },
    );
    let stage = template.add("ApiStage", stage(&api, &log_group));
    // The stage accepts requests as soon as it exists, and then the API must be allowed to invoke the functions.
    template.depend(&stage, &may_invoke_api);
    if let Some(function) = authorizer.own() {
        let permission = permission(function, text![&api_id, "/authorizers/*"]);
        let may_invoke_authorizer = template.add("AuthorizerFunctionPermission", permission);
        template.depend(&stage, &may_invoke_authorizer);
    }

    let url = match &context.environment.api_domain {
        Some(domain) => {
            let description = "Custom domain that the API is mapped on.";
            let domain = platform::value(template, "ApiDomain", description, domain);
            let mapping_key = context.names.mapping_key();
            let url = text!["https://", &domain, "/", mapping_key.as_str()];
            template.add(
                "ApiMapping",
                ApiMapping {
                    api_id,
                    api_mapping_key: mapping_key,
                    domain_name: domain,
                    stage: stage.reference(),
                },
            );
            url
        }
        None => api.attribute(ApiAttribute::ApiEndpoint),
    };
    Gateway { api, url }
}

fn document(
    context: &Context<'_>,
    api_function: &Handle<Function>,
    authorizer: &Authorizer,
) -> serde_json::Value {
    let authorizer = match authorizer {
        Authorizer::Own(function) => GatewayAuthorizer {
            uri: invocation_uri(&function.attribute(FunctionAttribute::Arn)).to_json(),
            credentials: None,
        },
        Authorizer::Shared { function_arn, invoke_role_arn } => GatewayAuthorizer {
            uri: invocation_uri(function_arn).to_json(),
            credentials: Some(invoke_role_arn.to_json()),
        },
    };
    openapi::gateway_document(&GatewaySettings {
        title: stack_name(context.environment),
        api_integration_uri: invocation_uri(&api_function.attribute(FunctionAttribute::Arn)).to_json(),
        authorizer,
        cors: Cors {
            allow_origins: context.environment.cors_origins.iter().map(Origin::to_string).collect(),
            allow_headers: context.environment.cors_headers.iter().map(HeaderName::to_string).collect(),
        },
    })
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html>
fn invocation_uri(function_arn: &Value<String>) -> Value<String> {
    let [partition, region] = [PseudoParameter::Partition, PseudoParameter::Region];
    let path = ":lambda:path/2015-03-31/functions/";
    text!["arn:", partition, ":apigateway:", region, path, function_arn, "/invocations"]
}

/// Allows this API, and no other, to invoke a function.
fn permission(function: &Handle<Function>, source: Value<String>) -> Permission {
    Permission {
        action: "lambda:InvokeFunction",
        function_name: function.reference(),
        principal: "apigateway.amazonaws.com",
        source_arn: regional_arn("execute-api", source),
    }
}

fn stage(api: &Handle<Api>, log_group: &Handle<LogGroup>) -> Stage {
    Stage {
        api_id: api.reference(),
        stage_name: "$default",
        auto_deploy: true,
        access_log_settings: AccessLogSettings {
            // Without the `:*` at the end of the attribute `Arn` of a log group.
            destination_arn: regional_arn("logs", text!["log-group:", log_group.reference()]),
            format: access_log_format(),
        },
        // The default applies to each route by itself. Settings by route would name routes, and API Gateway rejects a stage
        // that names a route which the API no longer has, also while an update is rolled back:
        // https://github.com/aws/serverless-application-model/issues/1939,
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
        default_route_settings: DefaultRouteSettings {
            detailed_metrics_enabled: true,
            throttling_burst_limit: Number::of::<BURST>(),
            throttling_rate_limit: Number::of::<REQUESTS_PER_SECOND>(),
        },
    }
}

/// Returns the format of the access log: one line of JSON per request.
///
/// API Gateway inserts the values of variables without escaping them: a quote or a backslash in a User-Agent, a path or an
/// error message breaks the line
/// (<https://github.com/DataBiosphere/azul/issues/4009>, <https://github.com/DataBiosphere/azul/issues/4348>). So the
/// format contains only variables without free text:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>.
/// The function's own log contains the rest under the same `requestId`. There is no query string either: it may contain a
/// presigned URL.
fn access_log_format() -> String {
    let format = json!({
        "errorType": "$context.error.responseType",
        "integrationLatency": "$context.integrationLatency",
        "integrationRequestId": "$context.integration.requestId",
        "integrationStatus": "$context.integrationStatus",
        "method": "$context.httpMethod",
        "protocol": "$context.protocol",
        "requestId": "$context.requestId",
        "requestTime": "$context.requestTime",
        "responseLatency": "$context.responseLatency",
        "responseLength": "$context.responseLength",
        "routeKey": "$context.routeKey",
        "sourceIp": "$context.identity.sourceIp",
        "status": "$context.status",
    });
    format.to_string()
}
