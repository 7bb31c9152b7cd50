//! Snapshots of terminal output.

/// Parts of the output that differ between runs, and what replaces them.
pub(super) const FILTERS: [(&str, &str); 15] = [
    (r"20\d{6}T\d{6}Z-[a-z0-9]+", "[release]"),
    (r"20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d UTC)?", "[time]"),
    (r"\d\d:\d\d:\d\d UTC", "[time]"),
    (r"[0-9]+\.[0-9] s", "[seconds]"),
    ("0{12}", "[account]"),
    (r"(code \S+ → |SigningKey|[+~] )[0-9a-f]{12}\b", "${1}[12 digits]"),
    (r"of commit [0-9a-f]{7}(, with changes that were not committed)?", "of commit [commit]"),
    // What a step that takes long prints from time to time.
    (r"\n  … [^\n]+", ""),
    // The tests also run in a checkout with changes.
    (r"\n *warning: (not )?built from [^\n]+", ""),
    (r"process \d+ on \S+\)", "process [number] on [machine])"),
    (r"http://127\.0\.0\.1:\d+", "http://[address]"),
    (r"127\.0\.0\.1:\d+", "[address]"),
    (r"[0-9.]+ MB together", "[size] together"),
    (r"stack/local-packages-service/[0-9a-f-]+", "stack/local-packages-service/[id]"),
    (r"[ ]+\n", "\n"),
];

/// Returns the output with resources sorted by name: CloudFormation decides in which order they complete, and the place of a
/// signing key among the added resources depends on its digits.
pub(super) fn in_order(text: &str) -> String {
    let sign = |line: &str| ["    ✓ ", "    + "].into_iter().find(|sign| line.starts_with(sign));
    let mut lines: Vec<&str> = text.lines().collect();
    for group in lines.chunk_by_mut(|one, other| sign(one).is_some() && sign(one) == sign(other)) {
        group.sort_by_key(|line| without_digits(line));
    }
    lines.join("\n")
}

/// Returns a line with a placeholder for the digits of a signing key.
fn without_digits(line: &str) -> String {
    let key =
        line.split_once("SigningKey").and_then(|(before, rest)| Some((before, rest.split_at_checked(12)?)));
    match key {
        Some((before, (digits, after))) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{before}SigningKey[12 digits]{after}")
        }
        _ => line.to_owned(),
    }
}

/// Compares terminal output with the snapshot of the test.
macro_rules! assert_shows {
    ($text:expr) => {
        insta::with_settings!({ filters => $crate::deployments::terminal::FILTERS, omit_expression => true }, {
            insta::assert_snapshot!($crate::deployments::terminal::in_order(&$text));
        })
    };
}

pub(super) use assert_shows;
