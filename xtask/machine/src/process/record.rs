//! Records of running processes, with which a later run ends those that a killed run left behind.
//!
//! A process ID alone is not enough: after a crash or a restart of the machine, another process may have it. A record
//! therefore also contains the start time from the kernel, and both must match.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::{GRACE, StopSignal};
use crate::directory::{DirectoryError, StateDirectory};

const RECORDS: &str = "processes";

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    pid: i32,
    started: String,
    stop_signal: StopSignal,
}

pub(super) fn path(directory: &StateDirectory, name: &str) -> PathBuf {
    directory.file(&relative(name))
}

fn relative(name: &str) -> String {
    format!("{RECORDS}/{name}.json")
}

/// Records a process that has just been started.
///
/// A process that has already ended needs no record.
pub(super) async fn write(
    directory: &StateDirectory,
    name: &str,
    pid: Pid,
    stop_signal: StopSignal,
) -> Result<(), DirectoryError> {
    let Some(started) = started(pid).await else { return Ok(()) };
    let record = Record { name: name.to_owned(), pid: pid.as_raw_nonzero().get(), started, stop_signal };
    let text = serde_json::to_vec(&record).unwrap_or_default();
    directory.write(&relative(name), &text).await
}

/// Records a process that was started elsewhere and leads its own group.
///
/// A later run ends it if this one cannot.
pub async fn record(directory: &StateDirectory, name: &str, pid: u32) -> Result<(), DirectoryError> {
    match Pid::from_raw(pid.cast_signed()) {
        Some(id) => write(directory, &format!("{name}-{pid}"), id, StopSignal::Terminate).await,
        None => Ok(()),
    }
}

/// A process of a running stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningProcess {
    /// The name under which it was recorded.
    pub name: String,
    /// Its id.
    pub pid: u32,
}

/// Returns the recorded processes of a state directory that still run, ordered by name.
///
/// The stack that owns the directory may start and end processes at the same time.
pub async fn running(state: &Path) -> Vec<RunningProcess> {
    let mut found = Vec::new();
    for record in read_all(&state.join(RECORDS)).await {
        let pid = Pid::from_raw(record.pid);
        if let Some(pid) = pid
            && is_running(pid, &record).await
        {
            found.push(RunningProcess { name: record.name, pid: record.pid.unsigned_abs() });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Reads the records in a directory, which may not exist. Invalid ones are skipped.
async fn read_all(directory: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    if let Ok(mut entries) = fs::read_dir(directory).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let text = fs::read(entry.path()).await.unwrap_or_default();
            records.extend(serde_json::from_slice::<Record>(&text).ok());
        }
    }
    records
}

/// Ends the processes that an earlier run left behind, and returns their names.
///
/// Call it first, right after taking the lock, when the earlier run is known to have ended. Records that are invalid
/// or refer to another process are removed.
pub async fn clean_up(directory: &StateDirectory) -> Result<Vec<String>, DirectoryError> {
    // All at the same time: each may take its grace period.
    let mut ending = JoinSet::new();
    for record in read_all(&directory.file(RECORDS)).await {
        ending.spawn(async move { end(&record).await.then_some(record.name) });
    }
    let mut ended: Vec<String> = ending.join_all().await.into_iter().flatten().collect();
    directory.remove(RECORDS).await?;
    ended.sort();
    Ok(ended)
}

/// Ends a recorded process and its group. Returns false if it does not exist anymore.
async fn end(record: &Record) -> bool {
    // 0 would mean the group of this process, and -1 all processes.
    let pid = if record.pid > 1 { Pid::from_raw(record.pid) } else { None };
    let Some(pid) = pid else { return false };
    if !is_running(pid, record).await {
        return false;
    }
    let _ = kill_process(pid, record.stop_signal.signal());
    // A stopped process, such as a function between two invocations, handles the signal when it continues.
    let _ = kill_process_group(pid, Signal::CONT);
    if !ends_within(GRACE, pid, record).await {
        let _ = kill_process_group(pid, Signal::KILL);
        ends_within(GRACE, pid, record).await;
    }
    let _ = kill_process_group(pid, Signal::KILL);
    true
}

async fn is_running(pid: Pid, record: &Record) -> bool {
    started(pid).await.is_some_and(|started| started == record.started)
}

/// Polls until a process ends, because only its parent can wait for it.
async fn ends_within(limit: Duration, pid: Pid, record: &Record) -> bool {
    let ended = async {
        let mut ticks = interval(Duration::from_millis(20));
        while is_running(pid, record).await {
            ticks.tick().await;
        }
    };
    timeout(limit, ended).await.is_ok()
}

/// Returns when the process started, in the system's own format.
///
/// Returns `None` if the process does not exist, or has ended and was not reaped yet.
pub(super) async fn started(pid: Pid) -> Option<String> {
    if cfg!(target_os = "linux") {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).await.ok()?;
        started_in_stat(&stat)
    } else {
        let pid = pid.as_raw_nonzero().to_string();
        let ps = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid]).output().await.ok()?;
        started_in_ps(&String::from_utf8_lossy(&ps.stdout))
    }
}

