"""Values of metrics in limited memory: equal values of a minute are one, and all are kept for a day.

MiniStack keeps each value for two weeks, and looks through all of them at each request to CloudWatch.
"""

import time

from ministack.services import cloudwatch

KEPT_SECONDS = 24 * 60 * 60
PERIOD_SECONDS = 60

store_each_value = cloudwatch._store_datum


def store_datum(namespace, name, dimensions, timestamp, unit, value, values, counts, statistics):
    """Adds the counts of equal values in a minute, the resolution of CloudWatch."""
    minute = timestamp // PERIOD_SECONDS * PERIOD_SECONDS
    if statistics is not None:
        store_each_value(namespace, name, dimensions, minute, unit, value, values, counts, statistics)
        return
    values = [value or 0] if values is None else values
    points = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dimensions)))
    # The points of a minute are near the end, because values arrive in order.
    recent = {}
    for point in reversed(points):
        if point["Timestamp"] < minute:
            break
        if point["Timestamp"] == minute and "_stat" not in point:
            recent[point["Value"]] = point
    for number, count in zip(map(float, values), counts or [1.0] * len(values)):
        if number in recent:
            recent[number]["Count"] += float(count)
        else:
            recent[number] = {
                "Timestamp": minute,
                "Unit": unit,
                "Dimensions": dimensions,
                "Value": number,
                "Count": float(count),
            }
            points.append(recent[number])


evict = cloudwatch._evict_old_metrics
evicted_at = 0.0


def evict_each_minute():
    global evicted_at
    now = time.monotonic()
    if now - evicted_at >= PERIOD_SECONDS:
        evicted_at = now
        evict()


cloudwatch._store_datum = store_datum
cloudwatch._evict_old_metrics = evict_each_minute
cloudwatch.TWO_WEEKS_SECONDS = KEPT_SECONDS
