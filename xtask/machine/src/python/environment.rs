//! Python environments with pinned packages, in the tools directory.
//!
//! The name of an environment identifies its content, and is assigned only when it is complete. An interrupted
//! installation is never used, and a new version never changes an environment that is in use.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::fs;
use tokio::process::Command;
use tokio::time::{interval, timeout};

use super::interpreter::{self, PythonError};
use super::virtual_environment;
use crate::directory::{DirectoryError, StateDirectory, fingerprint, remove};
use crate::process::{Service, ServiceError, StopSignal};

/// The time limit for installing all packages of an environment, about 25 MB at most.
const LIMIT: Duration = Duration::from_mins(5);
/// The time limit for checking an installation.
const FIND_LIMIT: Duration = Duration::from_secs(20);

/// Packages that are installed together into their own environment.
#[derive(Debug)]
pub struct PythonEnvironment {
    /// A short description: `the AWS emulator`.
    pub purpose: &'static str,
    /// The main package, which determines the version of the environment.
    pub package: &'static str,
    /// All packages with exact versions, in pip's requirements format. No others are installed.
    pub requirements: &'static str,
}

/// An installed environment.
#[derive(Debug)]
pub struct Installation {
    directory: PathBuf,
}

/// Why an environment could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// There is no suitable Python.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// pip failed.
    #[error(
        "cannot install {purpose}: {source}\n\
         The first start needs the network, for packages from the index that pip is configured to use; \
         later starts do not. Run the command again when the network is available."
    )]
    Package {
        /// What the environment is for.
        purpose: &'static str,
        /// The error of the installation step.
        source: ServiceError,
    },
    /// Another process is installing it and does not finish.
    #[error(
        "another process has been installing {purpose} in {path} for minutes; end that process, then run the command again"
    )]
    Locked {
        /// What the environment is for.
        purpose: &'static str,
        /// The lock file.
        path: String,
    },
    /// The tools directory is not writable.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl PythonEnvironment {
    /// Returns the pinned version of the main package.
    pub fn version(&self) -> &'static str {
        let pinned = |line: &'static str| line.strip_prefix(self.package)?.strip_prefix("==");
        self.requirements.lines().find_map(pinned).unwrap_or_default()
    }

    /// Returns the installation in the tools directory, if it exists and its Python works.
    pub async fn find(&self, tools: &Path) -> Option<Installation> {
        let installation = Installation { directory: self.directory(tools) };
        // The environment may exist while the Python that created it was removed.
        let mut command = Command::new(installation.python());
        command.args(["-I", "-c", ""]).stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = timeout(FIND_LIMIT, command.status()).await.ok()?.ok()?;
        status.success().then_some(installation)
    }

    /// Installs the packages from the network, which takes some seconds.
    ///
    /// If another process is installing them, this waits and uses the result.
    pub async fn install(
        &self,
        directory: &StateDirectory,
        tools: &Path,
    ) -> Result<Installation, InstallError> {
        let system_python = interpreter::find().await?;
        fs::create_dir_all(tools).await.map_err(|source| failed("create", tools, source))?;
        let _lock = self.lock(&tools.join(format!("{}.lock", self.package))).await?;
        if let Some(installation) = self.find(tools).await {
            return Ok(installation);
        }
        let environment = self.directory(tools);
        let partial = environment.with_added_extension("partial");
        remove(&environment).await?;
        remove(&partial).await?;

        let venv = virtual_environment::create(&system_python, &partial);
        self.run(directory, "environment", venv.into()).await?;

        let requirements = partial.join("requirements.txt");
        fs::write(&requirements, self.requirements)
            .await
            .map_err(|source| failed("write", &requirements, source))?;
        let mut pip = virtual_environment::install_packages(&partial);
        pip.args(["--no-deps", "--progress-bar=off", "--timeout=15", "--retries=1", "-r"]).arg(&requirements);
        self.run(directory, "packages", pip.into()).await?;

        fs::rename(&partial, &environment).await.map_err(|source| failed("write", &environment, source))?;
        Ok(Installation { directory: environment })
    }

    fn directory(&self, tools: &Path) -> PathBuf {
        let contents = fingerprint(self.requirements.as_bytes());
        tools.join(format!("{}-{}-{contents}", self.package, self.version()))
    }

    /// Runs a step of the installation as a process of the stack, which ends with this process.
    async fn run(
        &self,
        directory: &StateDirectory,
        step: &str,
        command: Command,
    ) -> Result<(), InstallError> {
        let name = format!("{}-{step}", self.package);
        let service = Service::start(directory, &name, command, StopSignal::Terminate).await;
        let outcome = match service {
            Ok(service) => service.finish(LIMIT).await,
            Err(error) => Err(error),
        };
        outcome.map_err(|source| InstallError::Package { purpose: self.purpose, source })
    }

    /// Waits until no other process is installing into the same directory.
    ///
    /// Several stacks may share it.
    async fn lock(&self, path: &Path) -> Result<File, InstallError> {
        let file =
            fs::File::create(path).await.map_err(|source| failed("create", path, source))?.into_std().await;
        let locked = async {
            let mut ticks = interval(Duration::from_millis(200));
            loop {
                ticks.tick().await;
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(failed("lock", path, source)),
                }
            }
        };
        let too_long = |_| InstallError::Locked { purpose: self.purpose, path: path.display().to_string() };
        timeout(LIMIT, locked).await.map_err(too_long)??;
        Ok(file)
    }
}

impl Installation {
    /// Returns the interpreter of the environment.
    pub fn python(&self) -> PathBuf {
        self.directory.join("bin/python")
    }

    /// Returns the directory of an installed package, for any version of Python.
    pub async fn package(&self, name: &str) -> Option<PathBuf> {
        let mut versions = fs::read_dir(self.directory.join("lib")).await.ok()?;
        while let Ok(Some(version)) = versions.next_entry().await {
            let package = version.path().join("site-packages").join(name);
            if fs::metadata(&package).await.is_ok_and(|metadata| metadata.is_dir()) {
                return Some(package);
            }
        }
        None
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> DirectoryError {
    DirectoryError::Io { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{MINISTACK, POSTGRESQL};

    #[test]
    fn every_package_has_an_exact_version() {
        for environment in [MINISTACK, POSTGRESQL] {
            for line in environment.requirements.lines().filter(|line| !line.starts_with('#')) {
                let (name, version) = line.split_once("==").unwrap();
                assert!(
                    !name.is_empty() && version.starts_with(|first: char| first.is_ascii_digit()),
                    "{line}"
                );
            }
            assert!(!environment.version().is_empty(), "{}", environment.package);
        }
    }

    #[tokio::test]
    async fn incomplete_environment_is_not_used() {
        let tools = tempfile::tempdir().unwrap();
        assert!(MINISTACK.find(tools.path()).await.is_none());
        let bin = MINISTACK.directory(tools.path()).join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink("/no/such/python", bin.join("python")).unwrap();
        assert!(MINISTACK.find(tools.path()).await.is_none());
    }

    #[tokio::test]
    async fn package_is_found_for_any_python_version() {
        let root = tempfile::tempdir().unwrap();
        let installation = Installation { directory: root.path().to_owned() };
        assert_eq!(installation.package("server").await, None);
        let package = root.path().join("lib/python3.99/site-packages/server");
        std::fs::create_dir_all(&package).unwrap();
        assert_eq!(installation.package("server").await, Some(package));
    }
}
