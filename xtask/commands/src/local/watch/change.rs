//! What was saved, and what has to be deployed for it.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

/// The part of the system that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The code of the functions alone.
    Functions,
    /// The template, or the contract, which is in the template and in the functions.
    ///
    /// The command line renders the template, so it has to be built again first.
    Template,
}

impl Part {
    /// Returns the part that a file of the repository belongs to, or `None` for files that are not deployed.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let is_test = name == "tests.rs" || path.components().any(|part| part.as_os_str() == "tests");
        // Editors keep locks and unsaved text in hidden files.
        if is_test || name.starts_with('.') {
            return None;
        }
        if path.extension() == Some(OsStr::new("rs")) {
            return if path.starts_with("runtime/src") || path.starts_with("runtime/signing/src") {
                Some(Self::Functions)
            } else if path.starts_with("openapi/src") || path.starts_with("stack/src") {
                Some(Self::Template)
            } else {
                None
            };
        }
        match path.to_str()? {
            "runtime/Cargo.toml" | "runtime/signing/Cargo.toml" => Some(Self::Functions),
            "openapi/Cargo.toml" | "stack/Cargo.toml" | "stack/environments/local.toml" => {
                Some(Self::Template)
            }
            _ => None,
        }
    }
}

/// A file that was saved, moved or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Save {
    /// The path in the repository.
    pub(super) path: PathBuf,
    pub(super) part: Part,
    /// When it was saved.
    pub(super) saved: Instant,
}

/// Files that were saved in short succession.
#[derive(Debug)]
pub(super) struct Change {
    /// Each file once, in the order in which they were found.
    paths: Vec<PathBuf>,
    /// The part that needs the most work.
    pub(super) part: Part,
    /// When the last file was saved.
    pub(super) saved: Instant,
}

impl Change {
    pub(super) fn new(save: Save) -> Self {
        Self { paths: vec![save.path], part: save.part, saved: save.saved }
    }

    pub(super) fn add(&mut self, save: Save) {
        self.part = self.part.max(save.part);
        self.saved = self.saved.max(save.saved);
        if !self.paths.contains(&save.path) {
            self.paths.push(save.path);
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.paths.as_slice() {
            [] => Ok(()),
            [path] => write!(formatter, "{}", path.display()),
            [one, other] => write!(formatter, "{} and {}", one.display(), other.display()),
            [first, others @ ..] => {
                write!(formatter, "{} and {} more files", first.display(), others.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::time::Instant;

    use super::{Change, Part, Save};

    #[test]
    fn source_of_functions_and_template_is_watched_and_nothing_else() {
        let part = |path: &str| Part::of(Path::new(path));
        for path in [
            "runtime/src/api.rs",
            "runtime/src/api/sign.rs",
            "runtime/signing/src/lib.rs",
            "runtime/Cargo.toml",
        ] {
            assert_eq!(part(path), Some(Part::Functions), "{path}");
        }
        for path in
            ["openapi/src/routes.rs", "stack/src/lib.rs", "stack/Cargo.toml", "stack/environments/local.toml"]
        {
            assert_eq!(part(path), Some(Part::Template), "{path}");
        }
        for path in [
            "runtime/src/api/tests.rs",
            "runtime/src/restore/tests/plan.rs",
            "runtime/fuzz/src/lib.rs",
            "runtime/bench/src/main.rs",
            "runtime/src/api/.sign.rs.swp",
            "runtime/src/api/.#sign.rs",
            "runtime/src/api/sign.rs~",
            "runtime/src/api/4913",
            "runtime/src/api",
            "openapi/openapi.json",
            "openapi/typescript/src/schema.ts",
            "stack/src/snapshots/dev.snap",
            "stack/environments/dev.toml",
            "xtask/commands/src/main.rs",
            "",
        ] {
            assert_eq!(part(path), None, "{path}");
        }
    }

    #[test]
    fn change_names_its_files_and_the_part_that_needs_the_most_work() {
        let save = |path: &str, part| Save { path: path.into(), part, saved: Instant::now() };
        let mut change = Change::new(save("a.rs", Part::Functions));
        assert_eq!(change.to_string(), "a.rs");
        change.add(save("b.rs", Part::Template));
        change.add(save("a.rs", Part::Functions));
        assert_eq!((change.to_string().as_str(), change.part), ("a.rs and b.rs", Part::Template));
        change.add(save("c.rs", Part::Functions));
        assert_eq!(change.to_string(), "a.rs and 2 more files");
    }
}
