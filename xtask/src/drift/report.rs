//! What there is to say of drift.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_cloudformation::types::{
    DifferenceType, PropertyDifference, StackResourceDrift, StackResourceDriftStatus, StackResourceSummary,
};
use serde::Serialize;

use super::false_positive::{self, Folded};
use crate::terminal;

/// How much of a value is shown.
const SHOWN: usize = 100;
/// How much of it is shown before the first difference.
const BEFORE: usize = 30;

/// All resources of a stack, by what is known of them.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// How many were compared.
    checked: usize,
    /// What is not as it was deployed.
    drifted: Vec<Drifted>,
    /// What CloudFormation cannot compare, or could not.
    not_checked: Vec<NotChecked>,
    /// What CloudFormation reports although it was not changed.
    false_positives: Vec<Folded>,
}

#[derive(Debug, Serialize)]
struct Drifted {
    logical_id: String,
    #[serde(rename = "type")]
    kind: String,
    physical_id: String,
    status: String,
    differences: Vec<Difference>,
}

/// A property that is not as it was deployed. A side that has no value has no such property or element.
#[derive(Debug, Serialize)]
struct Difference {
    path: String,
    expected: Option<String>,
    actual: Option<String>,
}

#[derive(Debug, Serialize)]
struct NotChecked {
    logical_id: String,
    #[serde(rename = "type")]
    kind: String,
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
        let drifted = drifted.filter_map(|drifted| drifted.fold_into(&mut false_positives)).collect();
        Self { checked: total - not_checked.len(), drifted, not_checked, false_positives }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.drifted.is_empty()
    }

    /// How many are how.
    pub(super) fn summary(&self) -> String {
        let Self { checked, drifted, not_checked, .. } = self;
        format!("{checked} resources checked, {} drifted, {} not checked", drifted.len(), not_checked.len())
    }

    /// Show it to people: what has drifted on standard output, what to do about it beside it.
    pub(super) fn show(&self) {
        for drifted in &self.drifted {
            println!("{drifted}");
        }
        for Folded { logical_id, path, link } in &self.false_positives {
            terminal::say(format!(
                "CloudFormation reports {path} of {logical_id} as changed, which is a known fault of it: {link}"
            ));
        }
        if !self.not_checked.is_empty() {
            let kinds: BTreeSet<&str> = self.not_checked.iter().map(|it| it.kind.as_str()).collect();
            let kinds: Vec<_> = kinds.into_iter().collect();
            terminal::say(format!(
                "CloudFormation did not check resources of these types, so nothing is known of them: {}.",
                kinds.join(", ")
            ));
        }
        if !self.is_clean() {
            // CloudFormation compares templates, not resources:
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
            terminal::say(
                "A deployment does not put this back: it changes only what differs from the template before.\n\
                 Put it back by hand; or, where it shall stay, change the source likewise and deploy.",
            );
        }
        if self.drifted.iter().any(|drifted| drifted.differences.is_empty()) {
            terminal::say(
                "What was deleted can be made again by hand under the same name, \
                 or by deploying once without it and once with it.",
            );
        }
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
    /// Takes out the differences that are none, and with the last of them itself.
    fn fold_into(mut self, false_positives: &mut Vec<Folded>) -> Option<Self> {
        let had_differences = !self.differences.is_empty();
        self.differences.retain(|difference| {
            let Difference { path, expected, actual } = difference;
            let link = false_positive::link(&self.kind, path, expected.as_deref(), actual.as_deref());
            false_positives.extend(link.map(|link| Folded {
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

impl fmt::Display for Drifted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logical_id, kind, physical_id, status, differences } = self;
        writeln!(formatter, "{logical_id}  {kind}  {status}")?;
        writeln!(formatter, "  {physical_id}")?;
        differences.iter().try_for_each(|difference| write!(formatter, "{difference}"))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (expected, actual) = excerpts(self.expected.as_deref(), self.actual.as_deref());
        writeln!(formatter, "  {}", self.path)?;
        writeln!(formatter, "    deployed  {expected}")?;
        writeln!(formatter, "    now       {actual}")
    }
}

/// Of two values what fits into a line, beginning shortly before their first difference where that is far from the
/// start.
fn excerpts(expected: Option<&str>, actual: Option<&str>) -> (String, String) {
    let pairs = expected.unwrap_or_default().chars().zip(actual.unwrap_or_default().chars());
    let common = pairs.take_while(|(one, other)| one == other).count();
    let from = |value: &str| if value.chars().count() > SHOWN { common.saturating_sub(BEFORE) } else { 0 };
    let excerpt = |value: Option<&str>| {
        let Some(value) = value else { return "(not there)".to_owned() };
        let from = from(value);
        let shown: String = value.chars().skip(from).take(SHOWN).flat_map(in_one_line).collect();
        let cut = value.chars().count() > from + SHOWN;
        format!("{}{shown}{}", if from > 0 { "…" } else { "" }, if cut { "…" } else { "" })
    };
    (excerpt(expected), excerpt(actual))
}

fn in_one_line(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::{
        DifferenceType, PropertyDifference, ResourceStatus, StackResourceDrift,
        StackResourceDriftInformationSummary, StackResourceDriftStatus, StackResourceSummary,
    };

    use super::{Report, excerpts};

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
    fn what_has_drifted_is_told_property_by_property() {
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
        let shown: String = report.drifted.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(format!("{}\n{shown}", report.summary()), @r#"
        3 resources checked, 2 drifted, 2 not checked
        Queue  AWS::SQS::Queue  MODIFIED
          physical Queue
          /VisibilityTimeout
            deployed  900
            now       60
          /Tags/0
            deployed  (not there)
            now       {"Key":"by","Value":"hand"}
          /RedrivePolicy
            deployed  {"maxReceiveCount":3}
            now       (not there)
        Gone  AWS::SQS::Queue  DELETED
          physical Gone
        "#);
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
    fn known_false_positives_are_no_drift() {
        let bucket = "AWS::S3::Bucket";
        let days = "/LifecycleConfiguration/Rules/0/Transitions/0/TransitionInDays";
        let report = |path: &str, expected: &str, actual: &str, kind: DifferenceType| {
            let differences = vec![difference(path, expected, actual, kind)];
            Report::new(
                vec![resource("Bucket", bucket, StackResourceDriftStatus::Modified)],
                vec![drift("Bucket", bucket, StackResourceDriftStatus::Modified, differences)],
            )
        };
        let folded = report(days, "0", "null", DifferenceType::Remove);
        assert!(folded.is_clean());
        assert_eq!(folded.summary(), "1 resources checked, 0 drifted, 0 not checked");
        assert!(folded.false_positives[0].link.ends_with("/issues/966"));
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

    #[test]
    fn of_long_values_the_part_that_differs_is_shown() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(200), "b".repeat(200));
        let (expected, actual) = excerpts(Some(&long("one\n")), Some(&long("other")));
        insta::assert_snapshot!(format!("{expected}\n{actual}"), @r#"
        …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaone\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaotherbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        "#);
        assert_eq!(excerpts(Some("short"), None), ("short".to_owned(), "(not there)".to_owned()));
    }
}
