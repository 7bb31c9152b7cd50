//! The result of a drift detection.

use aws_sdk_cloudformation::types::{
    DifferenceType, PropertyDifference, StackResourceDrift, StackResourceDriftStatus, StackResourceSummary,
};
use serde::Serialize;
use serde_json::Value;

use super::false_positive::{self, FalsePositive};

/// All resources of a stack, grouped by the result.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How many resources were compared.
    pub checked: usize,
    /// Resources that differ from the template.
    pub drifted: Vec<Drifted>,
    /// Resources that CloudFormation cannot compare, or failed to.
    pub not_checked: Vec<NotChecked>,
    /// Differences that CloudFormation reports although nothing was changed.
    pub false_positives: Vec<FalsePositive>,
}

/// A resource that differs from the template.
#[derive(Debug, Serialize)]
pub struct Drifted {
    /// The logical ID.
    pub logical_id: String,
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The physical ID.
    pub physical_id: String,
    /// The drift status in CloudFormation.
    pub status: String,
    /// The properties that differ, or none if the resource was deleted.
    pub differences: Vec<Difference>,
    /// The deployed properties, as far as CloudFormation compares them.
    #[serde(skip)]
    pub expected: Value,
}

/// A property that differs from the template.
///
/// A missing value means that this side has no such property or element.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The path of the property.
    pub path: String,
    /// The deployed value.
    pub expected: Option<String>,
    /// The current value.
    pub actual: Option<String>,
}

