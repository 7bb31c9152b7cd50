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

/// A partition of AWS, or two that share a domain. The AWS SDKs have the same facts in their `partitions.json`.
struct Partition {
    /// The domain of its endpoints, with a dot in front.
    suffix: &'static str,
    /// What its regions begin with: the direction and the number of `us-gov-west-1` come after `us-gov-`.
    regions: &'static [&'static str],
    /// Whether it has endpoints with validated cryptography.
    has_fips: bool,
    /// Whether it has what S3 began with, endpoints without a region or with one behind a hyphen; and acceleration.
    has_legacy: bool,
}

const PARTITIONS: &[Partition] = &[
    Partition {
        suffix: ".amazonaws.com",
        regions: &["af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-", "us-gov-"],
        has_fips: true,
        has_legacy: true,
    },
    Partition { suffix: ".amazonaws.com.cn", regions: &["cn-"], has_fips: false, has_legacy: false },
    Partition { suffix: ".amazonaws.eu", regions: &["eusc-de-"], has_fips: true, has_legacy: false },
    Partition { suffix: ".c2s.ic.gov", regions: &["us-iso-"], has_fips: true, has_legacy: false },
    Partition { suffix: ".sc2s.sgov.gov", regions: &["us-isob-"], has_fips: true, has_legacy: false },
    Partition { suffix: ".cloud.adc-e.uk", regions: &["eu-isoe-"], has_fips: true, has_legacy: false },
    Partition { suffix: ".csp.hci.ic.gov", regions: &["us-isof-"], has_fips: true, has_legacy: false },
];

/// What every region is named by: where in its area it lies, as in `ap-southeast-2`. No other word is taken, so that
/// nothing else which AWS may put behind `s3-` passes for a region.
const DIRECTIONS: &[&str] =
    &["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

/// Judge a host in small letters.
pub(super) fn judge_host(host: &str) -> Result<Addressing, S3UrlError> {
    let (labels, partition) = PARTITIONS
        .iter()
        .find_map(|partition| Some((host.strip_suffix(partition.suffix)?, partition)))
        .ok_or(S3UrlError::Host)?;
    let labels: Vec<&str> = labels.split('.').collect();

    if partition.has_endpoint(&labels) {
        return Ok(Addressing::Path);
    }
    // A bucket with dots would be several labels, for which S3's certificate is not good: those come path style.
    let [bucket, endpoint @ ..] = labels.as_slice() else { return Err(S3UrlError::Host) };
    if partition.has_endpoint(endpoint) || partition.has_acceleration(endpoint) {
        return Ok(Addressing::VirtualHost { bucket: (*bucket).to_owned() });
    }
    Err(S3UrlError::Host)
}

impl Partition {
    /// Whether these labels, in front of the suffix, are an endpoint.
    fn has_endpoint(&self, labels: &[&str]) -> bool {
        match labels {
            ["s3", region] | ["s3", "dualstack", region] => self.has_region(region),
            ["s3-fips", region] | ["s3-fips", "dualstack", region] => {
                self.has_fips && self.has_region(region)
            }
            [legacy] => self.has_legacy && self.has_legacy_endpoint(legacy),
            _ => false,
        }
    }

    /// The global endpoint, its sibling in Northern Virginia, and regions behind a hyphen.
    fn has_legacy_endpoint(&self, label: &str) -> bool {
        let Some(region) = label.strip_prefix("s3-") else { return label == "s3" };
        region == "external-1" || self.has_region(region.strip_prefix("fips-").unwrap_or(region))
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration-getting-started.html>
    fn has_acceleration(&self, labels: &[&str]) -> bool {
        self.has_legacy && matches!(labels, ["s3-accelerate"] | ["s3-accelerate", "dualstack"])
    }

    fn has_region(&self, region: &str) -> bool {
        self.regions.iter().filter_map(|prefix| region.strip_prefix(prefix)).any(|rest| {
            rest.split_once('-').is_some_and(|(direction, number)| {
                DIRECTIONS.contains(&direction)
                    && (1..=2).contains(&number.len())
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
    }
}
