//! In which region a bucket lies.

use aws_sdk_s3::config::Region;

/// The platform's short names of regions, which end the names of its buckets.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("-use1", "us-east-1"),
    ("-use2", "us-east-2"),
    ("-usw1", "us-west-1"),
    ("-usw2", "us-west-2"),
    ("-afs1", "af-south-1"),
    ("-euc1", "eu-central-1"),
    ("-euw1", "eu-west-1"),
];

/// The region of a bucket, by the suffix of its name; a name without one lies in `us-east-1`, where the platform began.
pub(crate) fn region_of_bucket(bucket: &str) -> Region {
    let region = SHORT_NAMES.iter().find(|(suffix, _)| bucket.ends_with(suffix));
    Region::from_static(region.map_or("us-east-1", |(_, region)| region))
}

#[cfg(test)]
mod tests {
    use super::region_of_bucket;

    #[test]
    fn the_suffix_decides() {
        assert_eq!(region_of_bucket("pennsieve-prod-storage-afs1").as_ref(), "af-south-1");
        assert_eq!(region_of_bucket("pennsieve-dev-pkg-assets-use1").as_ref(), "us-east-1");
        assert_eq!(region_of_bucket("pennsieve-prod-storage").as_ref(), "us-east-1");
    }
}