/// A resource that was not compared.
#[derive(Debug, Serialize)]
pub struct NotChecked {
    /// The logical ID.
    pub logical_id: String,
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Report {
    pub(super) fn new(resources: Vec<StackResourceSummary>, drifts: Vec<StackResourceDrift>) -> Self {
        let total = resources.len();
        let not_checked: Vec<_> = resources
            .into_iter()
            .filter(|resource| {
                let drift = resource
                    .drift_information
                    .as_ref()
                    .and_then(|it| it.stack_resource_drift_status.as_ref());
                !matches!(
                    drift,
                    Some(
                        StackResourceDriftStatus::InSync
                            | StackResourceDriftStatus::Modified
                            | StackResourceDriftStatus::Deleted
                    )
                )
            })
            .map(|resource| NotChecked {
                logical_id: resource.logical_resource_id.unwrap_or_default(),
                kind: resource.resource_type.unwrap_or_default(),
            })
            .collect();
        let mut false_positives = Vec::new();
        let drifted = drifts.into_iter().map(Drifted::from);
        let drifted =
            drifted.filter_map(|drifted| drifted.without_false_positives(&mut false_positives)).collect();
        Self { checked: total - not_checked.len(), drifted, not_checked, false_positives }
    }

    /// Returns whether there is no drift.
    pub fn is_clean(&self) -> bool {
        self.drifted.is_empty()
    }

    /// Returns the number of resources in each state, as text.
    pub fn summary(&self) -> String {
        let Self { checked, drifted, not_checked, .. } = self;
        format!("{checked} resources checked, {} drifted, {} not checked", drifted.len(), not_checked.len())
    }
}

impl From<StackResourceDrift> for Drifted {
    fn from(drift: StackResourceDrift) -> Self {
        let status = drift.stack_resource_drift_status.as_ref().map(|status| status.as_str().to_owned());
        Self {
            logical_id: drift.logical_resource_id.unwrap_or_default(),
            kind: drift.resource_type.unwrap_or_default(),
            physical_id: drift.physical_resource_id.unwrap_or_default(),
            status: status.unwrap_or_default(),
            expected: drift
                .expected_properties
                .and_then(|properties| serde_json::from_str(&properties).ok())
                .unwrap_or_default(),
            differences: drift
                .property_differences
                .unwrap_or_default()
                .into_iter()
                .map(Difference::from)
                .collect(),
        }
    }
}

impl Drifted {
    /// Moves known false positives to `false_positives`. Returns `None` if no difference remains.
    fn without_false_positives(mut self, false_positives: &mut Vec<FalsePositive>) -> Option<Self> {
        let had_differences = !self.differences.is_empty();
        self.differences.retain(|difference| {
            let Difference { path, expected, actual } = difference;
            let link = false_positive::link(&self.kind, path, expected.as_deref(), actual.as_deref());
            false_positives.extend(link.map(|link| FalsePositive {
                logical_id: self.logical_id.clone(),
                path: path.clone(),
                link,
            }));
            link.is_none()
        });
        (!had_differences || !self.differences.is_empty()).then_some(self)
    }
}

impl From<PropertyDifference> for Difference {
    fn from(difference: PropertyDifference) -> Self {
        let kind = difference.difference_type;
        Self {
            path: difference.property_path.unwrap_or_default(),
            expected: difference.expected_value.filter(|_| kind != Some(DifferenceType::Add)),
            actual: difference.actual_value.filter(|_| kind != Some(DifferenceType::Remove)),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::{
        DifferenceType, PropertyDifference, ResourceStatus, StackResourceDrift,
        StackResourceDriftInformationSummary, StackResourceDriftStatus, StackResourceSummary,
    };

    use super::Report;

    fn resource(id: &str, kind: &str, status: StackResourceDriftStatus) -> StackResourceSummary {
        let drift = StackResourceDriftInformationSummary::builder().stack_resource_drift_status(status);
        StackResourceSummary::builder()
            .logical_resource_id(id)
            .resource_type(kind)
            .last_updated_timestamp(DateTime::from_secs(0))
            .resource_status(ResourceStatus::CreateComplete)
            .drift_information(drift.build())
            .build()
    }

    fn difference(path: &str, expected: &str, actual: &str, kind: DifferenceType) -> PropertyDifference {
        PropertyDifference::builder()
            .property_path(path)
            .expected_value(expected)
            .actual_value(actual)
            .difference_type(kind)
            .build()
    }

    fn drift(
        id: &str,
        kind: &str,
        status: StackResourceDriftStatus,
        differences: Vec<PropertyDifference>,
    ) -> StackResourceDrift {
        StackResourceDrift::builder()
            .stack_id("arn:stack")
            .logical_resource_id(id)
            .physical_resource_id(format!("physical {id}"))
            .resource_type(kind)
            .stack_resource_drift_status(status)
            .timestamp(DateTime::from_secs(0))
            .set_property_differences(Some(differences))
            .build()
    }

    #[test]
    fn drift_is_listed_by_property() {
        let queue = "AWS::SQS::Queue";
        let report = Report::new(
            vec![
                resource("Queue", queue, StackResourceDriftStatus::Modified),
                resource("Gone", queue, StackResourceDriftStatus::Deleted),
                resource("Fine", queue, StackResourceDriftStatus::InSync),
                resource("Api", "AWS::ApiGatewayV2::Api", StackResourceDriftStatus::NotChecked),
                resource("Odd", queue, "UNKNOWN".into()),
            ],
            vec![
                drift(
                    "Queue",
                    queue,
                    StackResourceDriftStatus::Modified,
                    vec![
                        difference("/VisibilityTimeout", "900", "60", DifferenceType::NotEqual),
                        difference("/Tags/0", "null", r#"{"Key":"by","Value":"hand"}"#, DifferenceType::Add),
                        difference(
                            "/RedrivePolicy",
                            r#"{"maxReceiveCount":3}"#,
                            "null",
                            DifferenceType::Remove,
                        ),
                    ],
                ),
                drift("Gone", queue, StackResourceDriftStatus::Deleted, Vec::new()),
            ],
        );
        insta::assert_snapshot!(report.summary(), @"3 resources checked, 2 drifted, 2 not checked");
        let [queue, gone] = report.drifted.as_slice() else { panic!("{:?}", report.drifted) };
        assert_eq!((queue.logical_id.as_str(), queue.status.as_str()), ("Queue", "MODIFIED"));
        assert_eq!((gone.logical_id.as_str(), gone.status.as_str()), ("Gone", "DELETED"));
        assert!(gone.differences.is_empty());
        let differences: Vec<_> = queue
            .differences
            .iter()
            .map(|it| (it.path.as_str(), it.expected.as_deref(), it.actual.as_deref()))
            .collect();
        assert_eq!(
            differences,
            [
                ("/VisibilityTimeout", Some("900"), Some("60")),
                ("/Tags/0", None, Some(r#"{"Key":"by","Value":"hand"}"#)),
                ("/RedrivePolicy", Some(r#"{"maxReceiveCount":3}"#), None),
            ]
        );
        insta::assert_json_snapshot!(report.not_checked, @r#"
        [
          {
            "logical_id": "Api",
            "type": "AWS::ApiGatewayV2::Api"
          },
          {
            "logical_id": "Odd",
            "type": "AWS::SQS::Queue"
          }
        ]
        "#);
        assert!(!report.is_clean());
    }

    #[test]
    fn known_false_positives_are_not_drift() {
        let bucket = "AWS::S3::Bucket";
        let days = "/LifecycleConfiguration/Rules/0/Transitions/0/TransitionInDays";
        let report = |path: &str, expected: &str, actual: &str, kind: DifferenceType| {
            let differences = vec![difference(path, expected, actual, kind)];
            Report::new(
                vec![resource("Bucket", bucket, StackResourceDriftStatus::Modified)],
                vec![drift("Bucket", bucket, StackResourceDriftStatus::Modified, differences)],
            )
        };
        let false_positive_only = report(days, "0", "null", DifferenceType::Remove);
        assert!(false_positive_only.is_clean());
        assert_eq!(false_positive_only.summary(), "1 resources checked, 0 drifted, 0 not checked");
        assert!(false_positive_only.false_positives[0].link.ends_with("/issues/966"));
        assert!(!report(days, "0", "30", DifferenceType::NotEqual).is_clean());
        assert!(!report(days, "7", "null", DifferenceType::Remove).is_clean());
        let other = "/LifecycleConfiguration/Rules/0/Transitions/0/StorageClass";
        assert!(!report(other, "0", "null", DifferenceType::Remove).is_clean());

        let differences = vec![
            difference(days, "0", "null", DifferenceType::Remove),
            difference("/VersioningConfiguration/Status", "Enabled", "Suspended", DifferenceType::NotEqual),
        ];
        let both = Report::new(
            vec![resource("Bucket", bucket, StackResourceDriftStatus::Modified)],
            vec![drift("Bucket", bucket, StackResourceDriftStatus::Modified, differences)],
        );
        assert_eq!((both.drifted[0].differences.len(), both.false_positives.len()), (1, 1));
    }
}
