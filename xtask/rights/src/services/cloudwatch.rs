//! CloudWatch: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html>.

use super::{Call, Required};
use crate::access::{Access, global};

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let form = call.form();
    let alarm = |name: &str| call.regional(&format!("alarm:{name}"));
    let resource = match operation.as_str() {
        // A filter by prefix needs the permission for all alarms:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        "DescribeAlarms" | "DescribeAlarmHistory" => alarm("*"),
        "PutMetricAlarm" | "SetAlarmState" => match form.get("AlarmName") {
            Some(name) => alarm(name),
            // The binary protocol contains the name too, but no identity with limited permissions calls these.
            None => alarm("*"),
        },
        "DeleteAlarms" => alarm(form.get("AlarmNames.member.1").unwrap_or("*")),
        "GetDashboard" => {
            let name = form.get("DashboardName").unwrap_or("*");
            global("cloudwatch", &format!("dashboard/{name}"))
        }
        "GetMetricData" | "GetMetricStatistics" | "ListDashboards" | "ListMetrics" | "PutMetricData" => {
            "*".to_owned()
        }
        _ => return call.unknown(operation),
    };
    Ok(vec![Access::new(call.action(&operation), resource)])
}
