//! The distribution that serves the viewer assets to holders of signed URLs.
//!
//! CloudFront serves everyone where a behavior trusts no key group. Without a signing key the distribution is therefore
//! disabled, and the bucket's policy does not allow it to read.

use super::context::Context;
use super::platform;
use super::signing_keys::TrustedKeys;
use crate::cloudformation::{
    AliasCertificate, Bucket, BucketAttribute, CacheBehavior, CacheKey, CachePolicy, CachePolicyConfig,
    CustomHeader, CustomHeaders, DefaultCertificate, Distribution, DistributionAttribute, DistributionConfig,
    ForwardedNothing, Handle, Items, KeyGroup, Number, Origin, OriginAccessControl,
    OriginAccessControlConfig, ResponseHeadersCors, ResponseHeadersPolicy, ResponseHeadersPolicyConfig,
    S3OriginConfig, Template, TtlSeconds, Value, ViewerCertificate,
};
use crate::environment::{Cdn, Environment};

const DAY: u32 = 86_400;
const YEAR: u32 = 365 * DAY;
const ORIGIN: &str = "assets";

/// Headers of CloudFront itself that show pages of other origins how the cache works.
const CACHE_HEADERS: [&str; 2] = ["Age", "X-Cache"];

/// AWS's policy `CORS-S3Origin`: S3 responds to a preflight request only if it receives the headers of one. They are not
/// part of the cache key.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html>
const CORS_S3_ORIGIN: &str = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf";

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    bucket: &Handle<Bucket>,
    keys: &TrustedKeys,
) -> Handle<Distribution> {
    let access_control = template.add(
        "AssetsOriginAccessControl",
        OriginAccessControl {
            origin_access_control_config: OriginAccessControlConfig {
                name: context.names.service_resource("assets"),
                description: format!("Reads viewer assets, environment {}", context.environment.name),
                origin_access_control_origin_type: "s3",
                signing_behavior: "always",
                signing_protocol: "sigv4",
            },
        },
    );
    let assets_policy = cache_policy(context, "assets", "Viewer assets", Number::of::<DAY>(), true);
    let assets_policy = template.add("AssetsCachePolicy", assets_policy);
    // Parquet files are compressed already, and their readers request ranges, which a compressed response does not have.
    let parquet_policy =
        cache_policy(context, "parquet", "Parquet files", Number::of::<{ 30 * DAY }>(), false);
    let parquet_policy = template.add("ParquetCachePolicy", parquet_policy);
    let headers_policy = template.add("AssetsResponseHeadersPolicy", response_headers_policy(context));

    let behavior = |path_pattern, cache_policy: &Handle<CachePolicy>, compress| CacheBehavior {
        path_pattern,
        target_origin_id: ORIGIN,
        viewer_protocol_policy: "https-only",
        allowed_methods: vec!["GET", "HEAD", "OPTIONS"],
        cached_methods: vec!["GET", "HEAD"],
        compress,
        cache_policy_id: cache_policy.reference(),
        origin_request_policy_id: CORS_S3_ORIGIN,
        response_headers_policy_id: headers_policy.reference(),
        trusted_key_groups: keys.group.iter().map(Handle::<KeyGroup>::reference).collect(),
    };
    let (aliases, viewer_certificate) = alias(template, context.environment);
    template.add(
        "Distribution",
        Distribution {
            distribution_config: DistributionConfig {
                comment: format!("Viewer assets, environment {}", context.environment.name),
                enabled: keys.group.is_some(),
                http_version: "http2and3",
                ipv6_enabled: true,
                price_class: "PriceClass_100",
                aliases,
                viewer_certificate,
                origins: [Origin {
                    id: ORIGIN,
                    domain_name: bucket.attribute(BucketAttribute::RegionalDomainName),
                    origin_access_control_id: access_control.reference(),
                    s3_origin_config: S3OriginConfig { origin_access_identity: "" },
                }],
                default_cache_behavior: behavior(None, &assets_policy, true),
                cache_behaviors: vec![behavior(Some("*.parquet"), &parquet_policy, false)],
            },
        },
    )
}

/// Returns the domain that serves the viewer assets: the environment's, or the one that CloudFront gives a distribution.
pub(super) fn domain(
    template: &mut Template,
    environment: &Environment,
    distribution: &Handle<Distribution>,
) -> Value<String> {
    match &environment.cdn {
        Some(cdn) => cdn_alias(template, cdn),
        None => distribution.attribute(DistributionAttribute::DomainName),
    }
}

fn alias(template: &mut Template, environment: &Environment) -> (Vec<Value<String>>, ViewerCertificate) {
    let Some(cdn) = &environment.cdn else {
        let certificate = DefaultCertificate { cloud_front_default_certificate: true };
        return (Vec::new(), ViewerCertificate::DefaultCertificate(certificate));
    };
    let certificate = AliasCertificate {
        acm_certificate_arn: platform::value(
            template,
            "CdnCertificateArn",
            "ARN of the certificate of the distribution's domain.",
            &cdn.certificate_arn,
        ),
        minimum_protocol_version: "TLSv1.2_2021",
        ssl_support_method: "sni-only",
    };
    (vec![cdn_alias(template, cdn)], ViewerCertificate::AliasCertificate(certificate))
}

fn cdn_alias(template: &mut Template, cdn: &Cdn) -> Value<String> {
    platform::value(template, "CdnAlias", "Domain of the distribution.", &cdn.alias)
}

/// Only the object is in the cache key: signatures, headers and cookies create no further copies of it.
fn cache_policy(
    context: &Context<'_>,
    name: &str,
    comment: &'static str,
    default_ttl: TtlSeconds,
    compress: bool,
) -> CachePolicy {
    CachePolicy {
        cache_policy_config: CachePolicyConfig {
            name: context.names.service_resource(name),
            comment,
            default_ttl,
            min_ttl: Number::of::<0>(),
            max_ttl: Number::of::<YEAR>(),
            cache_key: CacheKey {
                enable_accept_encoding_brotli: compress,
                enable_accept_encoding_gzip: compress,
                forwarded: ForwardedNothing,
            },
        },
    }
}

/// CORS headers are on every response, also on errors, so that a viewer in a browser can read a 403.
///
/// `Cache-Control` is for browsers: it changes neither how long CloudFront caches an object nor what the origin may say
/// about that. See the note in
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/modifying-response-headers.html>.
fn response_headers_policy(context: &Context<'_>) -> ResponseHeadersPolicy {
    ResponseHeadersPolicy {
        response_headers_policy_config: ResponseHeadersPolicyConfig {
            name: context.names.service_resource("assets"),
            comment: "CORS and browser caching for viewer assets",
            cors_config: ResponseHeadersCors {
                access_control_allow_credentials: false,
                // Any: access depends on the signed URL only, and no request contains other credentials.
                access_control_allow_headers: Items { items: vec!["*"] },
                access_control_allow_methods: Items { items: vec!["GET", "HEAD", "OPTIONS"] },
                access_control_allow_origins: Items { items: vec!["*"] },
                access_control_expose_headers: Items {
                    items: [openapi::CORS_EXPOSE_HEADERS, &CACHE_HEADERS].concat(),
                },
                access_control_max_age_sec: Number::of::<{ openapi::CORS_MAX_AGE_SECONDS }>(),
                origin_override: true,
            },
            custom_headers_config: CustomHeaders {
                items: vec![CustomHeader {
                    header: "Cache-Control",
                    // A browser caches by URL, and the next signature is another URL.
                    value: format!("private, max-age={}", openapi::SIGNED_URL_LIFETIME_SECONDS),
                    overrides: true,
                }],
            },
        },
    }
}
