//! The dashboard: four questions with the graphs that answer them, then the functions and the CDN.
//!
//! The functions' own metrics are used where they say more than those of AWS: they count packages instead of messages,
//! messages instead of batches, and know routes.

mod layout;
mod widgets;

use openapi::telemetry::{self, Metric};
use serde_json::Value as Json;

use super::context::Context;
use super::gateway::Gateway;
use super::own_metrics;
use crate::cloudformation::{Dashboard, Distribution, Handle, Template, Value};
use crate::function_name::FunctionName;
use layout::Section;
use widgets::{Graph, Line, alarms_widget};

const SECONDS_OF_DAY: u32 = 24 * 60 * 60;

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    gateway: &Gateway,
    distribution: &Handle<Distribution>,
    alarms: &[Value<String>],
) {
    let graphs = Graphs { context, api: gateway.api.reference(), distribution: distribution.reference() };
    let sections = [
        Section {
            title: "Is it up?",
            text: "Share of 5xx above the line for ten minutes: `api-5xx`. Each alarm has a page in docs/runbook.md.",
            widgets: graphs.is_it_up(alarms),
        },
        Section {
            title: "Is it slow?",
            text: "All requests as clients see them, and each route as the API function measures it, in milliseconds.",
            widgets: graphs.is_it_slow(),
        },
        Section {
            title: "Does the queue move?",
            text: "Messages wait, are in flight, or are dead letters. A restored folder counts with everything in it.",
            widgets: graphs.does_the_queue_move(),
        },
        Section {
            title: "Are the keys young?",
            text: "The age of the key that signs, while URLs are signed. Above the line: `cargo xtask keys rotate`.",
            widgets: graphs.are_the_keys_young(),
        },
        Section {
            title: "The functions",
            text: "What Lambda and the functions measure.",
            widgets: graphs.functions(),
        },
        Section {
            title: "The CDN",
            text: "Requests for viewer assets, and how many percent of them fail.",
            widgets: graphs.cdn(),
        },
    ];
    template.add(
        "Dashboard",
        Dashboard {
            dashboard_name: context.names.service_resource("dashboard"),
            // Every string in it is a placeholder, or a literal that contains none.
            dashboard_body: Value::Substituted(layout::body(sections)),
        },
    );
}

struct Graphs<'a> {
    context: &'a Context<'a>,
    api: Value<String>,
    distribution: Value<String>,
}

