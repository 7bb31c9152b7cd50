//! Environment variables of functions.

use serde_json::Value;

use crate::check::Context;
use crate::rule::Rule;
use crate::services::{known_bytes, members};
use crate::violation::Violation;

const POINTER: &str = "/Environment/Variables";
const MAXIMUM_BYTES: usize = 4_096;

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

pub(super) fn check(context: &Context<'_>) -> Vec<Violation> {
    let functions = context.template.of_type("AWS::Lambda::Function");
    functions
        .filter_map(|(id, function)| Some((id, function.properties.pointer(POINTER)?)))
        .flat_map(|(id, variables)| [check_names(id, variables), check_size(id, variables)])
        .flatten()
        .collect()
}

fn check_names(id: &str, variables: &Value) -> Option<Violation> {
    let reserved: Vec<&str> =
        members(variables).map(|(name, _)| name).filter(|name| RESERVED.contains(name)).collect();
    let message = format!(
        "Lambda was unable to configure your environment variables because the environment variables you have \
         provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
         this request: {}",
        reserved.join(", ")
    );
    let first = reserved.first()?;
    Some(Violation::of_property(Rule::ReservedVariable, id, &format!("{POINTER}/{first}"), message))
}

/// Lambda measures the variables as JSON:
/// <https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594>.
fn check_size(id: &str, variables: &Value) -> Option<Violation> {
    let message = "Lambda was unable to configure your environment variables because the environment variables you \
                   have provided exceeded the 4KB limit.";
    let is_too_large = known_bytes(variables) > MAXIMUM_BYTES;
    is_too_large.then(|| Violation::of_property(Rule::EnvironmentTooLarge, id, POINTER, message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, rules};

    fn function(variables: &Value) -> Request {
        let properties = json!({ "Environment": { "Variables": variables } });
        Request::of_resources(
            &json!({ "Function": { "Type": "AWS::Lambda::Function", "Properties": properties } }),
        )
    }

    #[test]
    fn reserved_name_is_refused() {
        assert_eq!(rules(&function(&json!({ "REGION": "us-east-1" }))), []);
        let message = &messages(&function(&json!({ "AWS_REGION": "us-east-1" })))[0];
        assert!(message.ends_with("Reserved keys used in this request: AWS_REGION"), "{message}");
    }

    #[test]
    fn variables_have_four_kibibytes_at_most() {
        let of_bytes =
            |bytes: usize| function(&json!({ "NAME": "a".repeat(bytes - r#"{"NAME":""}"#.len()) }));
        assert_eq!(rules(&of_bytes(4_096)), []);
        assert_eq!(rules(&of_bytes(4_097)), [Rule::EnvironmentTooLarge]);
    }
}
