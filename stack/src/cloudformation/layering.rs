//! What the CloudFormation types may import.

use std::path::{Path, PathBuf};

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads the source of the crate")]
fn cloudformation_types_do_not_know_our_environments() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cloudformation");
    let files = files(&root);
    assert!(files.len() > 30, "{}", files.len());
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for line in source.lines().filter(|line| line.starts_with("use crate")) {
            assert!(line.starts_with("use crate::cloudformation::"), "{}: {line}", file.display());
        }
    }
}
