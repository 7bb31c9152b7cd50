//! What a process uses, as Linux reports it.
//!
//! Other systems have no `/proc`; there, no process has samples.

use std::path::Path;

use tokio::fs;

/// What a process uses at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usage {
    /// Resident memory.
    pub(super) megabytes: f64,
    /// Open file handles.
    pub(super) handles: u32,
    pub(super) threads: u32,
}

impl Usage {
    /// Reads what a process uses, or `None` if it has ended.
    pub(super) async fn read(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).await.ok()?;
        let (megabytes, threads) = memory_and_threads(&status)?;
        let mut entries = fs::read_dir(format!("/proc/{pid}/fd")).await.ok()?;
        let mut handles = 0;
        while entries.next_entry().await.ok()?.is_some() {
            handles += 1;
        }
        Some(Self { megabytes, handles, threads })
    }
}

/// Parses `/proc/PID/status`: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn memory_and_threads(status: &str) -> Option<(f64, u32)> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line?.split_whitespace().next()?.parse::<u32>().ok()
    };
    Some((f64::from(field("VmRSS:")?) * 1024.0 / 1e6, field("Threads:")?))
}

/// Returns the name of the function that an instance runs: its code is unpacked to `NAME/HASH/bootstrap`.
pub(super) async fn function_name(pid: u32) -> Option<String> {
    let program = fs::read_link(format!("/proc/{pid}/exe")).await.ok()?;
    let directory = program.parent().and_then(Path::parent)?;
    Some(directory.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_threads_are_read_whatever_the_name_of_the_process() {
        let status = "Name:\tThreads: 9\nVmPeak:\t  999 kB\nVmRSS:\t   12500 kB\nThreads:\t5\n";
        assert_eq!(memory_and_threads(status), Some((12.8, 5)));
        assert_eq!(memory_and_threads("Name:\tzombie\nThreads:\t1\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn own_process_is_read_and_none_that_does_not_exist() {
        let usage = Usage::read(std::process::id()).await.unwrap();
        assert!(usage.megabytes > 1.0 && usage.handles > 2 && usage.threads > 0, "{usage:?}");
        assert_eq!(Usage::read(u32::MAX).await, None);
    }
}
