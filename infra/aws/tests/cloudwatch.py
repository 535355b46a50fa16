"""How CloudWatch evaluates an alarm, by its guide ("Alarm evaluation", "Configuring how CloudWatch alarms treat missing data",
"Using metric math"), as far as our alarms go.

Time counts in seconds from the creation of the stack. A metric is a list of (time, value), known by its namespace, its name
and its dimensions.
"""

import re
from collections import defaultdict

STATISTICS = {"Sum": sum, "Maximum": max, "SampleCount": len}
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
# More periods are read than are evaluated, so that old data can stand in for missing data. The guide's tables read two more.
EXTRA_PERIODS = 2


def identity(namespace: str, name: str, dimensions: dict) -> tuple:
    return namespace, name, frozenset(dimensions.items())


def watched(metric: dict) -> tuple:
    """The identity of a metric as an alarm names it."""
    return identity(metric["Namespace"], metric["MetricName"], {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])})


def metrics(alarm: dict) -> list[tuple]:
    """The identities of all metrics that an alarm looks at."""
    if "Metrics" not in alarm:
        return [watched(alarm)]
    return [watched(query["MetricStat"]["Metric"]) for query in alarm["Metrics"] if "MetricStat" in query]


class Series:
    """A value for each period from the creation of the stack on; None where there is no data."""

    def __init__(self, values: list):
        self.values = values

    def __add__(self, other):
        # A result exists where both have data.
        pairs = zip(self.values, other.values, strict=True)
        return Series([None if None in pair else sum(pair) for pair in pairs])

    def __rmul__(self, factor):
        return Series([None if value is None else factor * value for value in self.values])


def fill(series: Series, value: float) -> Series:
    return Series([value if one is None else one for one in series.values])


def aggregated(points: list, statistic: str, period: int, until: int) -> Series:
    buckets = defaultdict(list)
    for time, value in points:
        buckets[time // period].append(value)
    return Series([STATISTICS[statistic](buckets[n]) if n in buckets else None for n in range(until // period)])


def series(alarm: dict, data: dict, until: int) -> tuple[int, list]:
    """The period, and what the threshold is compared with."""
    if "Metrics" not in alarm:
        points = data.get(watched(alarm), [])
        return alarm["Period"], aggregated(points, alarm["Statistic"], alarm["Period"], until).values
    named = {}
    for query in alarm["Metrics"]:
        if "MetricStat" in query:
            stat = query["MetricStat"]
            period = stat["Period"]
            named[query["Id"]] = aggregated(data.get(watched(stat["Metric"]), []), stat["Stat"], period, until)
    expression, = (query["Expression"] for query in alarm["Metrics"] if query.get("ReturnData", True))
    assert re.fullmatch(r"[a-z0-9 +*(),FIL]+", expression), expression
    return period, eval(expression, {"__builtins__": {}}, named | {"FILL": fill}).values  # noqa: S307: it is our own template


def state(alarm: dict, values: list) -> str:
    """Of the values of the newest periods, newest first; None is missing."""
    wanted = alarm["EvaluationPeriods"]
    breaches = [COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]) for value in values if value is not None]
    # With enough data, missing periods are passed over; else they are filled in, as few as possible.
    missing = {"notBreaching": False, "breaching": True}[alarm["TreatMissingData"]]
    considered = breaches[:wanted] if len(breaches) >= wanted else breaches + [missing] * (wanted - len(breaches))
    return "ALARM" if sum(considered) >= alarm.get("DatapointsToAlarm", wanted) else "OK"


def states(alarm: dict, data: dict, until: int) -> list[tuple[int, str]]:
    """The state after each period from the creation of the stack on."""
    period, values = series(alarm, data, until)
    count = alarm["EvaluationPeriods"] + EXTRA_PERIODS
    newest_first = (values[max(0, n + 1 - count) : n + 1][::-1] for n in range(len(values)))
    return [((n + 1) * period, state(alarm, read)) for n, read in enumerate(newest_first)]
