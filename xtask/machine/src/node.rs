//! Node, and the Node packages of the repository.
//!
//! The dependencies of a package are installed once for each version of its lock file, into target/tools. A link in the
//! directory of the package leads to them, so that programs and editors find them where they look.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::directory::fingerprint;
use crate::{Progress, command, repository, workspace};

/// The typed client of the API.
pub const TYPESCRIPT_CLIENT: NodePackage = NodePackage { directory: "openapi/typescript" };
/// The page of the viewer.
pub const VIEWER_PAGE: NodePackage = NodePackage { directory: "xtask/viewer/web" };
/// The linters of the OpenAPI document.
pub const OPENAPI_LINTERS: NodePackage = NodePackage { directory: "openapi/linters" };
/// DuckDB-WASM, for the end-to-end tests.
pub const DUCKDB_WASM: NodePackage = NodePackage { directory: "tests/duckdb-wasm" };

/// The minimum version.
const MINIMUM_VERSION: u32 = 20;
/// The directory in which Node looks for dependencies.
const DEPENDENCIES: &str = "node_modules";
/// The files that decide which dependencies are installed.
const MANIFESTS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// There is no Node, or none that is new enough.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no Node {MINIMUM_VERSION} or newer with npm: {found}.\n\
     Install it (Debian, Ubuntu: apt install nodejs npm; macOS: brew install node; older systems: https://nodejs.org)."
)]
pub struct NodeError {
    /// What was found instead.
    found: String,
}

/// Returns the version of the Node on PATH, such as `v20.1.0`, if it is new enough and has npm.
pub fn find() -> Result<String, NodeError> {
    let version = version_of("node")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < MINIMUM_VERSION) {
        return Err(NodeError { found: format!("node is {version}") });
    }
    version_of("npm")?;
    Ok(version)
}

fn version_of(program: &str) -> Result<String, NodeError> {
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|error| NodeError { found: format!("{program} cannot be run ({error})") })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A Node package of the repository.
pub struct NodePackage {
    /// Its directory in the repository.
    directory: &'static str,
}

impl NodePackage {
    /// Returns a command that runs a script of the package, and installs its dependencies if necessary.
    pub fn script(&self, name: &str, progress: &dyn Progress) -> Result<Command> {
        self.install(progress)?;
        let mut command = command::at_root("npm");
        command.current_dir(self.path()).args(["run", "--silent", name]);
        // Linters look for newer versions of themselves.
        command.env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true").env("NO_UPDATE_NOTIFIER", "1");
        Ok(command)
    }

    /// Installs the dependencies of the package, if they are not installed.
    pub fn install(&self, progress: &dyn Progress) -> Result<()> {
        let what = || format!("cannot install the dependencies of {}", self.directory);
        find().with_context(what)?;
        let installation = self.installation().with_context(what)?;
        let _lock = lock(&installation).with_context(what)?;
        if !installation.exists() {
            progress.note(&format!("  installing the dependencies of {} …", self.directory));
            self.install_into(&installation).with_context(what)?;
        }
        link(&self.dependencies(), &installation.join(DEPENDENCIES)).with_context(what)
    }

    /// Returns the directory of the installed dependencies.
    pub fn dependencies(&self) -> PathBuf {
        self.path().join(DEPENDENCIES)
    }

    fn path(&self) -> PathBuf {
        repository::root().join(self.directory)
    }

    /// Returns the directory for the dependencies, named for what decides which they are.
    fn installation(&self) -> Result<PathBuf> {
        let mut manifests = Vec::new();
        for name in MANIFESTS {
            let path = self.path().join(name);
            manifests.extend(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
        let name = self.directory.replace('/', "-");
        Ok(workspace::tools().join(format!("{name}-{}", fingerprint(&manifests))))
    }

    /// Installs under a temporary name first, so an interrupted installation is never used.
    fn install_into(&self, installation: &Path) -> Result<()> {
        let partial = installation.with_added_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir_all(&partial)?;
        for name in MANIFESTS {
            fs::copy(self.path().join(name), partial.join(name))?;
        }
        let mut install = Command::new("npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
        command::run_blocking(install.current_dir(&partial))
            .context("npm needs the network, for packages from the registry that it is configured to use")?;
        fs::rename(&partial, installation)?;
        Ok(())
    }
}

/// Waits until no other process installs into the directory.
fn lock(installation: &Path) -> Result<File> {
    fs::create_dir_all(workspace::tools())?;
    let file = File::create(installation.with_added_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Makes `path` a link to the dependencies, in place of those that npm has installed there.
fn link(path: &Path, dependencies: &Path) -> Result<()> {
    if fs::read_link(path).is_ok_and(|target| target == dependencies) {
        return Ok(());
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path)?,
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    symlink(dependencies, path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::link;

    #[test]
    fn link_replaces_what_was_installed_by_hand_or_for_another_version() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("node_modules");
        fs::create_dir_all(path.join("by-hand")).unwrap();
        for version in ["one", "two", "two"] {
            let dependencies = root.path().join(version);
            fs::create_dir_all(&dependencies).unwrap();
            link(&path, &dependencies).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), dependencies);
        }
        assert!(root.path().join("one").exists(), "another checkout may use it");
    }
}
