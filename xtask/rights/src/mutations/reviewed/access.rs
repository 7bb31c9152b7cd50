//! Mutations after which more requests are accepted, data reaches others, or clients are rejected.

use serde_json::json;

use super::super::edit::Edit::{Add, Remove, Set};
use super::{CLOSES, Mark, Mutation, OPENS};

pub(super) fn mutations() -> Vec<Mutation<Mark>> {
    [bucket(), distribution(), api(), functions()].into_iter().flatten().collect()
}

fn bucket() -> Vec<Mutation<Mark>> {
    vec![
        (
            "bucket without a public access block",
            Remove("AssetsBucket/PublicAccessBlockConfiguration"),
            OPENS,
        ),
        (
            "public lists of access",
            Set("AssetsBucket/PublicAccessBlockConfiguration/BlockPublicAcls", json!(false)),
            OPENS,
        ),
        ("public policies", Remove("AssetsBucket/PublicAccessBlockConfiguration/BlockPublicPolicy"), OPENS),
        (
            "existing public lists of access",
            Set("AssetsBucket/PublicAccessBlockConfiguration/IgnorePublicAcls", json!(false)),
            OPENS,
        ),
        (
            "access of others by a public policy",
            Set("AssetsBucket/PublicAccessBlockConfiguration/RestrictPublicBuckets", json!(false)),
            OPENS,
        ),
        ("objects that belong to their writers", Remove("AssetsBucket/OwnershipControls"), OPENS),
        (
            "pages that write objects",
            Add("AssetsBucket/CorsConfiguration/CorsRules/0/AllowedMethods", json!("PUT")),
            OPENS,
        ),
        ("queue without encryption", Set("RestoreQueue/SqsManagedSseEnabled", json!(false)), OPENS),
    ]
}

fn distribution() -> Vec<Mutation<Mark>> {
    let public = json!({ "PathPattern": "*.json", "TargetOriginId": "assets" });
    vec![
        (
            "assets for everyone",
            Remove("Distribution/DistributionConfig/DefaultCacheBehavior/TrustedKeyGroups"),
            OPENS,
        ),
        (
            "Parquet files for everyone",
            Set("Distribution/DistributionConfig/CacheBehaviors/*.parquet/TrustedKeyGroups", json!([])),
            OPENS,
        ),
        ("public path", Add("Distribution/DistributionConfig/CacheBehaviors", public), OPENS),
        (
            "foreign key group",
            Add("Distribution/DistributionConfig/DefaultCacheBehavior/TrustedKeyGroups", json!("foreign")),
            OPENS,
        ),
        (
            "plain HTTP",
            Set(
                "Distribution/DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy",
                json!("allow-all"),
            ),
            OPENS,
        ),
        (
            "old versions of TLS",
            Remove("Distribution/DistributionConfig/ViewerCertificate/MinimumProtocolVersion"),
            OPENS,
        ),
        (
            "deletions through the distribution",
            Add("Distribution/DistributionConfig/DefaultCacheBehavior/AllowedMethods", json!("DELETE")),
            OPENS,
        ),
        (
            "foreign origin",
            Set("Distribution/DistributionConfig/Origins/assets/DomainName", json!("evil.example")),
            OPENS,
        ),
        (
            "requests without a signature",
            Remove("Distribution/DistributionConfig/Origins/assets/OriginAccessControlId"),
            CLOSES,
        ),
        (
            "access control that signs nothing",
            Set("AssetsOriginAccessControl/OriginAccessControlConfig/SigningBehavior", json!("never")),
            CLOSES,
        ),
        ("key from elsewhere", Add("KeyGroup/KeyGroupConfig/Items", json!("K2JCJMDEHXQW5F")), OPENS),
        ("removed distribution", Remove("/Resources/Distribution"), CLOSES),
        ("disabled distribution", Set("Distribution/DistributionConfig/Enabled", json!(false)), CLOSES),
        ("removed domain", Remove("Distribution/DistributionConfig/Aliases"), CLOSES),
        (
            "pages that send credentials",
            Set(
                "AssetsResponseHeadersPolicy/ResponseHeadersPolicyConfig/CorsConfig/AccessControlAllowCredentials",
                json!(true),
            ),
            OPENS,
        ),
        (
            "pages that delete",
            Add(
                "AssetsResponseHeadersPolicy/ResponseHeadersPolicyConfig/CorsConfig/AccessControlAllowMethods/Items",
                json!("DELETE"),
            ),
            OPENS,
        ),
    ]
}

