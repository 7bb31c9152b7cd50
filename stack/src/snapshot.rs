//! Snapshots of differences: a second document beside one that has a snapshot of its own.

use similar::{ChangeTag, TextDiff};

/// Returns the lines that differ between two documents, each given with the name of its environment.
///
/// Both names are written as `{env}`, so that only other differences are left.
pub(crate) fn difference((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> String {
    let old = old.replace(old_name, "{env}");
    let new = new.replace(new_name, "{env}");
    let mut output = String::new();
    let difference = TextDiff::from_lines(&old, &new);
    for group in difference.grouped_ops(2) {
        if !output.is_empty() {
            output.push_str("...\n");
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            output.push(sign);
            output.push_str(change.value());
        }
    }
    output
}
