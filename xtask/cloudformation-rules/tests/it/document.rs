//! The document of the rules is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cloudformation_rules::{Rule, Stage};
use machine::repository;

fn document() -> String {
    fs::read_to_string(repository::root().join("docs/fidelity-cloudformation.md")).unwrap()
}

/// Returns the cells of the row of a rule.
fn row(document: &str, rule: Rule) -> Vec<String> {
    let start = format!("| `{rule:?}` |");
    let row = document.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("docs/fidelity-cloudformation.md has no row for {rule:?}"));
    row.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned()).collect()
}

#[test]
fn document_has_the_stage_and_the_source_of_each_rule() {
    let document = document();
    for rule in Rule::ALL {
        let [_, _, stage, source, _] = row(&document, *rule).try_into().unwrap();
        let expected = match rule.stage() {
            Stage::Request => "request",
            Stage::ChangeSet => "change set",
            Stage::Resource => "resource",
        };
        assert_eq!(stage, expected, "{rule:?}");
        let is_guess = rule.source().starts_with("guess: ");
        assert_eq!(source.starts_with("guess: "), is_guess, "{rule:?}");
        assert!(is_guess || source.ends_with(&format!("({})", rule.source())), "{rule:?}: {source}");
    }
}

#[test]
fn tests_in_the_document_exist() {
    let document = document();
    let mut tests = BTreeSet::new();
    collect_functions(Path::new(env!("CARGO_MANIFEST_DIR")), &mut tests);
    for rule in Rule::ALL {
        let cells = row(&document, *rule);
        for name in cells.last().unwrap().split(", ").map(|name| name.trim_matches('`')) {
            assert!(tests.contains(name), "{rule:?}: {name}");
        }
    }
}

fn collect_functions(directory: &Path, functions: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_functions(&path, functions);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            functions.extend(names.map(str::to_owned));
        }
    }
}
