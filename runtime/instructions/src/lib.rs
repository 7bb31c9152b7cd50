//! What the counts of instructions and `cargo xtask bench` both know.

/// The maximum number of instructions of each benchmark in `benches/instructions.rs`.
///
/// They are those of the development profile on x86-64, where dependencies are not optimized: a change of a number
/// shows a change of the work, and the number itself is no time. A maximum is about a tenth above what was counted. Hash
/// tables have another order in each run, which changes a count by less than 1 %.
pub const MAXIMUM_INSTRUCTIONS: [(&str, u32); 10] = [
    ("sign_url::ec_sha256", 290_000),
    ("sign_url::ec_sha1", 283_000),
    ("sign_url::rsa_sha256", 7_100_000),
    ("sign_url::rsa_sha1", 37_500_000),
    ("judge_s3_url::valid", 221_000),
    ("judge_s3_url::hostile", 3_200_000),
    ("respond_to_event::redirect", 893_000),
    ("respond_to_event::not_found", 433_000),
    ("respond_to_event::forbidden", 560_000),
    ("plan_restore::packages_1000", 193_000_000),
];