fn api() -> Vec<Mutation<Mark>> {
    let public = json!({ "get": { "responses": {} } });
    vec![
        ("route without an authorizer", Remove("Api/Body/paths/~1restore/post/security"), OPENS),
        ("optional authorization", Add("Api/Body/paths/~1restore/post/security", json!({})), OPENS),
        (
            "another authorizer",
            Set("Api/Body/paths/~1restore/post/security", json!([{ "other": [] }])),
            OPENS,
        ),
        ("public route", Set("Api/Body/paths/~1admin", public), OPENS),
        ("removed route", Remove("Api/Body/paths/~1restore"), CLOSES),
        (
            "tokens sent elsewhere",
            Set(
                "Api/Body/paths/~1restore/post/x-amazon-apigateway-integration/uri",
                json!("https://evil.example"),
            ),
            OPENS,
        ),
        (
            "foreign authorizer",
            Set(
                "Api/Body/components/securitySchemes/token_dataset_auth/x-amazon-apigateway-authorizer/\
authorizerUri",
                json!("arn:aws:apigateway:other"),
            ),
            OPENS,
        ),
        (
            "decisions of an hour",
            Set(
                "Api/Body/components/securitySchemes/token_dataset_auth/x-amazon-apigateway-authorizer/\
authorizerResultTtlInSeconds",
                json!(3600),
            ),
            OPENS,
        ),
        (
            "decisions for other requests",
            Set(
                "Api/Body/components/securitySchemes/token_dataset_auth/x-amazon-apigateway-authorizer/\
identitySource",
                json!("$request.header.Authorization"),
            ),
            OPENS,
        ),
        (
            "pages of a foreign origin",
            Add("Api/Body/x-amazon-apigateway-cors/allowOrigins", json!("https://evil.example")),
            OPENS,
        ),
        ("removed throttling", Remove("ApiStage/DefaultRouteSettings"), OPENS),
        (
            "more requests per second",
            Set("ApiStage/DefaultRouteSettings/ThrottlingRateLimit", json!(10_000)),
            OPENS,
        ),
        ("removed API", Remove("/Resources/Api"), CLOSES),
        ("removed path of the API", Remove("/Resources/ApiMapping"), CLOSES),
        ("another path of the API", Set("ApiMapping/ApiMappingKey", json!("other")), CLOSES),
    ]
}

fn functions() -> Vec<Mutation<Mark>> {
    vec![
        (
            "role from elsewhere",
            Set("RestoreFunction/Role", json!("arn:aws:iam::000000000000:role/all")),
            OPENS,
        ),
        (
            "proxied bucket",
            Set("ApiFunction/Environment/Variables/PROXY_ALLOWED_BUCKETS", json!("another")),
            OPENS,
        ),
        (
            "foreign issuer of tokens",
            Set("AuthorizerFunction/Environment/Variables/TOKEN_ISSUER", json!("evil")),
            OPENS,
        ),
        (
            "foreign keys of tokens",
            Set("AuthorizerFunction/Environment/Variables/TOKEN_JWKS_URL", json!("evil")),
            OPENS,
        ),
        (
            "logs forwarded elsewhere",
            Set("ApiFunctionLogSubscription/DestinationArn", json!("foreign")),
            OPENS,
        ),
    ]
}
