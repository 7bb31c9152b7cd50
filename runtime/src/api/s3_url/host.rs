//! Which hosts are S3, and how they address a bucket.
//!
//! The forms: <https://docs.aws.amazon.com/general/latest/gr/s3.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.

use super::S3UrlError;

/// How a host addresses a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Addressing {
    /// The bucket is the first label of the host.
    VirtualHost {
        /// The bucket.
        bucket: String,
    },
    /// The bucket is the first segment of the path.
    Path,
}

/// The DNS suffix of each partition, and the prefixes of its regions.
const PARTITIONS: &[(&str, &[&str])] = &[
    (".amazonaws.com.cn", &["cn-"]),
    (".amazonaws.com", &["af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-"]),
    (".amazonaws.eu", &["eusc-"]),
    (".c2s.ic.gov", &["us-iso-"]),
    (".sc2s.sgov.gov", &["us-isob-"]),
    (".cloud.adc-e.uk", &["eu-isoe-"]),
    (".csp.hci.ic.gov", &["us-isof-"]),
];

/// Judge a host in small letters.
pub(super) fn judge_host(host: &str) -> Result<Addressing, S3UrlError> {
    let (labels, regions) = PARTITIONS
        .iter()
        .find_map(|(suffix, regions)| Some((host.strip_suffix(suffix)?, *regions)))
        .ok_or(S3UrlError::Host)?;
    let is_commercial = host.ends_with(".amazonaws.com");
    let labels: Vec<&str> = labels.split('.').collect();

    if is_endpoint(&labels, regions, is_commercial) {
        return Ok(Addressing::Path);
    }
    // A bucket with dots would be several labels, for which S3's certificate is not good: those come path style.
    let [bucket, endpoint @ ..] = labels.as_slice() else { return Err(S3UrlError::Host) };
    if is_endpoint(endpoint, regions, is_commercial) || (is_commercial && is_accelerate(endpoint)) {
        return Ok(Addressing::VirtualHost { bucket: (*bucket).to_owned() });
    }
    Err(S3UrlError::Host)
}

/// The labels of an endpoint, in front of the partition's suffix.
fn is_endpoint(labels: &[&str], regions: &[&str], is_commercial: bool) -> bool {
    match labels {
        // The global endpoint, and its sibling in Northern Virginia.
        ["s3" | "s3-external-1"] => is_commercial,
        ["s3" | "s3-fips", region] | ["s3" | "s3-fips", "dualstack", region] => is_region(region, regions),
        // The old form, with a hyphen.
        [old] => old.strip_prefix("s3-").is_some_and(|region| {
            is_region(region, regions)
                || region.strip_prefix("fips-").is_some_and(|region| is_region(region, regions))
        }),
        _ => false,
    }
}

fn is_accelerate(labels: &[&str]) -> bool {
    matches!(labels, ["s3-accelerate"] | ["s3-accelerate", "dualstack"])
}

/// A region of the partition, such as `us-east-1` or `us-gov-west-1`: words, then a number.
fn is_region(label: &str, prefixes: &[&str]) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_number =
        !number.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = words.split('-').collect();
    let are_words = (2..=3).contains(&words.len())
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    is_number && are_words && prefixes.iter().any(|prefix| label.starts_with(prefix))
}
