//! URLs that must be accepted.

/// URLs without their query, with bucket and key.
pub(super) const OBJECTS: &[(&str, &str, &str)] = &[
    // Without a region.
    ("https://bucket.s3.amazonaws.com/key", "bucket", "key"),
    ("https://s3.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3-external-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3-external-1.amazonaws.com/bucket/key", "bucket", "key"),
    // With a region, in each partition.
    ("https://bucket.s3.us-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3.af-south-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3.ap-southeast-7.amazonaws.com/key", "bucket", "key"),
    ("https://s3.ca-west-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3.il-central-1.amazonaws.com/key", "bucket", "key"),
    ("https://bucket.s3.me-south-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3.mx-central-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3.sa-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://bucket.s3.us-gov-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3.us-gov-west-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3.cn-north-1.amazonaws.com.cn/key", "bucket", "key"),
    ("https://s3.cn-northwest-1.amazonaws.com.cn/bucket/key", "bucket", "key"),
    ("https://bucket.s3.eusc-de-east-1.amazonaws.eu/key", "bucket", "key"),
    ("https://bucket.s3.us-iso-east-1.c2s.ic.gov/key", "bucket", "key"),
    ("https://bucket.s3.us-isob-east-1.sc2s.sgov.gov/key", "bucket", "key"),
    ("https://s3.eu-isoe-west-1.cloud.adc-e.uk/bucket/key", "bucket", "key"),
    ("https://s3.us-isof-south-1.csp.hci.ic.gov/bucket/key", "bucket", "key"),
    // The old form.
    ("https://s3-eu-west-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3-us-west-2.amazonaws.com/key", "bucket", "key"),
    ("https://s3-fips-us-gov-west-1.amazonaws.com/bucket/key", "bucket", "key"),
    // Dual-stack.
    ("https://bucket.s3.dualstack.us-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3.dualstack.eu-central-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3.dualstack.cn-north-1.amazonaws.com.cn/key", "bucket", "key"),
    // FIPS.
    ("https://bucket.s3-fips.us-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3-fips.ca-central-1.amazonaws.com/bucket/key", "bucket", "key"),
    ("https://bucket.s3-fips.us-gov-west-1.amazonaws.com/key", "bucket", "key"),
    ("https://bucket.s3-fips.dualstack.us-east-1.amazonaws.com/key", "bucket", "key"),
    ("https://s3-fips.dualstack.us-iso-west-1.c2s.ic.gov/bucket/key", "bucket", "key"),
    // Acceleration.
    ("https://bucket.s3-accelerate.amazonaws.com/key", "bucket", "key"),
    ("https://bucket.s3-accelerate.dualstack.amazonaws.com/key", "bucket", "key"),
    // Capitals, which DNS does not tell apart.
    ("https://bucket.S3.AmazonAWS.com/key", "bucket", "key"),
    ("HTTPS://Bucket.s3.US-EAST-1.amazonaws.com/key", "bucket", "key"),
    // The configured endpoint.
    ("http://127.0.0.1:4566/bucket/key", "bucket", "key"),
    ("HTTP://127.0.0.1:4566/my.bucket/key", "my.bucket", "key"),
    // Buckets that look like something else.
    ("https://s3.amazonaws.com/my.bucket/key", "my.bucket", "key"),
    ("https://s3-us-west-2.s3.amazonaws.com/key", "s3-us-west-2", "key"),
    ("https://s3-fips.us-east-1.amazonaws.com/s3-fips/key", "s3-fips", "key"),
    ("https://dualstack.s3.us-east-1.amazonaws.com/key", "dualstack", "key"),
    ("https://123.s3.amazonaws.com/key", "123", "key"),
    // Keys.
    ("https://bucket.s3.amazonaws.com/a%20b/c", "bucket", "a b/c"),
    ("https://bucket.s3.amazonaws.com/a%2Bb%25%3F%23%2A", "bucket", "a+b%?#*"),
    ("https://bucket.s3.amazonaws.com/%252e%252e/key", "bucket", "%2e%2e/key"),
    ("https://bucket.s3.amazonaws.com/a%2Fb", "bucket", "a/b"),
    ("https://bucket.s3.amazonaws.com/a%5Cb", "bucket", "a\\b"),
    ("https://bucket.s3.amazonaws.com/%C3%A9%E2%82%AC%F0%9F%A7%AC", "bucket", "é€🧬"),
    ("https://bucket.s3.amazonaws.com/%00%0A", "bucket", "\0\n"),
    ("https://bucket.s3.amazonaws.com//key", "bucket", "/key"),
    ("https://bucket.s3.amazonaws.com/a//b/", "bucket", "a//b/"),
    ("https://bucket.s3.amazonaws.com/...", "bucket", "..."),
    ("https://bucket.s3.amazonaws.com/..a/.b/c..", "bucket", "..a/.b/c.."),
    ("https://bucket.s3.amazonaws.com/a@b:c;d,e&f=g!$'()*~", "bucket", "a@b:c;d,e&f=g!$'()*~"),
    ("https://bucket.s3.amazonaws.com/https://evil.com/key", "bucket", "https://evil.com/key"),
    ("https://s3.amazonaws.com/bucket//key", "bucket", "/key"),
];

/// Changes of the query that are accepted: a part and its replacement.
pub(super) const CHANGES: &[(&str, &str)] = &[
    ("X-Amz-Expires=3600", "X-Amz-Expires=1801"),
    ("X-Amz-Expires=3600", "X-Amz-Expires=604800"),
    ("X-Amz-Date", "X%2DAmz%2dDate"),
    ("%2F", "/"),
    ("%2F", "%2f"),
    ("us-east-1", "eusc-de-east-1"),
    ("=host", "=host%3Brange"),
    ("=host", "=accept;host"),
    ("aaaaaaaa", "AAAAffff"),
    ("&X-Amz-Date", "&&X-Amz-Date"),
    ("AKID", "ASIAIOSFODNN7EXAMPLE"),
];

/// Additions to the query that are accepted.
pub(super) const PARAMETERS: &[&str] = &[
    "X-Amz-Security-Token=IQoJb3JpZ2luX2VjEA%2B%2F%2F%3D%3D",
    "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
    "x-amz-checksum-mode=ENABLED",
    "X-Amz-Checksum-Mode=ENABLED",
    "x-amz-expected-bucket-owner=123456789012",
    "x-amz-request-payer=requester",
    "X-Amz-User-Agent=aws-sdk-js%2F3.0",
    "versionId=3%2FL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY",
    "versionId=null",
    "x-id=GetObject",
    "partNumber=1",
    "response-cache-control=no-store",
    "response-content-disposition=attachment%3B%20filename%3D%22a.csv%22",
    "response-content-encoding=gzip",
    "response-content-language=en",
    "response-content-type=text%2Fcsv",
    "response-expires=0",
];
