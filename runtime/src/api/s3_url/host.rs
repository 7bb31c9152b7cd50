//! The hosts of S3, and how they address a bucket.
//!
//! The forms: <https://docs.aws.amazon.com/general/latest/gr/s3.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.

use super::error::S3UrlError;

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

/// A partition of AWS, or two that share a domain.
///
/// The AWS SDKs have the same data in their `partitions.json`.
struct Partition {
    /// The domain of its endpoints, with a leading dot.
    suffix: &'static str,
    /// The beginnings of its regions, such as `us-gov-` of `us-gov-west-1`.
    regions: &'static [&'static str],
    /// Whether it has FIPS endpoints.
    has_fips: bool,
    /// Whether it has legacy endpoints and acceleration.
    ///
    /// A legacy endpoint has no region, or one after a hyphen.
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

/// The directions in the names of regions, such as `ap-southeast-2`.
///
/// Other words are rejected, because AWS may use `s3-` with other words for something else.
const DIRECTIONS: &[&str] =
    &["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

/// Returns how a host in lower case addresses a bucket.
pub(super) fn addressing_of(host: &str) -> Result<Addressing, S3UrlError> {
    let (labels, partition) = PARTITIONS
        .iter()
        .find_map(|partition| Some((host.strip_suffix(partition.suffix)?, partition)))
        .ok_or(S3UrlError::Host)?;
    let labels: Vec<&str> = labels.split('.').collect();

    if partition.has_endpoint(&labels) {
        return Ok(Addressing::Path);
    }
    // The certificate of S3 is not valid for a bucket with dots, which requires path style.
    let [bucket, endpoint @ ..] = labels.as_slice() else { return Err(S3UrlError::Host) };
    if partition.has_endpoint(endpoint) || partition.has_acceleration(endpoint) {
        return Ok(Addressing::VirtualHost { bucket: (*bucket).to_owned() });
    }
    Err(S3UrlError::Host)
}

impl Partition {
    /// Returns whether labels before the suffix are an endpoint.
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

    /// Returns whether a label is a legacy endpoint.
    ///
    /// That is the global endpoint, that of Northern Virginia, or a region after a hyphen.
    fn has_legacy_endpoint(&self, label: &str) -> bool {
        let Some(region) = label.strip_prefix("s3-") else { return label == "s3" };
        region == "external-1" || self.has_region(region.strip_prefix("fips-").unwrap_or(region))
    }

    /// Returns whether labels are the endpoint of transfer acceleration.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration-getting-started.html>.
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
