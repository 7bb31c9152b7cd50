//! Saves in the source of what is deployed.
//!
//! Times of files are compared every [`INTERVAL`], which takes a millisecond. Events of the file system would need an
//! interface for each platform, and do not arrive for all directories that containers and virtual machines share.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::change::{Change, Part, Save};

/// How often the files are compared.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long nothing has to be saved before a build starts. "Save all" in an editor writes several files.
const QUIET: Duration = Duration::from_millis(150);

/// The directories with everything that [`Part::of`] knows.
const DIRECTORIES: [&str; 3] = ["openapi", "runtime", "stack"];

/// The saves in a checkout, from its creation on.
pub(in crate::local) struct Saves {
    root: PathBuf,
    files: Files,
    compared: Instant,
}

/// The files that are deployed, by their path in the repository.
type Files = BTreeMap<PathBuf, File>;

/// What changes when a file is saved, or replaced by another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct File {
    part: Part,
    modified: Option<SystemTime>,
    size: u64,
    inode: u64,
}

impl Saves {
    /// Begins to watch the source in a checkout.
    pub(in crate::local) fn watch(root: PathBuf) -> Self {
        let files = files(&root);
        Self { root, files, compared: Instant::now() }
    }

    /// Waits for a save, and returns it with those that follow immediately.
    pub(super) async fn next_change(&mut self) -> Change {
        let mut change: Option<Change> = None;
        loop {
            for save in self.compare() {
                match &mut change {
                    Some(change) => change.add(save),
                    None => change = Some(Change::new(save)),
                }
            }
            if let Some(change) = change.take_if(|change| change.saved.elapsed() >= QUIET) {
                return change;
            }
            sleep(INTERVAL).await;
        }
    }

    /// Returns what was saved, moved or removed since the last comparison.
    fn compare(&mut self) -> Vec<Save> {
        let now = files(&self.root);
        let (before, compared) = (std::mem::replace(&mut self.files, now), self.compared);
        self.compared = Instant::now();
        let earliest = self.compared - compared;
        let saved = self.files.iter().filter(|(path, file)| before.get(*path) != Some(*file));
        let removed = before.iter().filter(|(path, _)| !self.files.contains_key(*path));
        let save = |(path, file): (&PathBuf, &File)| {
            // A file that was moved here, or removed, may have any time.
            let age = file.modified.and_then(|modified| modified.elapsed().ok()).unwrap_or_default();
            Save { path: path.clone(), part: file.part, saved: self.compared - age.min(earliest) }
        };
        saved.chain(removed).map(save).collect()
    }
}

/// Finds the files. What cannot be read is left out, and the build says why.
fn files(root: &Path) -> Files {
    let mut found = Files::new();
    let mut directories = DIRECTORIES.map(|name| root.join(name)).to_vec();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            // A link to a directory, such as to the dependencies of a Node package, is not followed.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                directories.push(path);
                continue;
            }
            let Ok(name) = path.strip_prefix(root) else { continue };
            if let Some(part) = Part::of(name)
                && let Ok(metadata) = fs::metadata(&path)
            {
                let (modified, size, inode) = (metadata.modified().ok(), metadata.len(), metadata.ino());
                found.insert(name.to_owned(), File { part, modified, size, inode });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::Saves;

    struct Checkout {
        directory: tempfile::TempDir,
        source: PathBuf,
    }

    fn checkout() -> Checkout {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("runtime/src");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("api.rs"), "old").unwrap();
        Checkout { directory, source }
    }

    impl Checkout {
        fn watch(&self) -> Saves {
            Saves::watch(self.directory.path().to_owned())
        }
    }

    fn compare(saves: &mut Saves) -> Vec<String> {
        saves.compare().into_iter().map(|save| save.path.display().to_string()).collect()
    }

    #[test]
    fn saved_replaced_new_and_removed_files_are_found_and_others_are_not() {
        let checkout = checkout();
        let file = |name: &str| checkout.source.join(name);
        let mut saves = checkout.watch();
        fs::read(file("api.rs")).unwrap();
        fs::write(file(".api.rs.swp"), "unsaved").unwrap();
        fs::write(checkout.directory.path().join("Cargo.lock"), "").unwrap();
        assert!(compare(&mut saves).is_empty());

        fs::write(file("api.rs"), "saved").unwrap();
        assert_eq!(compare(&mut saves), ["runtime/src/api.rs"]);
        assert!(compare(&mut saves).is_empty());

        // Many editors write another file and rename it. Its time and size tell nothing.
        let time = fs::metadata(file("api.rs")).unwrap().modified().unwrap();
        fs::write(file("4913"), "SAVED").unwrap();
        fs::File::options().write(true).open(file("4913")).unwrap().set_modified(time).unwrap();
        fs::rename(file("4913"), file("api.rs")).unwrap();
        assert_eq!(compare(&mut saves), ["runtime/src/api.rs"]);

        fs::create_dir_all(checkout.directory.path().join("stack/src/new")).unwrap();
        fs::write(checkout.directory.path().join("stack/src/new/lib.rs"), "").unwrap();
        fs::remove_file(file("api.rs")).unwrap();
        assert_eq!(compare(&mut saves), ["stack/src/new/lib.rs", "runtime/src/api.rs"]);
        fs::remove_dir_all(checkout.directory.path().join("stack")).unwrap();
        assert_eq!(compare(&mut saves), ["stack/src/new/lib.rs"]);
    }

    #[test]
    fn linked_directories_are_not_followed_and_dangling_links_are_ignored() {
        let checkout = checkout();
        std::os::unix::fs::symlink("..", checkout.source.join("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere.rs", checkout.source.join("dangling.rs")).unwrap();
        let mut saves = checkout.watch();
        assert_eq!(saves.files.len(), 1);
        assert!(compare(&mut saves).is_empty());
    }

    #[tokio::test]
    async fn saves_in_short_succession_are_one_change_and_saves_during_it_are_the_next() {
        let checkout = checkout();
        let save = |name: &str| fs::write(checkout.source.join(name), name).unwrap();
        let mut saves = checkout.watch();
        save("a.rs");
        save("b.rs");
        save("a.rs");
        assert_eq!(saves.next_change().await.to_string(), "runtime/src/a.rs and runtime/src/b.rs");
        // While the first change is built and deployed:
        save("c.rs");
        fs::remove_file(checkout.source.join("a.rs")).unwrap();
        assert_eq!(saves.next_change().await.to_string(), "runtime/src/c.rs and runtime/src/a.rs");
    }
}
