//! IAM: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>.

use super::{Call, Required};
use crate::access::{Access, global};

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let form = call.form();
    let resource = match operation.as_str() {
        "AttachRolePolicy"
        | "CreateRole"
        | "DeleteRole"
        | "DeleteRolePolicy"
        | "DetachRolePolicy"
        | "GetRole"
        | "GetRolePolicy"
        | "ListAttachedRolePolicies"
        | "ListRolePolicies"
        | "PutRolePermissionsBoundary"
        | "PutRolePolicy"
        | "TagRole"
        | "UntagRole"
        | "UpdateAssumeRolePolicy"
        | "UpdateRole"
        | "UpdateRoleDescription" => role(form.get("RoleName")),
        "SimulatePrincipalPolicy" => form.get("PolicySourceArn").unwrap_or("*").to_owned(),
        "CreatePolicy" => global("iam", &format!("policy/{}", form.get("PolicyName").unwrap_or("*"))),
        "GetPolicy" | "GetPolicyVersion" => form.get("PolicyArn").unwrap_or("*").to_owned(),
        "ListRoles" | "ListPolicies" => "*".to_owned(),
        _ => return call.unknown(operation),
    };
    let mut access = Access::new(call.action(&operation), resource);
    if let Some(boundary) = form.get("PermissionsBoundary") {
        access = access.with("iam:PermissionsBoundary", boundary);
    }
    if let (Some(policy), "AttachRolePolicy" | "DetachRolePolicy") =
        (form.get("PolicyArn"), operation.as_str())
    {
        access = access.with("iam:PolicyARN", policy);
    }
    Ok(vec![access])
}

fn role(name: Option<&str>) -> String {
    global("iam", &format!("role/{}", name.unwrap_or("*")))
}
