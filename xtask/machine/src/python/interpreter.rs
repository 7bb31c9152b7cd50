//! Finds a Python that can run the emulator and create virtual environments.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The minimum version, required by MiniStack.
const MINIMUM_VERSION: (u32, u32) = (3, 10);
/// The programs to try: first the user's default, then the newest first.
const CANDIDATES: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
/// A script that prints the version first, to distinguish a missing module from an old version.
const VERSION_SCRIPT: &str = "import sys; print(*sys.version_info[:2]); import venv, ensurepip";
const LIMIT: Duration = Duration::from_secs(20);

/// An error: no Python is new enough and can create virtual environments.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no Python {}.{} or newer with venv: {found}.\n\
     Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python) \
     or name one in the environment variable PYTHON.",
    MINIMUM_VERSION.0, MINIMUM_VERSION.1
)]
pub struct PythonError {
    /// The programs that were tried, with the reason why each is not suitable.
    pub found: String,
}

/// Returns the Python in `PYTHON`, or the first suitable one on PATH.
pub async fn find() -> Result<OsString, PythonError> {
    match std::env::var_os("PYTHON").filter(|python| !python.is_empty()) {
        Some(python) => first_usable(&[python]).await,
        None => first_usable(&CANDIDATES.map(OsString::from)).await,
    }
}

async fn first_usable(candidates: &[OsString]) -> Result<OsString, PythonError> {
    let mut problems = Vec::new();
    for python in candidates {
        match problem(python).await {
            None => return Ok(python.clone()),
            Some(problem) => problems.push(format!("{} {problem}", python.display())),
        }
    }
    Err(PythonError { found: problems.join(", ") })
}

/// Returns why a Python is not suitable, or `None` if it is.
async fn problem(python: &OsString) -> Option<String> {
    let mut command = Command::new(python);
    command.args(["-I", "-c", VERSION_SCRIPT]).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Some("is not installed".to_owned());
        }
        Ok(Err(error)) => return Some(format!("cannot be run ({error})")),
        Err(_) => return Some("does not respond".to_owned()),
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    match parse_version(&stdout) {
        None => Some("is not Python 3".to_owned()),
        Some((major, minor)) if (major, minor) < MINIMUM_VERSION => Some(format!("is {major}.{minor}")),
        Some(_) if output.status.success() => None,
        Some(_) => Some("has no venv".to_owned()),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    fn fake(root: &Path, name: &str, script: &str) -> OsString {
        let path = root.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.into_os_string()
    }

    #[tokio::test]
    async fn first_usable_python_is_used_and_the_others_are_explained() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("missing").into_os_string();
        let old = fake(root.path(), "old", "echo 3 9");
        let bare = fake(root.path(), "bare", "echo 3 12; exit 1");
        let other = fake(root.path(), "other", "echo hello");
        let good = fake(root.path(), "good", "echo 3 10");
        let bad = [missing, old, bare, other];
        let message = first_usable(&bad).await.unwrap_err().to_string();
        for problem in ["missing is not installed", "old is 3.9", "bare has no venv", "other is not Python 3"]
        {
            assert!(message.contains(problem), "{message}");
        }
        assert_eq!(first_usable(&[&bad[..], std::slice::from_ref(&good)].concat()).await.unwrap(), good);
    }
}
