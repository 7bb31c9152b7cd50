//! That the documents are true: their links lead somewhere, and the messages that they explain exist.

use std::fs;
use std::path::{Path, PathBuf};

use machine::repository;

fn files(directory: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                files(&path, extension, found);
            }
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The names that GitHub gives to the headings of a document: <https://docs.github.com/en/get-started/writing-on-github>.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let keep = |character: char| character.is_alphanumeric() || [' ', '-', '_'].contains(&character);
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| {
            heading.chars().filter(|character| keep(*character)).collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut documents = Vec::new();
    files(&repository::root(), "md", &mut documents);
    let mut broken = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            let leads = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).iter().any(|it| it == anchor));
            if !leads {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn tests_that_hold_invariants_and_rules_exist() {
    let documents = ["ARCHITECTURE.md", "docs/fidelity.md", "docs/fidelity-data-planes.md"];
    let mut sources = Vec::new();
    files(&repository::root(), "rs", &mut sources);
    let source: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    // Shorter names are those of functions, settings and queues.
    let is_test = |name: &&str| {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        name.bytes().all(is_name) && name.matches('_').count() >= 2
    };
    let mut missing = Vec::new();
    for document in documents {
        let text = fs::read_to_string(repository::root().join(document)).unwrap();
        let names = text.split('`').skip(1).step_by(2).filter(is_test);
        let unknown = names.filter(|name| !source.contains(&format!("fn {name}(")));
        missing.extend(unknown.map(|name| format!("{document}: {name}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_message_of_the_troubleshooting_guide_exists() {
    let mut sources = Vec::new();
    for directory in ["runtime/src", "stack/src", "xtask"] {
        files(&repository::root().join(directory), "rs", &mut sources);
    }
    let continued = |text: String| {
        let mut lines = text.split("\\\n");
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |text, line| text + line.trim_start())
    };
    let source: String = sources.iter().map(|path| continued(fs::read_to_string(path).unwrap())).collect();
    let guide = fs::read_to_string(repository::root().join("docs/troubleshooting.md")).unwrap();
    let first_cells = guide.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    // A message of AWS stands in a cell that begins otherwise.
    let ours = first_cells.filter(|cell| cell.starts_with('`'));
    let messages = ours.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let parts = messages.flat_map(|message| message.split('…')).map(|part| part.trim_matches([' ', ',']));
    let missing: Vec<&str> = parts.filter(|part| part.len() > 8 && !source.contains(part)).collect();
    assert!(missing.is_empty(), "no program says: {missing:#?}");
}

/// Commands for an environment. Without the option `--env`, each is for the default environment.
const ENVIRONMENT_COMMANDS: [&str; 17] = [
    "deploy", "destroy", "diff", "drift", "explain", "traces", "keys", "lock", "logs", "metrics", "outputs",
    "publish", "queue", "releases", "render", "rollback", "status",
];

#[test]
fn every_command_that_a_message_advises_names_its_environment() {
    let mut sources = Vec::new();
    for library in ["deploy", "operator", "commands"] {
        files(&repository::root().join("xtask").join(library).join("src"), "rs", &mut sources);
    }
    let mut incomplete = Vec::new();
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        let code: Vec<&str> =
            text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")).collect();
        // A backslash continues a literal in the next line.
        let code = code.join("\n").replace("\\\n", "");
        for advice in code.split("cargo xtask ").skip(1) {
            let command = advice.split(['`', '"', '\n']).next().unwrap_or_default();
            let name = command.split(' ').next().unwrap_or_default();
            if ENVIRONMENT_COMMANDS.contains(&name) && !command.contains("--env") {
                incomplete.push(format!("{}: cargo xtask {command}", source.display()));
            }
        }
    }
    assert!(incomplete.is_empty(), "{incomplete:#?}");
}

/// These run in a program of their own too, on machines without `cargo xtask`: see `command_for`.
#[test]
fn messages_for_operators_do_not_name_the_program_themselves() {
    let mut sources = Vec::new();
    for library in ["deploy", "operator"] {
        files(&repository::root().join("xtask").join(library).join("src"), "rs", &mut sources);
    }
    let is_allowed = |path: &Path| path.ends_with("deploy/src/advice.rs") || path.ends_with("tests.rs");
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !is_allowed(source)) {
        let text = fs::read_to_string(source).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names_program =
            |line: &&str| ENVIRONMENT_COMMANDS.iter().any(|it| line.contains(&format!("cargo xtask {it}")));
        found.extend(lines.filter(names_program).map(str::to_owned));
    }
    assert!(found.is_empty(), "{found:#?}");
}
