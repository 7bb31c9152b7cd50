//! Environment variables of a function's process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use openapi::variables::AWS_XRAY_DAEMON_ADDRESS;

use super::BootstrapError;
use crate::control_plane::DeployedFunction;

/// The variables that a function inherits from this process: those that a binary needs to run.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// Size limit of the variables of a function, as one JSON object:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
///
/// Lambda's error message contains this object as the "string measured". Whether it counts 4,000 or 4,096 bytes is not
/// documented.
const MAXIMUM_BYTES: usize = 4096;

/// Rejects a function with more variables than Lambda accepts. Variables of the local stack do not count.
pub(super) fn check_size(function: &DeployedFunction) -> Result<(), BootstrapError> {
    let bytes = serde_json::to_string(&function.environment).map_or(usize::MAX, |json| json.len());
    if bytes > MAXIMUM_BYTES {
        return Err(BootstrapError::EnvironmentTooLarge { name: function.arn.name.clone(), bytes });
    }
    Ok(())
}

/// Returns the variables that all instances of a function share.
///
/// Each instance adds its log stream and the address of its Runtime API. Later sources override earlier ones: the
/// inherited variables, those that Lambda sets
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>), those of the function, and those of
/// the local stack.
pub(super) fn variables(
    function: &DeployedFunction,
    bootstrap: &Path,
    daemon: Option<SocketAddr>,
    credentials: impl Iterator<Item = (&'static str, String)>,
    overrides: &BTreeMap<String, String>,
) -> BTreeMap<OsString, OsString> {
    let inherited =
        INHERITED.into_iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let own = function.environment.iter().chain(overrides).map(|(name, value)| (name.into(), value.into()));
    let credentials = credentials.map(|(name, value)| (name.into(), value.into()));
    let daemon = daemon.map(|address| (AWS_XRAY_DAEMON_ADDRESS.into(), address.to_string().into()));
    inherited.chain(set_by_lambda(function, bootstrap)).chain(daemon).chain(credentials).chain(own).collect()
}

fn set_by_lambda(
    function: &DeployedFunction,
    bootstrap: &Path,
) -> impl Iterator<Item = (OsString, OsString)> {
    let task_root = bootstrap.parent().unwrap_or(bootstrap).as_os_str().to_owned();
    let region = function.arn.region.as_str();
    [
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_LAMBDA_FUNCTION_NAME", function.arn.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_megabytes.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", &function.log_format),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("_HANDLER", &function.handler),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into_iter()
    .chain([("LAMBDA_TASK_ROOT".into(), task_root)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::testing::function;

    #[test]
    fn variables_end_at_four_kilobytes_of_json() {
        let mut function = function("f", "");
        let overhead = r#"{"A":""}"#.len();
        let mut check = |length: usize| {
            function.environment = BTreeMap::from([("A".to_owned(), "x".repeat(length))]);
            check_size(&function)
        };
        assert!(check(MAXIMUM_BYTES - overhead).is_ok());
        let error = check(MAXIMUM_BYTES - overhead + 1).unwrap_err().to_string();
        assert!(error.contains("exceeded the 4KB limit (4097 bytes"), "{error}");
        assert!(!error.contains("xxx"), "values may be secrets: {error}");
    }

    #[test]
    fn lambda_sets_its_variables_and_the_local_stack_wins() {
        let variable = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let given = BTreeMap::from(
            [
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
                ("CLOUDFRONT_DISTRIBUTION_DOMAIN", "http://127.0.0.1:9002"),
            ]
            .map(variable),
        );
        let deployed = [
            ("AWS_ENDPOINT_URL", "https://aws"),
            ("CLOUDFRONT_DISTRIBUTION_DOMAIN", "d111111abcdef8.cloudfront.net"),
        ];
        let credentials = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].into_iter();
        let credentials = credentials.map(|name| (name, "test".to_owned()));
        let mut function = function("f", "");
        function.environment.extend(deployed.map(variable));
        let mut variables = super::variables(
            &function,
            Path::new("/code/bootstrap"),
            Some(([127, 0, 0, 1], 2000).into()),
            credentials,
            &given,
        );
        for inherited in INHERITED {
            variables.remove(&OsString::from(inherited));
        }
        let shown: BTreeMap<String, String> = variables
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
            .collect();
        insta::assert_json_snapshot!(shown);
    }
}
