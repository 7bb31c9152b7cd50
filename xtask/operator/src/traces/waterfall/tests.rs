use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::DateTime;
use command_line::terminal::Palette;
use deploy::traces::{Event, Failure, Span, Trace};

use super::{milliseconds, to_text};

fn span(depth: usize, name: &str, start: f64, duration: f64) -> Span {
    Span {
        depth,
        name: name.to_owned(),
        origin: None,
        detail: None,
        start,
        duration: Some(duration),
        status: None,
        failure: None,
        cause: None,
        annotations: BTreeMap::new(),
    }
}

fn trace() -> Trace {
    let function = |origin: &str, depth, start, duration| Span {
        origin: Some(origin.to_owned()),
        ..span(depth, "dev-packages-api-use1", start, duration)
    };
    let annotations =
        [("route", "POST /restore"), ("outcome", "queue-unavailable"), ("request_id", "AU3zehLqoAMEJGQ=")];
    let request = Span {
        annotations: annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        status: Some(503),
        failure: Some(Failure::Fault),
        cause: Some("the queue does not exist\u{1b}[31m".to_owned()),
        ..span(2, "request", 105.0, 700.0)
    };
    let statement = |text: &str, start, duration| Span {
        detail: Some(text.to_owned()),
        ..span(3, "PostgreSQL", start, duration)
    };
    let call = |failure, status, start| Span {
        detail: Some("SendMessageBatch".to_owned()),
        status: Some(status),
        failure: Some(failure),
        ..span(3, "SQS", start, 100.0)
    };
    let event = Event {
        title: "POST /restore".to_owned(),
        id: Some("AU3zehLqoAMEJGQ=".to_owned()),
        status: Some(503),
        outcome: "queue-unavailable".to_owned(),
    };
    Trace {
        id: "1-5759e988-bd862e3fe1be46a994272793".to_owned(),
        start: DateTime::from_timestamp(1_465_510_280, 0).unwrap(),
        duration: 812.0,
        event: Some(event),
        failure: Some(Failure::Fault),
        spans: vec![
            function("AWS::Lambda", 0, 0.0, 812.0),
            function("AWS::Lambda::Function", 1, 2.0, 808.0),
            span(2, "Initialization", 3.0, 98.0),
            request,
            statement(
                "UPDATE \"2\".packages SET state = 'RESTORING' WHERE node_id = ANY($1) RETURNING id",
                120.0,
                4.25,
            ),
            call(Failure::Throttle, 400, 200.0),
            Span { duration: None, ..call(Failure::Fault, 500, 450.0) },
            span(2, "Overhead", 811.0, 0.5),
        ],
        unreadable: 1,
        is_truncated: true,
    }
}

#[test]
fn waterfall_fits_the_width() {
    let mut text = String::new();
    for width in [60, 80, 120] {
        let shown = to_text(&trace(), width, Palette::default());
        for line in shown.lines().filter(|line| line.contains(" ms") && !line.starts_with("1-")) {
            assert!(line.chars().count() <= width, "{line}");
        }
        writeln!(text, "== {width} columns\n{shown}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn text_of_a_document_cannot_control_the_terminal() {
    assert!(!to_text(&trace(), 80, Palette::default()).contains('\u{1b}'));
}

#[test]
fn trace_without_time_and_spans_is_shown() {
    let mut empty = trace();
    (empty.spans, empty.duration) = (Vec::new(), 0.0);
    assert!(to_text(&empty, 0, Palette::default()).starts_with("1-5759e988"));
    empty.spans.push(span(0, "a", 0.0, 0.0));
    assert!(to_text(&empty, 80, Palette::default()).contains('█'));
}

#[test]
fn times_have_their_unit() {
    assert_eq!([0.25, 9.99, 812.4, 12_345.0].map(milliseconds), ["0.2 ms", "10.0 ms", "812 ms", "12.3 s"]);
}
