//! The environment of a command without `--env`.

use std::process::Output;

use crate::stack::xtask;

/// Runs `render --iam`, which needs neither AWS nor a running stack.
fn render(arguments: &[&str], variable: Option<&str>, configuration: Option<&str>) -> Output {
    let directory = tempfile::tempdir().unwrap();
    if let Some(text) = configuration {
        let own = directory.path().join("packages-service");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("config.toml"), text).unwrap();
    }
    let mut command = xtask();
    command.args(["render", "--iam"]).args(arguments);
    command.env_remove("PACKAGES_ENV").env("XDG_CONFIG_HOME", directory.path());
    command.envs(variable.map(|name| ("PACKAGES_ENV", name)));
    command.output().unwrap()
}

fn rejection(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn environment_comes_from_the_option_the_variable_the_file_or_is_dev() {
    let [dev, local] = ["dev", "local"].map(|name| render(&["--env", name], None, None).stdout);
    assert!(!dev.is_empty() && dev != local);
    let file = Some("environment = \"local\"");
    assert_eq!(render(&[], None, None).stdout, dev);
    assert_eq!(render(&[], None, file).stdout, local);
    assert_eq!(render(&[], Some("dev"), file).stdout, dev);
    assert_eq!(render(&["--env", "local"], Some("dev"), None).stdout, local);
}

#[test]
fn protected_environment_needs_the_option() {
    let by_variable = rejection(&render(&[], Some("prod"), None));
    assert!(by_variable.contains("the variable PACKAGES_ENV names the environment prod, which is protected"));
    let by_file = rejection(&render(&[], None, Some("environment = \"prod\"")));
    assert!(by_file.contains("packages-service/config.toml names the environment prod"), "{by_file}");
    assert!(render(&["--env", "prod"], Some("prod"), None).status.success());
    let unknown = rejection(&render(&[], Some("prd"), None));
    assert!(unknown.contains("the variable PACKAGES_ENV names the environment `prd`"), "{unknown}");
}
