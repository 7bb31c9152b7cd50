//! The order of the modules: none imports from above itself.

use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules, the lowest first.
///
/// A module imports only from those in earlier lines and from itself.
const LAYERS: &[&[&str]] = &[
    &["clock", "sdk_error"],
    &["key_source"],
    &["configuration"],
    &["logging", "telemetry"],
    &["platform", "http"],
    &["api", "restore", "authorizer"],
];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    directories.iter().flat_map(|directory| sources(directory)).chain(files).collect()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Returns the lines of a file outside of its tests.
fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().map(str::to_owned).collect()
}

#[test]
fn no_module_imports_from_above_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in sources(&root) {
        let name = path.strip_prefix(&root).unwrap().with_extension("");
        let is_test = name.iter().any(|part| part == "tests" || part == "bin" || part == "layers");
        let module = name.iter().next().unwrap().to_str().unwrap();
        if is_test || module == "lib" {
            continue;
        }
        let own = layer_of(module).unwrap_or_else(|| panic!("{module} is in no layer"));
        for line in lines_of(&path) {
            let imported =
                line.trim().strip_prefix("use crate::").and_then(|rest| rest.split([':', ';']).next());
            let is_above = imported
                .is_some_and(|other| other != module && layer_of(other).is_none_or(|layer| layer >= own));
            // An item of the parent module itself, and not a module beside this one.
            let is_of_parent = line.strip_prefix("use super::").is_some_and(|rest| {
                let rest = rest.trim_start_matches("super::").trim_start_matches('{');
                rest.starts_with(char::is_uppercase)
            });
            if is_above || is_of_parent {
                wrong.push(format!("{}: {line}", name.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn crate_does_not_depend_on_the_infrastructure() {
    let manifest = include_str!("../Cargo.toml");
    for other in ["stack", "local", "aws-sdk-cloudformation", "aws-sdk-cloudfront", "aws-sdk-lambda"] {
        assert!(!manifest.lines().any(|line| line.starts_with(other)), "{other}");
    }
}
