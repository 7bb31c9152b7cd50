//! Names that clients, proxies or parsers may change.

/// One name of each kind. [`names`] adds each printable ASCII character.
const AWKWARD: &[&str] = &[
    // Names of real files.
    "scan (1).csv",
    "year=2024/part-0.parquet",
    "t:1",
    "10:30 Uhr.txt",
    "a,b;c.csv",
    "R&D $5 @home!.txt",
    "it's \"quoted\".txt",
    "C++ notes.md",
    "1+1=2",
    "50% off*.txt",
    "[draft] {v2} <final>|^`.txt",
    // Spaces.
    " leading",
    "trailing ",
    "two  spaces",
    "a / b /c",
    "\u{a0}no-break\u{2003}em\u{3000}ideographic",
    // Dots.
    "trailing.",
    "trailing..",
    "...",
    "a/.../b",
    ".hidden",
    "a..b",
    "..a/b..",
    "a.b.c.",
    // Text that looks percent-encoded.
    "%41",
    "%2F",
    "%2f%2e%2e%2f",
    "%252B",
    "%",
    "100%",
    "%%%",
    "%zz",
    "%C3%A4",
    "%E4",
    "%00",
    "%0A",
    "a%20b",
    "a+b c%2Bd",
    "&amp;&#65;",
    // Text that looks like another part of a URL.
    "?x=1&y=2",
    "a?Expires=1&Signature=x",
    "#fragment",
    "a#b?c",
    ";v=1",
    "user@host:80",
    "http:/x",
    "~user",
    "*",
    "**/*.csv",
    "a*",
    "$(id)",
    "${HOME}",
    "-rf",
    "--",
    // Unicode: composed, decomposed, and characters that are not letters.
    "Gr\u{f6}\u{df}e.txt",
    "Gro\u{308}\u{df}e.txt",
    "\u{e9}",
    "e\u{301}",
    "\u{212b}\u{fb01}\u{2460}",
    "日本語/ファイル.txt",
    "הקובץ שלי.txt",
    "\u{202e}txt.exe",
    "zero\u{200b}width\u{200d}joiner\u{feff}",
    "line\u{2028}paragraph\u{2029}",
    "\u{1f9e0}.nii.gz",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{1f1e9}\u{1f1ea} \u{2764}\u{fe0f}",
    "\u{10ffff}\u{fffd}",
    "K\u{212a} ı İ ſ",
];

/// The names that the API rejects, with the reason.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("a\\b", "some clients turn a backslash into a slash"),
    ("a/./b", "clients take `.` segments away"),
    ("a/../b", "clients take `..` segments away"),
    ("a//b", "some clients and proxies merge slashes"),
    ("a/", "a name that ends with a slash is a folder to some clients"),
    ("a\tb", "a control character"),
];

/// Returns all names, each once.
pub(super) fn names() -> Vec<String> {
    let printable = (' '..='~').filter(|character| *character != '\\');
    let inside = printable.clone().map(|character| format!("in{character}side"));
    let alone =
        printable.filter(|character| !" ./".contains(*character)).map(|alone| format!("alone/{alone}"));
    let long = format!("long/{}", "ü (1) ".repeat(100));
    inside.chain(alone).chain(AWKWARD.iter().map(|name| (*name).to_owned())).chain([long]).collect()
}

#[test]
fn names_are_distinct() {
    let names = names();
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for character in (' '..='~').filter(|character| *character != '\\') {
        assert!(names.iter().any(|name| name.contains(character)), "{character:?}");
    }
}
