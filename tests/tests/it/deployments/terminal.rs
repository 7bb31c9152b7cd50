//! Snapshots of what a person sees.

/// What is another at each run, in the place of which a word stands.
pub(super) const FILTERS: [(&str, &str); 13] = [
    (r"20\d{6}T\d{6}Z-[a-z0-9]+", "[release]"),
    (r"20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d UTC)?", "[time]"),
    (r"\d\d:\d\d:\d\d UTC", "[time]"),
    (r"[0-9]+\.[0-9] s", "[seconds]"),
    ("0{12}", "[account]"),
    (r"(code \S+ → |SigningKey|[+~] )[0-9a-f]{12}\b", "${1}[12 digits]"),
    (r"of commit [0-9a-f]{7}(, with changes that were not committed)?", "of commit [commit]"),
    (r"process \d+ on \S+\)", "process [number] on [machine])"),
    (r"http://127\.0\.0\.1:\d+", "http://[address]"),
    (r"127\.0\.0\.1:\d+", "[address]"),
    (r"[0-9.]+ MB together", "[size] together"),
    (r"stack/local-packages-service/[0-9a-f-]+", "stack/local-packages-service/[id]"),
    (r"[ ]+\n", "\n"),
];

/// What a person sees, with resources by name: in which order CloudFormation is done with them is not ours.
pub(super) fn in_order(text: &str) -> String {
    let is_resource = |line: &str| line.starts_with("    ✓ ");
    let mut lines: Vec<&str> = text.lines().collect();
    for group in lines.chunk_by_mut(|one, other| is_resource(one) && is_resource(other)) {
        group.sort_unstable();
    }
    lines.join("\n")
}

/// Compare what a person sees with the snapshot of the test.
macro_rules! assert_shows {
    ($text:expr) => {
        insta::with_settings!({ filters => $crate::deployments::terminal::FILTERS, omit_expression => true }, {
            insta::assert_snapshot!($crate::deployments::terminal::in_order(&$text));
        })
    };
}

pub(super) use assert_shows;
