//! Seeds with changes.
//!
//! They are similar enough to valid input to pass the first check, and sometimes all checks.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Texts with a meaning in a URL, a path or an event.
const TOKENS: &[&str] = &[
    "/",
    "//",
    "/../",
    "/./",
    "%2e%2e/",
    "%2F",
    "%252F",
    "%00",
    "%0d%0a",
    "%",
    "\\",
    "@",
    ":",
    ":443",
    "#",
    "?",
    "&",
    "=",
    "+",
    " ",
    "*",
    ".",
    "..",
    "%E3%80%82",
    "\u{3002}",
    "\u{ff0f}",
    "\0",
    "\n",
    "\t",
    "\u{85}",
    "\"",
    "<",
    "'",
    "[",
    "{",
    "evil.com",
    "s3",
    "-",
    "xn--",
    "&versionId=v",
    "&tagging",
    "&X-Amz-Expires=1",
    "null",
    "true",
    "9e9",
];

/// Returns the seeds of a target.
pub(crate) fn seeds(target: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let files = fs::read_dir(directory).expect("every target has a directory of seeds");
    let read = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file?.path());
    let seeds: Vec<String> = files.map(|file| read(file).expect("a seed is text")).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

/// Generates seeds with up to four changes.
pub(crate) fn mutated(target: &str) -> impl Strategy<Value = String> + use<> {
    let inserted =
        prop_oneof![3 => select(TOKENS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    let change = (any::<Index>(), 0..4_usize, inserted, any::<bool>());
    (select(seeds(target)), prop::collection::vec(change, 0..=4)).prop_map(|(seed, changes)| {
        let mut characters: Vec<char> = seed.chars().collect();
        for (position, removed, inserted, inserts) in changes {
            let start = position.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, inserted.chars().filter(|_| inserts));
        }
        characters.into_iter().collect()
    })
}

/// Returns how many of the mutated seeds pass a check.
pub(crate) fn passing(target: &str, tries: u32, check: impl Fn(&str) -> bool) -> u32 {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(tries));
    let passed = std::cell::Cell::new(0);
    let result = runner.run(&mutated(target), |text| {
        passed.set(passed.get() + u32::from(check(&text)));
        Ok(())
    });
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
    passed.get()
}
