"""Alarms as they were defined. The local stack evaluates them, and sets their states with SetAlarmState.

MiniStack rejects or drops `Metrics`, and its own evaluation ignores dimensions and missing data.
"""

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners


def with_types(query):
    """Returns a query of metric math with the types of the API. A template may have texts in place of numbers."""
    query = {**query, "ReturnData": str(query.get("ReturnData", True)).lower() == "true"}
    if "MetricStat" in query:
        query["MetricStat"] = {**query["MetricStat"], "Period": int(query["MetricStat"]["Period"])}
    return query


# What an alarm on the result of metric math does not have.
OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")


def with_queries(alarm, queries):
    plain = {name: value for name, value in alarm.items() if name not in OF_ONE_METRIC}
    return {**plain, "Metrics": [with_types(query) for query in queries]}


record_of_one_metric = provisioners._cw_metric_alarm_record


def record(name, properties):
    """Returns the record of an alarm in a template."""
    queries = properties.get("Metrics")
    if not queries:
        return record_of_one_metric(name, properties)
    plain = {key: value for key, value in properties.items() if key != "Metrics"}
    return with_queries(record_of_one_metric(name, {**plain, "MetricName": "-", "Namespace": "-"}), queries)


put_plain_metric_alarm = cloudwatch._put_metric_alarm


def put_metric_alarm(params, data, is_cbor, is_json=False):
    response = put_plain_metric_alarm(params, data, is_cbor, is_json)
    if response[0] < 400 and data.get("Metrics"):
        name = data["AlarmName"]
        cloudwatch._alarms[name] = with_queries(cloudwatch._alarms[name], data["Metrics"])
    return response


provisioners._cw_metric_alarm_record = record
cloudwatch._put_metric_alarm = put_metric_alarm
cloudwatch._evaluate_alarm = lambda alarm: None
cloudwatch._evaluate_parent_alarms = lambda child, seen=frozenset(): None
