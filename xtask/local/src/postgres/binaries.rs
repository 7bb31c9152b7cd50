//! Where the programs of the PostgreSQL server are.

use std::path::{Path, PathBuf};

use tokio::fs;

/// The two programs of the server that are needed.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
}

/// The PostgreSQL server is not installed.
#[derive(Debug, thiserror::Error)]
#[error(
    "no PostgreSQL server (initdb and postgres) in {looked_in}.\n\
     Install it (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@17) \
     or name its bin directory in the environment variable PG_BIN."
)]
pub struct BinariesError {
    /// The places that were looked at, in words.
    pub looked_in: String,
}

/// Parents of one directory a version, each of which has a `bin`: Debian and Ubuntu, RHEL, Homebrew on both
/// processors, Postgres.app.
const INSTALLATIONS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// The directory named in `PG_BIN`; else the first on PATH, else the newest of the usual places.
pub(super) async fn find() -> Result<Binaries, BinariesError> {
    if let Some(named) = std::env::var_os("PG_BIN").filter(|named| !named.is_empty()) {
        let looked_in = format!("PG_BIN={}", named.display());
        return first(vec![named.into()]).await.ok_or(BinariesError { looked_in });
    }
    let mut places: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    for (parent, prefix) in INSTALLATIONS {
        places.extend(versions(Path::new(parent), prefix).await);
    }
    first(places).await.ok_or(BinariesError { looked_in: "PATH or in the usual places".to_owned() })
}

/// Where the server that will be used is.
pub async fn find_server() -> Result<PathBuf, BinariesError> {
    Ok(find().await?.postgres)
}

async fn first(places: Vec<PathBuf>) -> Option<Binaries> {
    for place in places {
        let binaries = Binaries { initdb: place.join("initdb"), postgres: place.join("postgres") };
        if is_file(&binaries.initdb).await && is_file(&binaries.postgres).await {
            return Some(binaries);
        }
    }
    None
}

async fn is_file(path: &Path) -> bool {
    fs::metadata(path).await.is_ok_and(|metadata| metadata.is_file())
}

/// The `bin` of every version below a directory, newest first.
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

/// `9.6`, `15`, `@17`: the numbers, so that 15 is newer than 9.6.
fn version(text: &str) -> Vec<u32> {
    text.split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_version_that_has_a_server_is_taken() {
        let root = tempfile::tempdir().unwrap();
        for (name, programs) in [("pg-9.6", 2), ("pg-15", 2), ("pg-16", 1), ("pg-17", 0), ("other-99", 2)] {
            let bin = root.path().join(name).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            for program in ["initdb", "postgres"].iter().take(programs) {
                std::fs::write(bin.join(program), "").unwrap();
            }
        }
        let found = first(versions(root.path(), "pg-").await).await.unwrap();
        assert_eq!(found.initdb, root.path().join("pg-15/bin/initdb"));
        assert!(first(versions(&root.path().join("missing"), "").await).await.is_none());
    }
}
