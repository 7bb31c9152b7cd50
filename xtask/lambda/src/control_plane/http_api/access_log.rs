//! The access log of a stage, and the format of its lines.

use std::str::FromStr;

/// The access log of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Name of the log group.
    pub group: String,
    /// Format of the lines.
    pub format: AccessLogFormat,
}

/// The format of a line: text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogFormat(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(AccessLogVariable),
}

/// A variable that the format of an access log may contain:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessLogVariable {
    /// Why the gateway itself responded.
    ErrorResponseType,
    /// How long the function took, in milliseconds.
    IntegrationLatency,
    /// Id of the invocation.
    IntegrationRequestId,
    /// Status of Lambda's response, not of that of the function.
    IntegrationStatus,
    /// Method of the request.
    HttpMethod,
    /// Address of the client.
    SourceIp,
    /// Protocol of the request.
    Protocol,
    /// Id of the request.
    RequestId,
    /// Time of the request in the Common Log Format.
    RequestTime,
    /// How long the response took, in milliseconds.
    ResponseLatency,
    /// Size of the body of the response, in bytes.
    ResponseLength,
    /// Key of the route.
    RouteKey,
    /// Status of the response.
    Status,
}

impl AccessLogVariable {
    const ALL: [(&'static str, Self); 13] = [
        ("error.responseType", Self::ErrorResponseType),
        ("integrationLatency", Self::IntegrationLatency),
        ("integration.requestId", Self::IntegrationRequestId),
        ("integrationStatus", Self::IntegrationStatus),
        ("httpMethod", Self::HttpMethod),
        ("identity.sourceIp", Self::SourceIp),
        ("protocol", Self::Protocol),
        ("requestId", Self::RequestId),
        ("requestTime", Self::RequestTime),
        ("responseLatency", Self::ResponseLatency),
        ("responseLength", Self::ResponseLength),
        ("routeKey", Self::RouteKey),
        ("status", Self::Status),
    ];
}

impl FromStr for AccessLogFormat {
    /// The variable that is not emulated.
    type Err = String;

    fn from_str(format: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some((text, after)) = rest.split_once("$context.") {
            parts.push(Part::Text(text.to_owned()));
            let is_name = |it: char| it.is_ascii_alphanumeric() || it == '.';
            let name = after.split(|it: char| !is_name(it)).next().unwrap_or_default();
            let known = AccessLogVariable::ALL.iter().find(|(known, _)| *known == name);
            let (_, variable) = known.ok_or_else(|| format!("$context.{name}"))?;
            parts.push(Part::Variable(*variable));
            rest = &after[name.len()..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }
}

impl AccessLogFormat {
    /// Returns a line. A variable without a value is `-`, and values are not escaped, as on AWS.
    pub fn line(&self, value: impl Fn(AccessLogVariable) -> Option<String>) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => value(*variable).unwrap_or_else(|| "-".to_owned()),
        };
        self.0.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_those_without_a_value_are_a_dash() {
        let format: AccessLogFormat =
            r#"{"status":"$context.status","route":"$context.routeKey $context.error.responseType"}"#
                .parse()
                .unwrap();
        let line = format.line(|variable| match variable {
            AccessLogVariable::Status => Some("200".to_owned()),
            AccessLogVariable::RouteKey => Some("GET /a".to_owned()),
            _ => None,
        });
        assert_eq!(line, r#"{"status":"200","route":"GET /a -"}"#);
    }

    #[test]
    fn unknown_variable_is_named() {
        let parse = |format: &str| format.parse::<AccessLogFormat>().unwrap_err();
        assert_eq!(parse("$context.identity.userAgent!"), "$context.identity.userAgent");
        assert_eq!(parse("$context."), "$context.");
    }
}
