//! The report as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use command_line::layout;

use super::super::growth::Growth;
use super::super::observation::Quantity;
use super::super::tally::Counts;
use super::{Figures, Report, Resource};

/// Returns the report as tables and lines for the terminal.
pub(in crate::load) fn table(report: &Report) -> String {
    let mut text = format!(
        "{:.0} s, {} requests offered ({:.1}/s), {:.1}/s achieved\n\n",
        report.seconds, report.offered, report.offered_per_second, report.achieved_per_second
    );
    text.push_str(&requests(report));
    // Writing to a String cannot fail.
    if !report.functions.is_empty() {
        let _ = write!(text, "\n\n{}", functions(report));
    }
    if !report.resources.is_empty() {
        let _ = write!(text, "\n\n{}", resources(report));
    }
    for line in remarks(report) {
        let _ = write!(text, "\n\n{line}");
    }
    text
}

fn requests(report: &Report) -> String {
    let mut table = layout::table([
        "OPERATION",
        "REQUESTS",
        "2XX",
        "3XX",
        "4XX",
        "429",
        "5XX",
        "LOST",
        "ERRORS",
        "P50 MS",
        "P90",
        "P99",
        "P99.9",
        "MAX",
    ]);
    for figures in report.operations.iter().chain([&report.total]) {
        table.add_row(row(figures));
    }
    table.to_string()
}

/// Returns the figures of an operation, without zeros that nobody needs to read.
fn row(figures: &Figures) -> Vec<String> {
    let Counts {
        requests,
        status_2xx,
        status_3xx,
        status_4xx,
        status_429,
        status_5xx,
        timed_out,
        failed,
        errors,
    } = figures.counts;
    let counts =
        [requests, status_2xx, status_3xx, status_4xx, status_429, status_5xx, timed_out + failed, errors];
    let shown = |count: u64| if count == 0 { String::new() } else { count.to_string() };
    let mut row = vec![figures.operation.to_owned()];
    row.extend(counts.map(shown));
    if let Some(latency) = figures.latency_ms {
        let percentiles = [latency.p50, latency.p90, latency.p99, latency.p999, latency.max];
        row.extend(percentiles.map(|milliseconds| format!("{milliseconds:.1}")));
    }
    row
}

fn functions(report: &Report) -> String {
    let mut table = layout::table(["FUNCTION", "INVOCATIONS", "COLD STARTS", "INSTANCES", "ERRORS"]);
    for function in &report.functions {
        table.add_row([
            function.name.clone(),
            function.invocations.to_string(),
            function.cold_starts.to_string(),
            function.instances.to_string(),
            function.errors.to_string(),
        ]);
    }
    table.to_string()
}

/// Returns a row for each process: each quantity in the first and in the last minute, and its trend.
fn resources(report: &Report) -> String {
    let mut rows = BTreeMap::<&str, BTreeMap<Quantity, String>>::new();
    for resource in &report.resources {
        rows.entry(&resource.name).or_default().insert(resource.quantity, cell(resource));
    }
    let mut table = layout::table(std::iter::once("PROCESS").chain(Quantity::ALL.map(Quantity::heading)));
    for (name, mut cells) in rows {
        let cells = Quantity::ALL.map(|quantity| cells.remove(&quantity).unwrap_or_default());
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    }
    table.to_string()
}

fn cell(resource: &Resource) -> String {
    let Growth { first_minute, last_minute, trend, grows } = resource.growth;
    let digits = usize::from(resource.quantity == Quantity::Memory);
    let trend = trend.map(|trend| format!(" ({trend:+.digits$})")).unwrap_or_default();
    let verdict = match (grows, resource.is_leak()) {
        (true, true) => " GROWS",
        (true, false) => " grows, as expected",
        (false, _) => "",
    };
    format!("{first_minute:.digits$} → {last_minute:.digits$}{trend}{verdict}")
}

/// Returns what has to be known to read the figures.
pub(super) fn remarks(report: &Report) -> Vec<String> {
    let mut remarks = Vec::new();
    if report.is_interrupted {
        remarks.push("The run was interrupted.".to_owned());
    }
    let throttled = report.total.counts.status_429;
    if throttled > 0 {
        remarks.push(format!(
            "The gateway throttled requests as on AWS (429), because the rate is above the limit of a route: \
             {throttled}. They are not errors, and not in the latencies."
        ));
    }
    if report.dropped > 0 {
        remarks.push(format!(
            "Requests that were not sent, because too many were in flight: {}. The stack does not carry this rate on \
             this machine. They are not in the latencies.",
            report.dropped
        ));
    }
    let restores = report.restores;
    if restores.completed + restores.not_completed > 0 {
        remarks.push(format!(
            "Restores: {} completed, and their file deleted again; {} not completed in time.",
            restores.completed, restores.not_completed
        ));
    }
    if !report.resources.is_empty() && report.resources.iter().all(|resource| resource.growth.trend.is_none())
    {
        remarks.push("The run was too short to judge growth, which takes 3 minutes.".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::super::super::tally::Ending;
    use super::super::tests::report;
    use super::*;

    #[test]
    fn report_is_a_table_with_remarks() {
        let endings = [Ending::Status(200), Ending::Status(429), Ending::Status(502), Ending::TimedOut];
        let mut report = report(&endings, None, &["emulator", "stack"]);
        report.dropped = 2;
        insta::assert_snapshot!(table(&report));
    }
}
