//! MiniStack in a Python environment of its own, in the directory of tools.
//!
//! The name of the environment tells what is in it, and it gets that name only when it is complete: an installation
//! that was interrupted is never used, and a new version never changes one that is in use.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::fs;
use tokio::process::Command;
use tokio::time::{interval, timeout};

use super::{EmulatorError, python};
use crate::directory::{DirectoryError, StateDirectory, fingerprint, remove};
use crate::process::{Service, StopSignal};

const REQUIREMENTS: &str = include_str!("requirements.txt");
/// For all packages together, some 20 MB.
const LIMIT: Duration = Duration::from_mins(5);
/// For the question whether an installation is there.
const FIND_LIMIT: Duration = Duration::from_secs(20);

/// MiniStack, installed.
#[derive(Debug)]
pub struct Installation {
    python: PathBuf,
}

/// The version of MiniStack that belongs to this code.
pub fn version() -> &'static str {
    REQUIREMENTS.lines().find_map(|line| line.strip_prefix("ministack==")).unwrap_or_default()
}

impl Installation {
    /// The installation in this directory of tools, if it is there and works.
    pub async fn find(tools: &Path) -> Option<Self> {
        let python = environment(tools).join("bin/python");
        let mut command = Command::new(&python);
        // The environment may be there, but the Python it was made with gone.
        command.args(["-I", "-c", "import ministack"]).stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = timeout(FIND_LIMIT, command.status()).await.ok()?.ok()?;
        status.success().then_some(Self { python })
    }

    /// Installs from the network, which takes some seconds, unless another process has just done so.
    pub async fn install(directory: &StateDirectory, tools: &Path) -> Result<Self, EmulatorError> {
        let system_python = python::find().await?;
        fs::create_dir_all(tools).await.map_err(|source| failed("create", tools, source))?;
        let _lock = lock(&tools.join("ministack.lock")).await?;
        if let Some(installation) = Self::find(tools).await {
            return Ok(installation);
        }
        let environment = environment(tools);
        let partial = environment.with_added_extension("partial");
        remove(&environment).await?;
        remove(&partial).await?;

        let mut venv = Command::new(system_python);
        venv.args(["-I", "-m", "venv"]).arg(&partial);
        run(directory, "emulator-environment", venv).await?;

        let requirements = partial.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS)
            .await
            .map_err(|source| failed("write", &requirements, source))?;
        let mut pip = Command::new(partial.join("bin/python"));
        pip.args(["-I", "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "--progress-bar=off", "--timeout=15", "--retries=1", "-r"])
            .arg(&requirements);
        run(directory, "emulator-packages", pip).await?;

        fs::rename(&partial, &environment).await.map_err(|source| failed("write", &environment, source))?;
        Ok(Self { python: environment.join("bin/python") })
    }

    /// The Python of its environment, which has botocore too.
    pub fn python(&self) -> &Path {
        &self.python
    }
}

fn environment(tools: &Path) -> PathBuf {
    tools.join(format!("ministack-{}-{}", version(), fingerprint(REQUIREMENTS.as_bytes())))
}

/// Runs a step of the installation as a process of the stack, so that it ends with us.
async fn run(directory: &StateDirectory, name: &str, command: Command) -> Result<(), EmulatorError> {
    let step = Service::start(directory, name, command, StopSignal::Terminate).await;
    match step {
        Ok(step) => step.finish(LIMIT).await,
        Err(error) => Err(error),
    }
    .map_err(EmulatorError::Install)
}

/// Waits for another installation into the same tools to end: stacks in other directories may share them.
async fn lock(path: &Path) -> Result<File, EmulatorError> {
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
    timeout(LIMIT, locked).await.map_err(|_| EmulatorError::InstallLocked(path.display().to_string()))??;
    Ok(file)
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> DirectoryError {
    DirectoryError::Io { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_an_exact_version() {
        for line in REQUIREMENTS.lines().filter(|line| !line.starts_with('#')) {
            let (name, version) = line.split_once("==").unwrap();
            assert!(!name.is_empty() && version.starts_with(|first: char| first.is_ascii_digit()), "{line}");
        }
        assert!(!version().is_empty());
    }

    #[tokio::test]
    async fn a_half_made_environment_is_not_used() {
        let tools = tempfile::tempdir().unwrap();
        assert!(Installation::find(tools.path()).await.is_none());
        let bin = environment(tools.path()).join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink("/no/such/python", bin.join("python")).unwrap();
        assert!(Installation::find(tools.path()).await.is_none());
    }
}
