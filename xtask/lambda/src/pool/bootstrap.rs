//! Unpacks the code of a function.

use std::io::{self, Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::control_plane::{DeployedFunction, FunctionName};

const BOOTSTRAP: &str = "bootstrap";

/// Lambda's size limit of unpacked code, in bytes.
const MAXIMUM_BOOTSTRAP_BYTES: u64 = 250 * 1024 * 1024;

/// The reason why a function could not be prepared to run.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The zip archive is damaged or has no `bootstrap`.
    #[error(
        "the code of function {name} is no zip with a bootstrap: {source}; build it again, then deploy it"
    )]
    Zip {
        /// The function.
        name: FunctionName,
        /// The error of the zip reader.
        #[source]
        source: ZipError,
    },
    /// The bootstrap exceeds the limit of Lambda.
    #[error("the bootstrap of function {0} is larger than the 250 MB that Lambda takes")]
    TooLarge(FunctionName),
    /// The environment variables exceed the limit of Lambda. The message is that of Lambda, which rejects such a
    /// function when it is created: <https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594>.
    #[error(
        "function {name}: Lambda was unable to configure your environment variables because the environment \
         variables you have provided exceeded the 4KB limit ({bytes} bytes as JSON); move values to Parameter Store"
    )]
    EnvironmentTooLarge {
        /// The function.
        name: FunctionName,
        /// The size of the variables, as Lambda measures it.
        bytes: usize,
    },
    /// The X-Ray daemon of the function cannot listen.
    #[error("cannot open a socket for the traces of a function: {0}")]
    Daemon(#[source] io::Error),
    /// The bootstrap could not be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
}

/// Unpacks the bootstrap of a function under `directory` and returns its path.
///
/// The path contains the hash of the code. An executable that an instance of an earlier run may still use is
/// therefore never overwritten.
pub(super) async fn unpack(function: &DeployedFunction, directory: &Path) -> Result<PathBuf, BootstrapError> {
    let hash = digest::digest(&digest::SHA256, &function.code);
    let directory = directory.join(function.arn.name.as_str()).join(URL_SAFE_NO_PAD.encode(hash));
    let path = directory.join(BOOTSTRAP);

    let (name, code) = (function.arn.name.clone(), function.code.clone());
    let unpacking = tokio::task::spawn_blocking(move || read_bootstrap(name, &code));
    let bootstrap = unpacking
        .await
        .map_err(|error| BootstrapError::Write { path: path.clone(), source: io::Error::other(error) })??;

    let write = async {
        tokio::fs::create_dir_all(&directory).await?;
        // Write a temporary file and rename it, so that a crash cannot leave a partial bootstrap.
        let partial = directory.join("bootstrap.partial");
        tokio::fs::write(&partial, bootstrap).await?;
        tokio::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o755)).await?;
        tokio::fs::rename(&partial, &path).await
    };
    match write.await {
        Ok(()) => Ok(path),
        Err(source) => Err(BootstrapError::Write { path, source }),
    }
}

fn read_bootstrap(name: FunctionName, code: &[u8]) -> Result<Vec<u8>, BootstrapError> {
    let read = || -> Result<Vec<u8>, ZipError> {
        let mut archive = ZipArchive::new(Cursor::new(code))?;
        let mut bootstrap = Vec::new();
        archive.by_name(BOOTSTRAP)?.take(MAXIMUM_BOOTSTRAP_BYTES + 1).read_to_end(&mut bootstrap)?;
        Ok(bootstrap)
    };
    match read() {
        Ok(bootstrap) if bootstrap.len() as u64 > MAXIMUM_BOOTSTRAP_BYTES => {
            Err(BootstrapError::TooLarge(name))
        }
        Ok(bootstrap) => Ok(bootstrap),
        Err(source) => Err(BootstrapError::Zip { name, source }),
    }
}
