//! The rules: what AWS rejects, at which stage, and where this is documented.

/// The stage at which AWS rejects a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The response has status 400; no change set and no stack is created.
    Request,
    /// The change set becomes `FAILED`, with the reasons in its events.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>
    ChangeSet,
    /// The resource fails while the stack is changed, and the stack is rolled back.
    Resource,
}

/// Defines the rules with their stages and sources.
macro_rules! rules {
    ($($(#[$documentation:meta])+ $name:ident: $stage:ident, $source:expr;)+) => {
        /// What AWS rejects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$documentation])+ $name,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the stage at which AWS rejects a violation of the rule.
            pub fn stage(self) -> Stage {
                match self {
                    $(Self::$name => Stage::$stage,)+
                }
            }

            /// Returns the address of the document or public issue that states the rule.
            ///
            /// It begins with "guess: " if nothing public does.
            pub fn source(self) -> &'static str {
                match self {
                    $(Self::$name => $source,)+
                }
            }
        }
    };
}

const QUOTAS: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html";
const EARLY_VALIDATION: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html";
const SCHEMA_MESSAGES: &str = "https://github.com/aws-cloudformation/cloudformation-resource-schema/blob/0ad7e837e1e7bfe36872cff2a29853dfc3f7ce20/src/main/java/software/amazon/cloudformation/resource/exceptions/ValidationException.java";
const PARAMETERS: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html";
const CLOUDFRONT_QUOTAS: &str =
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html";
const OPENAPI_IMPORT: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html";
const LAMBDA_QUOTAS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";
const FIFO_QUEUES: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html";
const ALARM: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html";