/// Returns field 22 of `/proc/PID/stat`, the start time in ticks since boot.
///
/// Field 2, the name, may contain any character. <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn started_in_stat(stat: &str) -> Option<String> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    fields.nth(18).filter(|_| state != "Z" && state != "X").map(str::to_owned)
}

/// Parses the state and the start time: `Ss   Mon Nov 23 22:13:05 2026`.
fn started_in_ps(line: &str) -> Option<String> {
    let (state, time) = line.trim().split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| time.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn start_time_is_found_for_any_program_name() {
        let stat = |name, state| {
            format!(
                "42 ({name}) {state} 1 42 42 0 -1 4194560 96 0 0 0 0 0 0 0 20 0 1 0 987654 3000000 200 9 1\n"
            )
        };
        assert_eq!(started_in_stat(&stat("sh", "S")).as_deref(), Some("987654"));
        assert_eq!(started_in_stat(&stat("a) R 1 (b", "S")).as_deref(), Some("987654"));
        assert_eq!(started_in_stat(&stat("sh", "Z")), None);
        assert_eq!(started_in_stat(""), None);
        assert_eq!(
            started_in_ps("Ss   Mon Nov 23 22:13:05 2026\n").as_deref(),
            Some("Mon Nov 23 22:13:05 2026")
        );
        assert_eq!(started_in_ps("Z    Mon Nov 23 22:13:05 2026\n"), None);
        assert_eq!(started_in_ps("\n"), None);
    }

    #[tokio::test]
    async fn stopped_process_is_ended_by_its_own_signal() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        let mut stopped = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(stopped.id().unwrap()).unwrap()).unwrap();
        write(&directory, "stopped", pid, StopSignal::Terminate).await.unwrap();
        kill_process_group(pid, Signal::STOP).unwrap();
        let (ended, status) = tokio::join!(clean_up(&directory), stopped.wait());
        assert_eq!(ended.unwrap(), ["stopped"]);
        // Not SIGKILL, which is sent only after the grace period.
        assert_eq!(status.unwrap().signal(), Some(Signal::TERM.as_raw()));
    }

    #[tokio::test]
    async fn another_process_with_the_same_id_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        let mut other = Command::new("sleep").arg("600").kill_on_drop(true).process_group(0).spawn().unwrap();
        let pid = i32::try_from(other.id().unwrap()).unwrap();
        for (name, pid, started) in [("recycled", pid, "1"), ("everyone", -1, "1"), ("ourselves", 0, "1")] {
            let stop_signal = StopSignal::Terminate;
            let record = Record { name: name.to_owned(), pid, started: started.to_owned(), stop_signal };
            directory.write(&relative(name), &serde_json::to_vec(&record).unwrap()).await.unwrap();
        }
        directory.write(&relative("truncated"), b"{\"name\":").await.unwrap();
        directory.write(&relative("binary"), b"\xff\x00").await.unwrap();
        assert!(clean_up(&directory).await.unwrap().is_empty());
        assert!(other.try_wait().unwrap().is_none());
        assert!(!directory.file(RECORDS).exists());
    }
}