impl Graphs<'_> {
    fn is_it_up(&self, alarms: &[Value<String>]) -> Vec<Json> {
        let api = |metric| self.gateway_line(metric, "Sum");
        let share = self.graph(
            "Share of 5xx in %",
            [
                api("5xx").hidden("errors"),
                api("Count").hidden("requests"),
                Line::expression("100 * errors / requests", "5xx in %"),
            ],
        );
        vec![
            self.graph("Requests", [api("Count"), api("4xx"), api("5xx")]).widget(),
            share.with_limit(5, "api-5xx").widget(),
            alarms_widget(alarms),
        ]
    }

    fn is_it_slow(&self) -> Vec<Json> {
        use own_metrics::{FUNCTION, ROUTE};
        let latency = Metric::LATENCY.name;
        let function = self.context.names.function(FunctionName::Api);
        // Only the API's own document names routes, so the graph finds them:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
        let by_route = |statistic| {
            let namespace = telemetry::NAMESPACE;
            let metrics = format!(
                "{{{namespace},{FUNCTION},{ROUTE}}} MetricName=\"{latency}\" {FUNCTION}=\"{function}\""
            );
            [Line::search(&format!("SEARCH('{metrics}', '{statistic}')"))]
        };
        vec![
            self.graph("All requests", ["p50", "p99"].map(|it| self.gateway_line("Latency", it))).widget(),
            self.graph("By route, p50", by_route("p50")).widget(),
            self.graph("By route, p99", by_route("p99")).widget(),
        ]
    }

    fn does_the_queue_move(&self) -> Vec<Json> {
        let names = self.context.names;
        let line = |metric, queue: String| {
            Line::metric("AWS/SQS", metric, "Maximum").with_dimension("QueueName", &queue)
        };
        let restore = |metric| line(metric, names.restore_queue());
        let visible = "ApproximateNumberOfMessagesVisible";
        let own = |metric| self.own_line(FunctionName::Restore, metric, "Sum");
        vec![
            self.graph(
                "Messages",
                [
                    restore(visible).labeled("waiting"),
                    restore("ApproximateNumberOfMessagesNotVisible").labeled("in flight"),
                    line(visible, names.restore_dead_letter_queue()).labeled("dead letters"),
                ],
            )
            .widget(),
            self.graph("Age of the oldest message in s", [restore("ApproximateAgeOfOldestMessage")]).widget(),
            self.graph("Packages", [Metric::RESTORED_PACKAGES, Metric::PACKAGES_LEFT_DELETED].map(own))
                .widget(),
        ]
    }

    fn are_the_keys_young(&self) -> Vec<Json> {
        let own = |metric, statistic| self.own_line(FunctionName::Api, metric, statistic);
        let age = self.graph(
            "Age of the signing key in days",
            [
                own(Metric::KEY_AGE, "Maximum").hidden("age"),
                Line::expression(&format!("age / {SECONDS_OF_DAY}"), "age in days"),
            ],
        );
        let days = self.context.environment.signing_key_rotation_days.get();
        vec![
            age.with_limit(days.into(), "signing-key-age").widget(),
            self.graph("Failed signatures", [own(Metric::SIGNING_FAILURES, "Sum")]).widget(),
        ]
    }

    fn functions(&self) -> Vec<Json> {
        let each = |metric, statistic| {
            self.context.environment.functions().iter().map(move |function| {
                let name = self.context.names.function(*function);
                Line::metric("AWS/Lambda", metric, statistic).with_dimension("FunctionName", &name)
            })
        };
        let each_own = |metric| {
            self.context
                .environment
                .functions()
                .iter()
                .map(move |function| self.own_line(*function, metric, "Sum"))
        };
        let restore = |statistic| self.own_line(FunctionName::Restore, Metric::RESTORE_DURATION, statistic);
        vec![
            self.graph("Errors and throttles", each("Errors", "Sum").chain(each("Throttles", "Sum")))
                .widget(),
            self.graph("Duration in ms, p99", each("Duration", "p99")).widget(),
            self.graph("Duration of a restore in ms", ["p50", "p99"].map(restore)).widget(),
            self.graph("Instances at the same time", each("ConcurrentExecutions", "Maximum")).widget(),
            self.graph("Cold starts", each_own(Metric::COLD_STARTS)).widget(),
            self.graph("Repeated on another database connection", each_own(Metric::DATABASE_RECONNECTS))
                .widget(),
        ]
    }

    /// CloudFront's metrics are in `us-east-1`, with a second dimension that says so:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>.
    fn cdn(&self) -> Vec<Json> {
        let graph = |title, metric, statistic| {
            let line = Line::metric("AWS/CloudFront", metric, statistic)
                .with_dimension("Region", "Global")
                .with_dimension("DistributionId", &self.distribution.placeholder());
            Graph::new(title, "us-east-1", [line]).widget()
        };
        vec![graph("Requests", "Requests", "Sum"), graph("Errors in %", "TotalErrorRate", "Average")]
    }

    fn graph(&self, title: &str, lines: impl IntoIterator<Item = Line>) -> Graph {
        Graph::new(title, self.context.environment.region.as_str(), lines)
    }

    fn gateway_line(&self, metric: &str, statistic: &'static str) -> Line {
        Line::metric("AWS/ApiGateway", metric, statistic).with_dimension("ApiId", &self.api.placeholder())
    }

    /// Returns a line for a metric that a function writes itself.
    fn own_line(&self, function: FunctionName, metric: Metric, statistic: &'static str) -> Line {
        let name = self.context.names.function(function);
        Line::metric(telemetry::NAMESPACE, metric.name, statistic)
            .with_dimension(own_metrics::FUNCTION, &name)
    }
}

#[cfg(test)]
mod tests;