rules! {
    /// The template is not JSON.
    MalformedTemplate: Request, "https://github.com/boto/boto3/issues/293";
    /// The template is not an object.
    UnsupportedStructure: Request, "https://github.com/keaeriksson/hugo-s3-cloudfront/issues/1";
    /// The template has a section that CloudFormation does not have.
    UnknownSection: Request, "https://github.com/Versent/cfn-check/issues/3";
    /// The template has a format version that does not exist.
    FormatVersion: Request,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/format-version-structure.html";
    /// The description of the template is too long.
    DescriptionTooLong: Request, QUOTAS;
    /// The template has no resources.
    NoResources: Request, "https://github.com/agutoli/serverless-layers/issues/96";
    /// The text of the template is too long.
    TemplateTooLarge: Request, "https://github.com/mbailey/bash-my-aws/pull/100";
    /// The template has too many resources.
    TooManyResources: Request, "https://github.com/clebert/aws-simple/issues/98";
    /// The template has too many parameters.
    TooManyParameters: Request, QUOTAS;
    /// The template has too many outputs.
    TooManyOutputs: Request, "https://github.com/rubyonjets/jets/issues/392";
    /// A logical id has other characters than letters and digits, or too many of them.
    MalformedLogicalId: Request, "https://github.com/aws-cloudformation/cfn-lint/pull/160";
    /// A resource has an attribute that CloudFormation does not have.
    UnknownResourceAttribute: Request, "https://github.com/aws/aws-cli/issues/3361";
    /// An entry of a section is not an object.
    EntryNotAnObject: Request, "https://github.com/serverless/serverless/pull/1443";
    /// A resource has no type.
    MissingResourceType: Request,
        "https://github.com/localstack/localstack/blob/1ec10dc7ce193f8b022150cd616a96024d6eba49/localstack-core/localstack/services/cloudformation/engine/validations.py";
    /// CloudFormation does not have the type of a resource in this region.
    UnknownResourceType: Request,
        "https://github.com/maddijoyce/serverless-ses-mjml#issues";
    /// `DeletionPolicy` or `UpdateReplacePolicy` has a value that does not exist.
    UnknownPolicy: Request,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html";
    /// An output has no value.
    OutputWithoutValue: Request, "https://github.com/aws-samples/aws-iot-chat-example/issues/1";
    /// A transform that does not exist.
    UnknownTransform: Request,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-reference.html";

    /// A reference to a resource or parameter that does not exist.
    UnresolvedDependency: Request, "https://github.com/serverless/serverless/issues/4745";
    /// A reference to a condition that does not exist.
    UnresolvedCondition: Request,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html";
    /// `Fn::GetAtt` of a resource that does not exist.
    UndefinedResource: Request, "https://github.com/serverless-heaven/serverless-aws-alias/issues/144";
    /// `Fn::GetAtt` of an attribute that the type does not return.
    UnsupportedAttribute: Request,
        "https://github.com/getmoto/moto/blob/62f8ed5a630338637550f5e53535d6e4f4a46301/moto/cloudformation/exceptions.py";
    /// `Fn::GetAtt` without a resource or an attribute.
    MalformedAttribute: Request, "https://github.com/ittus/aws-lambda-vpc-nat-examples/issues/28";
    /// An intrinsic function that does not exist.
    UnknownFunction: Request,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html";
    /// Resources depend on each other.
    CircularDependency: Request, "https://github.com/aws/serverless-application-model/issues/258";

    /// A parameter has neither a value nor a default.
    MissingParameter: Request, "https://github.com/aws-samples/cfn101-workshop/pull/222";
    /// A value is passed for a parameter that does not exist.
    UnknownParameter: Request, "https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/blob/main/CHANGELOG.md";
    /// A parameter has a type that does not exist.
    UnknownParameterType: Request, PARAMETERS;
    /// A value of a parameter breaks one of its constraints.
    ParameterConstraint: Request, "https://github.com/aws/aws-connected-device-framework/issues/183";
    /// A capability is not acknowledged.
    MissingCapability: Request, "https://github.com/envato/stack_master/issues/138";
    /// A resource has another type than the deployed one with its logical id.
    ResourceTypeChanged: Request,
        "https://github.com/aripalo/aws-cdk-github-oidc/blob/1341635b80838ba5adb24e0918d8a34198f1660e/docs/V5_MIGRATION_GUIDE.md";

    /// A property that the type does not have.
    UnknownProperty: ChangeSet, EARLY_VALIDATION;
    /// A required property is missing.
    MissingProperty: ChangeSet, "https://github.com/aws/aws-cdk-cli/pull/1463";
    /// A value has another type than the property.
    WrongType: ChangeSet, EARLY_VALIDATION;
    /// A value is not among those that the property may have.
    NotInEnumeration: ChangeSet, SCHEMA_MESSAGES;
    /// A text does not match the pattern of the property.
    PatternMismatch: ChangeSet, SCHEMA_MESSAGES;
    /// A text is too short or too long.
    TextLength: ChangeSet, SCHEMA_MESSAGES;
    /// A number is too small or too large, or not a multiple of what it must be.
    NumberRange: ChangeSet, SCHEMA_MESSAGES;
    /// A list has too few or too many items, or an object too few or too many members.
    ItemCount: ChangeSet, SCHEMA_MESSAGES;
    /// A list has an item twice.
    DuplicateItems: ChangeSet, SCHEMA_MESSAGES;
    /// A value matches none, or more than one, of several alternatives.
    Alternatives: ChangeSet, SCHEMA_MESSAGES;
    /// A property is set that only AWS sets.
    ReadOnlyProperty: ChangeSet,
        "guess: the schemas forbid it, and CloudFormation may ignore the value instead: https://github.com/aws-cloudformation/cloudformation-resource-schema/issues/102";
    /// Properties exclude or require each other, or exactly one of them is needed.
    ///
    /// cfn-lint adds these constraints to the schemas, so CloudFormation does not check them, but the service does.
    PropertyCombination: Resource,
        "https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/cfn-schema-specification.md";

    /// A resource with a custom name exists outside of the stack.
    NameConflict: ChangeSet, "https://github.com/aws-cloudformation/rain/pull/744";
    /// A resource exists with a custom name that does not identify it. Only its service finds the conflict.
    NameTaken: Resource, "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateCachePolicy.html";
    /// Two resources of the stack have the same custom name.
    DuplicateName: Resource, "guess: the second creation fails as for any name that exists";
    /// A resource that exists is imported without a deletion policy that retains it.
    ImportWithoutRetention: ChangeSet, "https://github.com/aws/aws-cdk-cli/pull/1367";
    /// A bucket already has a policy.
    BucketPolicyConflict: Resource, "https://github.com/getlift/lift/issues/356";
    /// A resource is replaced that keeps its custom name.
    NamedReplacement: Resource, "https://github.com/ministackorg/ministack/issues/1433";

    /// A key group has no key.
    KeyGroupWithoutKeys: Resource,
        "guess: the schema requires the list, and CloudFront responds with InvalidRequest to other mistakes in it: https://github.com/aws/aws-cdk/issues/15109";
    /// A key group has too many keys.
    TooManyKeysInGroup: Resource, CLOUDFRONT_QUOTAS;
    /// A distribution trusts too many key groups.
    TooManyKeyGroups: Resource, CLOUDFRONT_QUOTAS;
    /// A public key is changed in place.
    PublicKeyChanged: Resource, "https://github.com/aws/aws-cdk/issues/15301";
    /// A public key is removed that a key group still lists.
    PublicKeyInUse: Resource,
        "https://github.com/ministryofjustice/cloud-platform-environments/pull/22517";
    /// A cache behavior names an origin that the distribution does not have.
    UnknownOrigin: Resource,
        "https://github.com/aws-cloudformation/rain/issues/517";
    /// Two cache behaviors have the same path pattern.
    DuplicatePathPattern: Resource, "guess: CloudFront matches the first one, so the second is useless";
    /// The lifetimes of a cache policy contradict each other.
    CacheLifetimes: Resource,
        "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/571";
    /// A CORS configuration allows credentials for all origins or headers.
    CredentialsForAll: Resource,
        "https://github.com/aws/aws-cdk/pull/35308";

    /// A queue hides messages for a shorter time than its function may take.
    VisibilityTimeout: Resource, "https://github.com/mongodb/docs-worker-pool/pull/878";
    /// A dead-letter queue is FIFO and its source queue is not, or the other way around.
    RedriveMismatch: Resource,
        "https://github.com/awslabs/aws-solutions-constructs/issues/342";
    /// The number of receives before a message becomes a dead letter is out of range.
    MaximumReceives: Resource,
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html";
    /// The name of a queue is malformed, or does not end as that of its kind.
    QueueName: Resource, FIFO_QUEUES;

    /// A stage has settings for a route that its API does not have.
    UnknownRoute: Resource, "https://github.com/aws/serverless-application-model/issues/1939";
    /// An OpenAPI document is of a version that HTTP APIs do not import, or has no paths.
    MalformedOpenApi: Resource, OPENAPI_IMPORT;
    /// An OpenAPI document has an extension that API Gateway does not have.
    UnknownExtension: Resource,
        "guess: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html lists them, but not what happens to others";
    /// An operation has no integration.
    MissingIntegration: Resource,
        "guess: HTTP APIs create no route for such an operation, which is at least a warning";
    /// An integration of a type that HTTP APIs do not have.
    UnsupportedIntegration: Resource, OPENAPI_IMPORT;
    /// An operation refers to an authorizer that the document does not have.
    UnknownAuthorizer: Resource,
        "guess: OpenAPI requires the scheme: https://spec.openapis.org/oas/v3.0.3#security-requirement-object";
    /// An operation has two parameters of the same name and place.
    DuplicateParameter: Resource,
        "guess: OpenAPI forbids it: https://spec.openapis.org/oas/v3.0.3#operation-object";
    /// A reference inside the document does not resolve.
    UnresolvedModel: Resource,
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-errors-warnings.html";
    /// An authorizer lacks what its kind needs, or has a setting out of range.
    MalformedAuthorizer: Resource,
        "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html";
    /// An HTTP API has too many routes.
    TooManyRoutes: Resource,
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html";

    /// A subscription filter lacks a role that its destination needs, or has one that it must not have.
    SubscriptionRole: Resource,
        "https://github.com/theburningmonk/lambda-logging-kinesis-demo/issues/1";
    /// A log group has too many subscription filters.
    TooManySubscriptionFilters: Resource,
        "https://github.com/aws-cloudformation/cfn-lint/pull/4688";

    /// The environment variables of a function are too large.
    EnvironmentTooLarge: Resource,
        "https://github.com/aws-samples/aws-genai-llm-chatbot/issues/583";
    /// An environment variable has a name that Lambda reserves.
    ReservedVariable: Resource,
        "https://github.com/aws/aws-cdk/pull/28048";
    /// A function may run too long.
    FunctionTimeout: Resource, LAMBDA_QUOTAS;
    /// A function has too much memory.
    FunctionMemory: Resource, LAMBDA_QUOTAS;
    /// The batches of an event source mapping contradict its queue or their window.
    BatchSize: Resource,
        "https://github.com/serverless/serverless/issues/8989";

    /// An alarm's period is not one that CloudWatch has, or it evaluates too long a time.
    AlarmPeriod: Resource, ALARM;
    /// An alarm on a metric has no statistic.
    MissingStatistic: Resource, ALARM;
    /// Not exactly one metric or expression of an alarm returns data.
    AlarmReturnData: Resource,
        "https://github.com/hashicorp/terraform-provider-aws/issues/29894";
    /// The body of a dashboard is not JSON.
    DashboardBody: Resource,
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html";

    /// The name of a bucket is malformed.
    BucketName: Resource, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html";
    /// A lifecycle rule has no action.
    LifecycleWithoutAction: Resource,
        "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/132";

    /// A trust policy names a resource, or no principal.
    TrustPolicy: Resource, "https://github.com/kubernetes-sigs/external-dns/issues/3085";
    /// A policy of a role names a principal, or no resource or action.
    RolePolicy: Resource,
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html";
    /// The trust policy or the inline policies of a role are too large.
    RolePolicySize: Resource,
        "https://github.com/aws/aws-cdk/issues/12403";
}

