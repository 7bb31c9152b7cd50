//! The environment variables of a release build.
//!
//! The same source must give the same bytes on every machine. A build therefore inherits only the variables that
//! locate tools and determine how registries are reached. A list of variables to exclude would never be complete:
//! `CFLAGS`, `RUSTFLAGS`, `CARGO_PROFILE_*`, `CARGO_BUILD_*`, and similar ones all change the bytes.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// A variable of release builds, and its value.
///
/// In a build for size, aws-lc also replaces its tables for P-256 by small ones, with which a signature takes four times
/// as long. This keeps the large ones: <https://docs.rs/crate/aws-lc-sys/latest>.
pub const AWS_LC_TABLES: (&str, &str) = ("AWS_LC_SYS_SMALL", "0");

/// The names of inherited variables.
const NAMES: [&str; 22] = [
    "CARGO",
    "RUSTC",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TERM",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CACHE_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];
/// The prefixes of inherited variables: for rustup's toolchains, and for Cargo's access to registries and its output.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
const PREFIXES: [&str; 6] =
    ["RUSTUP_", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRY_", "CARGO_REGISTRIES_", "CARGO_TERM_"];

/// Returns the variables that a release build inherits.
pub(super) fn inherited(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let is_inherited =
        |name: &str| NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    variables.into_iter().filter(|(name, _)| name.to_str().is_some_and(is_inherited)).collect()
}

#[cfg(test)]
mod tests {
    use super::inherited;

    #[test]
    fn only_variables_for_tools_and_registries_are_inherited() {
        let inherited_names =
            ["HOME", "RUSTUP_TOOLCHAIN", "https_proxy", "CARGO_REGISTRIES_MINE_TOKEN", "TMPDIR"];
        let excluded = [
            "CFLAGS",
            "CFLAGS_x86_64_unknown_linux_gnu",
            "CC",
            "AWS_LC_SYS_CFLAGS",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_TARGET_DIR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_INCREMENTAL",
            "CARGO_LAMBDA_COMPILER",
            "CARGO_ZIGBUILD_ZIG_PATH",
            "RUSTC_WRAPPER",
            "RUSTC_BOOTSTRAP",
        ];
        let all = inherited_names.iter().chain(&excluded).map(|name| ((*name).into(), "value".into()));
        let mut names: Vec<_> = inherited(all).into_keys().map(|name| name.into_string().unwrap()).collect();
        names.sort_by_key(|name| inherited_names.iter().position(|inherited| inherited == name));
        assert_eq!(names, inherited_names);
    }
}
