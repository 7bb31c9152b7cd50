//! `AWS::IAM::Role`.

use serde_json::{Value as Json, json};

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::policy_document::PolicyDocument;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes};
use crate::cloudformation::rights::{Rights, Target};

attributes!(RoleAttribute { Arn });

properties! {
    Role {
        "Description" description: String => Plain,
        "AssumeRolePolicyDocument" assume_role_policy_document: PolicyDocument => Grants,
        "Policies" policies: Vec<Policy> => Grants,
        "PermissionsBoundary" permissions_boundary: Option<String> => Compared(boundary),
    }

    Policy {
        "PolicyName" policy_name: &'static str => Grants,
        "PolicyDocument" policy_document: PolicyDocument => Grants,
    }
}

impl Resource for Role {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::IAM::Role",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants,
        rights: Rights {
            read: &[(
                Target::Roles,
                &["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            )],
            deploy: &[
                (
                    Target::Roles,
                    &[
                        "iam:DeleteRole",
                        "iam:UpdateAssumeRolePolicy",
                        "iam:UpdateRole",
                        "iam:UpdateRoleDescription",
                    ],
                ),
                (Target::BoundedRoles, &["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy"]),
                (Target::RoleBoundary, &["iam:PutRolePermissionsBoundary"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["Path", "RoleName"],
    };
    type Attribute = RoleAttribute;
}

fn boundary(consequences: &mut Consequences, old: &Json, new: &Json) {
    if !old.is_null() && old != new {
        consequences.opens("the permissions boundary is removed or replaced");
    }
}

/// Returns the trust policy, the inline policies, and a policy for each managed one, whose content is not known here.
fn grants(role: &Json) -> Vec<(String, Json)> {
    let mut policies = vec![("Trust".to_owned(), role["AssumeRolePolicyDocument"].clone())];
    for policy in role["Policies"].as_array().into_iter().flatten() {
        let name = policy["PolicyName"].as_str().unwrap_or("Policy");
        policies.push((name.to_owned(), policy["PolicyDocument"].clone()));
    }
    for managed in role["ManagedPolicyArns"].as_array().into_iter().flatten() {
        let statement =
            json!({ "Effect": "Allow", "Action": "everything that the policy allows", "Resource": managed });
        policies.push(("ManagedPolicyArns".to_owned(), json!({ "Statement": [statement] })));
    }
    policies
}