impl Rule {
    /// Returns the error code of the response. It applies only to rules of the stage [`Stage::Request`].
    pub fn error_code(self) -> &'static str {
        match self {
            Self::MissingCapability => "InsufficientCapabilitiesException",
            _ => "ValidationError",
        }
    }

    /// Returns the validation that fails the change set.
    ///
    /// None for rules of other stages, and for [`Self::ImportWithoutRetention`]: its message is the status reason.
    pub fn validation(self) -> Option<Validation> {
        match self {
            _ if self.stage() != Stage::ChangeSet => None,
            Self::ImportWithoutRetention => None,
            Self::NameConflict => Some(Validation::ResourceExistence),
            _ => Some(Validation::Properties),
        }
    }
}

/// What CloudFormation validates before it creates a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validation {
    /// Properties, by the schemas of their resource types.
    Properties,
    /// Whether something has the name of a new resource.
    ResourceExistence,
}

impl Validation {
    /// Returns its name in the status reason of the change set: <https://github.com/aws-cloudformation/rain/pull/744>.
    pub fn hook(self) -> &'static str {
        match self {
            Self::Properties => "AWS::EarlyValidation::PropertyValidation",
            Self::ResourceExistence => "AWS::EarlyValidation::ResourceExistenceCheck",
        }
    }

    /// Returns its name in events:
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>.
    pub fn event(self) -> &'static str {
        match self {
            Self::Properties => "PROPERTY_VALIDATION",
            Self::ResourceExistence => "NAME_CONFLICT_VALIDATION",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, Stage, Validation};

    #[test]
    fn validation_is_named_for_rules_of_change_sets() {
        for rule in Rule::ALL.iter().filter(|rule| rule.stage() != Stage::ChangeSet) {
            assert_eq!(rule.validation(), None, "{rule:?}");
        }
        assert_eq!(Rule::ImportWithoutRetention.validation(), None);
        assert_eq!(Rule::NameConflict.validation(), Some(Validation::ResourceExistence));
        assert_eq!(Rule::UnknownProperty.validation(), Some(Validation::Properties));
    }

    #[test]
    fn missing_capability_has_an_error_code_of_its_own() {
        assert_eq!(Rule::MissingCapability.error_code(), "InsufficientCapabilitiesException");
        assert_eq!(Rule::NoResources.error_code(), "ValidationError");
    }

    #[test]
    fn each_rule_has_an_address_or_says_that_it_is_a_guess() {
        for rule in Rule::ALL {
            let source = rule.source();
            assert!(source.starts_with("https://") || source.starts_with("guess: "), "{rule:?}: {source}");
        }
    }
}
