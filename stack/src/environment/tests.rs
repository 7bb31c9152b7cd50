use super::{Environment, EnvironmentError, EnvironmentName, Setting};

const LOCAL: &str = include_str!("../../environments/local.toml");

fn name(text: &str) -> EnvironmentName {
    text.parse().unwrap()
}

fn error(before: &str, after: &str) -> String {
    assert!(LOCAL.contains(before), "{before}");
    Environment::parse(&name("local"), &LOCAL.replacen(before, after, 1)).unwrap_err().to_string()
}

#[test]
fn setting_is_a_literal_or_a_path() {
    let environment = Environment::parse(&name("local"), LOCAL).unwrap();
    let bucket = &environment.storage_buckets[0].name;
    assert_eq!(bucket.literal().map(super::BucketName::as_str), Some("pennsieve-local-storage-use1"));
    let Setting::Parameter(path) = &environment.jobs_queue.url else { panic!("a literal") };
    assert_eq!(path.as_str(), "/local/platform/jobs-queue-url");
}

#[test]
fn error_says_where_it_is() {
    let errors = [
        error("protected = false", "protected = \"no\""),
        error("client_id = \"local\"", "client = \"local\""),
        error("\"pennsieve-local-storage-use1\"", "\"Pennsieve\""),
        error("{ ssm = \"/local/platform/jobs-queue-arn\" }", "{ path = \"/a\" }"),
        error("\"/local/platform/jobs-queue-arn\"", "\"local\""),
        error("\"local-process-jobs-table-use1\"", "7"),
        error("restore_concurrency = 2", "restore_concurrency = 1"),
        error("[authorizer.own]", "[authorizer.other]"),
        error("region = ", "region "),
        error("region = \"us-east-1\"\n", ""),
    ];
    let first_lines: Vec<&str> = errors.iter().filter_map(|error| error.lines().next()).collect();
    insta::assert_snapshot!(first_lines.join("\n"), @r#"
    environment `local`, line 7, column 13: invalid type: string "no", expected a boolean
    environment `local`, line 30, column 1: unknown field `client`, expected one of `issuer`, `jwks_url`, `client_id`
    environment `local`, line 33, column 8: `Pennsieve` is not the name of a bucket: 3 to 63 lowercase letters, digits, hyphens and dots, starting and ending with a letter or digit
    environment `local`, line 24, column 9: unknown field `path`, expected `ssm`
    environment `local`, line 24, column 15: `local` is not the path of a parameter: it starts with / and contains only letters, digits, `.`, `-`, `_` and /
    environment `local`, line 18, column 23: invalid type: integer `7`, expected a string or { ssm = "/path" }
    environment `local`, line 13, column 23: 1 is not between 2 and 1000
    environment `local`, line 27, column 13: unknown variant `other`, expected `own` or `shared`
    environment `local`, line 5, column 8: key with no value, expected `=`
    environment `local`, line 1, column 1: missing field `region`
    "#);
    assert!(errors[0].ends_with("\ncorrect stack/environments/local.toml and run the command again"));
}

#[test]
fn file_with_another_environments_name_is_rejected() {
    let error = Environment::parse(&name("dev"), LOCAL).unwrap_err();
    assert_eq!(error, EnvironmentError::OtherName { asked: name("dev"), found: name("local") });
}

#[test]
fn invalid_environment_name_is_rejected() {
    for text in ["", "Dev", "1dev", "dev-1", "development12", "dév"] {
        assert!(text.parse::<EnvironmentName>().is_err(), "{text}");
    }
}
