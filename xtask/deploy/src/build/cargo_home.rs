//! A Cargo home directory without the user's configuration.
//!
//! Cargo merges the configuration of its home directory with those of all directories above the current one:
//! <https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure>. Their Rust flags, profiles, and
//! variables would change the bytes of a release. A release is therefore built from the root directory and with a
//! home directory of its own. That directory shares the downloads with the user's one, and copies only the settings
//! for reaching registries.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// The configuration tables that determine how registries are reached.
const TABLES: [&str; 6] = ["credential-alias", "http", "net", "registries", "registry", "source"];
/// The downloads, which all builds share.
const DOWNLOADS: [&str; 2] = ["registry", "git"];
/// Other shared files: the locks and usage records of the downloads, and the credentials for registries.
const SHARED: [&str; 5] =
    [".package-cache", ".package-cache-mutate", ".global-cache", "credentials.toml", "credentials"];

/// Returns the user's Cargo home directory.
pub(super) fn user_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// Prepares a home directory for a build of the repository, based on the user's.
pub(super) fn prepare(home: &Path, user_home: &Path, repository: &Path) -> Result<()> {
    let failed = || format!("cannot create {}", home.display());
    fs::create_dir_all(home).with_context(failed)?;
    for name in DOWNLOADS {
        fs::create_dir_all(user_home.join(name)).with_context(failed)?;
    }
    for name in DOWNLOADS.into_iter().chain(SHARED) {
        link(&user_home.join(name), &home.join(name)).with_context(failed)?;
    }
    let mut settings = Table::new();
    let folders = repository.ancestors().map(|folder| folder.join(".cargo"));
    for folder in folders.chain([user_home.to_owned()]) {
        if let Some(found) = read(&folder)? {
            let relevant = found.into_iter().filter(|(name, _)| TABLES.contains(&name.as_str()));
            merge(&mut settings, relevant.collect());
        }
    }
    let lines = settings.iter().map(|(name, value)| format!("{name} = {}\n", to_toml(value)));
    fs::write(home.join("config.toml"), lines.collect::<String>()).with_context(failed)
}

fn link(original: &Path, link: &Path) -> io::Result<()> {
    match symlink(original, link) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::read_link(link)? == original {
                return Ok(());
            }
            fs::remove_file(link)?;
            symlink(original, link)
        }
        result => result,
    }
}

/// Reads the configuration in a directory, under its current or its older name.
fn read(folder: &Path) -> Result<Option<Table>> {
    for name in ["config", "config.toml"] {
        let path = folder.join(name);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        return text.parse().map(Some).with_context(|| format!("in {}", path.display()));
    }
    Ok(None)
}

/// Merges configurations.
///
/// Existing settings take precedence, as the nearer configuration does in Cargo.
fn merge(settings: &mut Table, others: Table) {
    for (name, other) in others {
        match (settings.get_mut(&name), other) {
            (Some(Value::Table(settings)), Value::Table(others)) => merge(settings, others),
            (Some(_), _) => {}
            (None, other) => {
                settings.insert(name, other);
            }
        }
    }
}

/// Formats a value on one line.
fn to_toml(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(to_toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(name, value)| format!("{} = {}", quoted(name), to_toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}

/// Quotes a string as JSON does, which TOML reads in the same way.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use toml::Table;

    use super::prepare;

    #[test]
    fn cargo_home_has_registries_and_no_build_settings() {
        let directory = tempfile::tempdir().unwrap();
        let (user, project) = (directory.path().join("user"), directory.path().join("work/project"));
        let home = project.join("target/release-home");
        fs::create_dir_all(user.join("registry/src")).unwrap();
        fs::create_dir_all(project.join("../.cargo")).unwrap();
        let config = r#"
            [build]
            rustflags = ["-C", "target-cpu=native"]
            target-dir = "/elsewhere"
            [target.x86_64-unknown-linux-gnu]
            rustflags = ["-C", "link-arg=-fuse-ld=mold"]
            [profile.release]
            opt-level = 0
            [env]
            CFLAGS = { value = "-march=native", force = true }
            [source.crates-io]
            replace-with = "mirror"
            [source.mirror]
            registry = "sparse+https://mirror.example/\"index\"/"
            [net]
            retry = 7
            git-fetch-with-cli = true
        "#;
        fs::write(user.join("config.toml"), config).unwrap();
        fs::write(project.join("../.cargo/config.toml"), "[net]\nretry = 9\n[profile.release]\nlto = false")
            .unwrap();
        // The second iteration simulates a second build.
        for _ in 0..2 {
            prepare(&home, &user, &project).unwrap();
        }
        let made: Table = fs::read_to_string(home.join("config.toml")).unwrap().parse().unwrap();
        assert_eq!(made.keys().collect::<Vec<_>>(), ["net", "source"]);
        assert_eq!(made["source"], config.parse::<Table>().unwrap()["source"]);
        // The nearer directory takes precedence.
        assert_eq!(made["net"]["retry"].as_integer(), Some(9));
        assert_eq!(made["net"]["git-fetch-with-cli"].as_bool(), Some(true));
        assert!(home.join("registry/src").is_dir());
    }
}
