//! The report as a web page that loads nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::observation::{Observed, Quantity};
use super::super::tally::Percentiles;
use super::super::timeline::Point;
use super::Report;
use super::chart::{Chart, ChartLine, escaped};
use super::table::table;

const STYLE: &str = include_str!("page.css");

/// Returns a page with the charts and the tables of a run.
pub(in crate::load) fn page(report: &Report, observed: &Observed) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Load</title>\n<style>\n{STYLE}</style>\n\
         <h1>Load of the local stack</h1>\n"
    );
    // Writing to a String cannot fail.
    for missed in &report.missed {
        let _ = writeln!(page, "<p class=\"missed\">Missed: {}</p>", escaped(missed));
    }
    for chart in [latencies(report), rates(report)].into_iter().chain(resources(observed)) {
        page.push_str(&chart.to_string());
    }
    let _ = writeln!(page, "<pre>{}</pre>", escaped(&table(report)));
    page
}

fn latencies(report: &Report) -> Chart {
    let line = |name: &str, value: fn(Percentiles) -> f64| ChartLine {
        name: name.to_owned(),
        points: report
            .timeline
            .iter()
            .filter_map(|point| Some((point.seconds, value(point.latency_ms?))))
            .collect(),
    };
    Chart {
        title: "Latency from the scheduled time, ms".to_owned(),
        lines: vec![
            line("p50", |latency| latency.p50),
            line("p90", |latency| latency.p90),
            line("p99", |latency| latency.p99),
            line("maximum", |latency| latency.max),
        ],
        is_logarithmic: true,
    }
}

fn rates(report: &Report) -> Chart {
    let line = |name: &str, value: fn(&Point) -> f64| ChartLine {
        name: name.to_owned(),
        points: report.timeline.iter().map(|point| (point.seconds, value(point))).collect(),
    };
    Chart {
        title: "Requests per second".to_owned(),
        lines: vec![
            line("offered", |point| point.offered),
            line("achieved", |point| point.achieved),
            line("throttled (429)", |point| point.throttled),
            line("not sent", |point| point.dropped),
        ],
        is_logarithmic: false,
    }
}

/// Returns a chart of each quantity, with a line for each process.
fn resources(observed: &Observed) -> impl Iterator<Item = Chart> {
    let mut charts = BTreeMap::<Quantity, Vec<ChartLine>>::new();
    for (subject, samples) in &observed.series {
        let points = samples.iter().map(|sample| (sample.seconds, sample.value)).collect();
        charts.entry(subject.quantity).or_default().push(ChartLine { name: subject.name.clone(), points });
    }
    let chart = |(quantity, lines): (Quantity, _)| Chart {
        title: format!("Resources: {}", quantity.name()),
        lines,
        is_logarithmic: false,
    };
    charts.into_iter().map(chart)
}

#[cfg(test)]
mod tests {
    use super::super::super::growth::Sample;
    use super::super::super::observation::Subject;
    use super::super::super::tally::Ending;
    use super::super::tests::report;
    use super::*;

    #[test]
    fn page_has_all_charts_and_loads_nothing() {
        let subject = |quantity| Subject { name: "api <1>".to_owned(), quantity };
        let samples = vec![Sample { seconds: 0.0, value: 1.0 }, Sample { seconds: 5.0, value: 2.0 }];
        let observed = Observed {
            series: [Quantity::Memory, Quantity::Threads].map(|it| (subject(it), samples.clone())).into(),
            functions: Vec::new(),
        };
        let page = page(&report(&[Ending::Status(500)], None, &[]), &observed);
        assert_eq!(page.matches("<svg").count(), 4);
        assert!(
            page.contains("api &lt;1&gt;") && page.contains("Missed: 100.00 % of the requests failed"),
            "{page}"
        );
        for forbidden in ["http:", "https:", "<script", "src=", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
