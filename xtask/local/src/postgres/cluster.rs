//! The files of a PostgreSQL server, and the account that owns them.

use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::rand;
use machine::directory::{Data, StateDirectory, fingerprint, remove};
use machine::process::{Service, StopSignal};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Password, PostgresError, Server, USER, private_copy};

/// The file in the state directory with the password of a complete cluster.
const PASSWORD: &str = "postgres-password";
const INITDB_LIMIT: Duration = Duration::from_mins(1);

/// A cluster, ready for a server. Dropping it removes its files, unless they are kept.
#[derive(Debug)]
pub(super) struct Cluster {
    path: PathBuf,
    server: Server,
    data: Data,
    account: Option<Account>,
    password: Password,
}

/// The account that runs the server if this process runs as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Returns the kept cluster if it is requested and complete, otherwise a new one.
    pub(super) async fn prepare(
        directory: &StateDirectory,
        server: Server,
        data: Data,
    ) -> Result<Self, PostgresError> {
        let account =
            if rustix::process::geteuid().is_root() { Some(Account::unprivileged().await?) } else { None };
        let path = location(directory, account);
        if data == Data::Kept
            && let Some(password) = kept_password(directory, &path, account).await
        {
            // This file is of a dead server, because clean_up has ended a running one. With the file, PostgreSQL
            // would not start if another process now had the same process id.
            remove(&path.join("data/postmaster.pid")).await?;
            let mut cluster = Self { path, server, data, account, password };
            cluster.ensure_server_is_accessible().await?;
            return Ok(cluster);
        }
        directory.remove(PASSWORD).await?;
        remove(&path).await?;
        let mut cluster = Self { path, server, data, account, password: Password::random()? };
        cluster.initialize(directory).await?;
        Ok(cluster)
    }

    /// Uses a copy of the server next to the data if the account cannot access the original.
    async fn ensure_server_is_accessible(&mut self) -> io::Result<()> {
        if self.account.is_none() || private_copy::is_reachable(self.server.bin()).await? {
            return Ok(());
        }
        let copy = self.path.join("server");
        remove(&copy).await.map_err(io::Error::other)?;
        private_copy::copy(self.server.root(), &copy).await?;
        self.server = self.server.with_root(copy);
        Ok(())
    }

    /// Returns the command that runs the server in the foreground.
    pub(super) fn server_command(&self, port: u16) -> Command {
        let mut command = self.command(&self.server.postgres());
        command.arg("-D").arg(self.path.join("data"));
        let settings = [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // A crash of the machine may destroy the data, which can be created again.
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            // The defaults of 128 MB and 100 connections are more than a few functions and tests need.
            "shared_buffers=16MB",
            "max_connections=60",
        ];
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        command
    }

    /// Marks the cluster as complete, so that a later run can reuse it.
    pub(super) async fn complete(&self, directory: &StateDirectory) -> Result<(), PostgresError> {
        Ok(directory.write(PASSWORD, self.password.expose().as_bytes()).await?)
    }

    pub(super) fn password(&self) -> &Password {
        &self.password
    }

    async fn initialize(&mut self, directory: &StateDirectory) -> Result<(), PostgresError> {
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        // Not recursive: fails if another user has created the directory in the shared temporary directory.
        builder.create(&self.path).await?;
        self.change_owner(&self.path)?;
        self.ensure_server_is_accessible().await?;
        // The password is in a file, because other users can see command lines.
        let password_file = self.path.join("password");
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&password_file).await?;
        file.write_all(self.password.expose().as_bytes()).await?;
        file.flush().await?;
        self.change_owner(&password_file)?;

        let mut command = self.command(&self.server.initdb());
        command.arg("-D").arg(self.path.join("data")).arg("--pwfile").arg(&password_file);
        command.args([
            "--username",
            USER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        let initdb = Service::start(directory, "postgres-initdb", command, StopSignal::Terminate).await?;
        let outcome = initdb.finish(INITDB_LIMIT).await;
        remove(&password_file).await?;
        Ok(outcome?)
    }

    /// Returns a command of the server, run by its account and without the user's environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env_clear().env("LC_ALL", "C");
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }

    fn change_owner(&self, path: &Path) -> io::Result<()> {
        self.account.map_or(Ok(()), |account| chown(path, Some(account.user), Some(account.group)))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data == Data::Fresh {
            // The cluster may be outside of the state directory, which is cleaned up separately. If removing it
            // fails, the next run tries again.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Returns the directory of the cluster.
///
/// It is in the state directory if this process runs the server. Another account may not have access to that
/// directory, for example in a private home, so it uses the system's temporary directory, with a name derived from
/// the state directory.
fn location(directory: &StateDirectory, account: Option<Account>) -> PathBuf {
    if account.is_none() {
        return directory.file("postgres");
    }
    let name = fingerprint(directory.path().as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("local-stack-postgres-{name}"))
}

/// Returns the password of the kept cluster, if it is complete and has the expected owner.
async fn kept_password(
    directory: &StateDirectory,
    path: &Path,
    account: Option<Account>,
) -> Option<Password> {
    let password = Password::parse(&fs::read_to_string(directory.file(PASSWORD)).await.ok()?)?;
    let owner = fs::symlink_metadata(path).await.ok().filter(std::fs::Metadata::is_dir)?.uid();
    let expected = account.map_or(rustix::process::geteuid().as_raw(), |account| account.user);
    fs::metadata(path.join("data/PG_VERSION")).await.ok().filter(|_| owner == expected)?;
    Some(password)
}

impl Account {
    /// Returns the account `postgres`, which PostgreSQL packages create, or else `nobody`.
    async fn unprivileged() -> Result<Self, PostgresError> {
        let passwd = fs::read_to_string("/etc/passwd").await?;
        ["postgres", "nobody"].iter().find_map(|name| Self::parse(&passwd, name)).ok_or(PostgresError::Root)
    }

    /// Finds an account by name in lines of `name:password:user:group:…`.
    fn parse(passwd: &str, name: &str) -> Option<Self> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map_while(|number| number.parse().ok());
        Some(Self { user: numbers.next().filter(|user| *user != 0)?, group: numbers.next()? })
    }
}

impl Password {
    fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| io::Error::other("cannot read random numbers from the system"))?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    fn parse(text: &str) -> Option<Self> {
        let whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_from_the_password_file() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:1:1::/:\npostgres:x:101:103:,,,:/var:/bin/sh\nhalf:x:7";
        assert_eq!(Account::parse(passwd, "postgres"), Some(Account { user: 101, group: 103 }));
        for name in ["root", "half", "nobody", ""] {
            assert_eq!(Account::parse(passwd, name), None, "{name}");
        }
    }

    #[test]
    fn password_parses_and_is_not_displayed() {
        let password = Password::random().unwrap();
        assert_ne!(password, Password::random().unwrap());
        assert_eq!(Password::parse(password.expose()), Some(password.clone()));
        assert_eq!(Password::parse(&password.expose()[1..]), None);
        assert_eq!(Password::parse(&"é".repeat(16)), None);
        assert!(!format!("{password:?}").contains(password.expose()));
    }

    #[tokio::test]
    async fn only_a_complete_cluster_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        let path = location(&directory, None);
        let password = Password::random().unwrap();
        assert_eq!(kept_password(&directory, &path, None).await, None);
        directory.write("postgres/data/PG_VERSION", b"15").await.unwrap();
        assert_eq!(kept_password(&directory, &path, None).await, None);
        directory.write(PASSWORD, b"truncat").await.unwrap();
        assert_eq!(kept_password(&directory, &path, None).await, None);
        directory.write(PASSWORD, password.expose().as_bytes()).await.unwrap();
        assert_eq!(kept_password(&directory, &path, None).await, Some(password));
        let other_account = Account { user: u32::MAX - 9, group: 1 };
        assert_eq!(kept_password(&directory, &path, Some(other_account)).await, None);
    }
}
