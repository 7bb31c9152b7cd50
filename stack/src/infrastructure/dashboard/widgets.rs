//! Widgets, without their places.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>

use serde_json::{Map, Value as Json, json};

use crate::cloudformation::Value;

/// How many seconds a point of a graph stands for.
const PERIOD_SECONDS: u32 = 300;

/// A line of a graph, or a value that only an expression reads.
pub(super) struct Line {
    /// Namespace, metric, and the names and values of dimensions; none of an expression.
    metric: Vec<String>,
    options: Map<String, Json>,
}

impl Line {
    /// Returns the line of a metric, which needs its dimensions.
    pub(super) fn metric(namespace: &str, metric: &str, statistic: &str) -> Self {
        let line = Self { metric: vec![namespace.to_owned(), metric.to_owned()], options: Map::new() };
        line.with("stat", statistic.into())
    }

    /// Returns the line of an expression over lines with an id.
    pub(super) fn expression(expression: &str, label: &str) -> Self {
        Self::search(expression).labeled(label)
    }

    /// Returns a line for each metric that a search finds, which CloudWatch labels.
    pub(super) fn search(expression: &str) -> Self {
        let line = Self { metric: Vec::new(), options: Map::new() };
        line.with("expression", expression.into())
    }

    pub(super) fn with_dimension(mut self, name: &str, value: &str) -> Self {
        self.metric.extend([name.to_owned(), value.to_owned()]);
        self
    }

    pub(super) fn labeled(self, label: &str) -> Self {
        self.with("label", label.into())
    }

    /// Hides the line, for an expression that reads it by this id.
    pub(super) fn hidden(self, id: &str) -> Self {
        self.with("id", id.into()).with("visible", false.into())
    }

    fn with(mut self, option: &str, value: Json) -> Self {
        self.options.insert(option.to_owned(), value);
        self
    }

    fn into_json(self) -> Json {
        self.metric.into_iter().map(Json::String).chain([Json::Object(self.options)]).collect()
    }
}

/// A graph.
pub(super) struct Graph(Json);

impl Graph {
    pub(super) fn new(title: &str, region: &str, lines: impl IntoIterator<Item = Line>) -> Self {
        let metrics: Vec<Json> = lines.into_iter().map(Line::into_json).collect();
        let period = PERIOD_SECONDS;
        Self(json!({
            "title": title, "region": region, "metrics": metrics, "period": period, "view": "timeSeries",
        }))
    }

    /// Adds a horizontal line, with the name of the alarm that becomes active above it.
    pub(super) fn with_limit(mut self, value: u32, alarm: &str) -> Self {
        self.0["annotations"] = json!({ "horizontal": [{ "label": alarm, "value": value }] });
        self
    }

    pub(super) fn widget(self) -> Json {
        json!({ "type": "metric", "properties": self.0 })
    }
}

/// Returns the states of alarms, those first that are active.
pub(super) fn alarms_widget(arns: &[Value<String>]) -> Json {
    let arns: Vec<String> = arns.iter().map(Value::placeholder).collect();
    json!({
        "type": "alarm",
        "properties": { "title": "Alarms", "alarms": arns, "sortBy": "stateUpdatedTimestamp" },
    })
}
