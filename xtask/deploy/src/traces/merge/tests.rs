use serde_json::{Value, json};

use super::super::span::{Event, Failure, Trace};

const ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn id(number: u64) -> String {
    format!("{number:016x}")
}

fn work(number: u64, parent: Option<u64>, start: f64, end: f64) -> Value {
    let mut work = json!({
        "id": id(number), "name": format!("work {number}"), "trace_id": ID, "start_time": start, "end_time": end,
    });
    if let Some(parent) = parent {
        work["parent_id"] = id(parent).into();
    }
    work
}

fn merged(documents: &[Value]) -> Trace {
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    Trace::of(ID, texts.iter().map(String::as_str), false).unwrap()
}

/// Returns the number of each span, indented by its depth.
fn outline(trace: &Trace) -> Vec<String> {
    trace
        .spans
        .iter()
        .map(|span| format!("{}{}", " ".repeat(span.depth), &span.name["work ".len()..]))
        .collect()
}

#[test]
fn parts_sent_apart_and_embedded_parts_are_one_tree_in_the_order_of_time() {
    let mut segment = work(1, None, 100.0, 101.0);
    segment["subsegments"] = json!([work(3, None, 100.5, 100.6), work(2, None, 100.1, 100.4)]);
    let trace = merged(&[work(5, Some(4), 100.31, 100.32), work(4, Some(2), 100.3, 100.35), segment]);
    assert_eq!(outline(&trace), ["1", " 2", "  4", "   5", " 3"]);
    assert_eq!((trace.start.timestamp(), trace.duration), (100, 1000.0));
    let times: Vec<_> = trace.spans.iter().map(|span| (span.start, span.duration)).collect();
    assert_eq!(times[1], (100.0, Some(300.0)));
    assert_eq!(times[3], (310.0, Some(10.0)));
}

#[test]
fn part_without_its_parent_is_at_the_top() {
    let trace = merged(&[work(2, Some(9), 100.2, 100.3), work(1, None, 100.0, 100.1)]);
    assert_eq!(outline(&trace), ["1", "2"]);
}

#[test]
fn parents_in_a_cycle_are_shown_once() {
    let trace = merged(&[
        work(1, Some(2), 100.0, 100.1),
        work(2, Some(1), 100.2, 100.3),
        work(3, Some(3), 100.4, 100.5),
        work(4, Some(2), 100.6, 100.7),
    ]);
    assert_eq!(outline(&trace), ["1", " 2", "  4", "3"]);
}

#[test]
fn long_chain_is_merged() {
    let chain: Vec<Value> = (1..20_000).map(|number| work(number, Some(number - 1), 100.0, 100.1)).collect();
    assert_eq!(merged(&chain).spans.last().unwrap().depth, 19_998);
}

#[test]
fn ended_segment_replaces_the_one_in_progress() {
    let mut begun = work(1, None, 100.0, 0.0);
    begun.as_object_mut().unwrap().remove("end_time");
    begun["in_progress"] = true.into();
    let ended = work(1, None, 100.0, 100.5);
    for documents in [[begun.clone(), ended.clone()], [ended, begun.clone()]] {
        let trace = merged(&documents);
        assert_eq!((trace.spans.len(), trace.spans[0].duration), (1, Some(500.0)));
    }
    assert_eq!(merged(&[begun]).spans[0].duration, None);
}

#[test]
fn segment_that_x_ray_infers_is_left_out() {
    let mut inferred = work(2, Some(1), 100.0, 100.1);
    inferred["inferred"] = true.into();
    assert_eq!(outline(&merged(&[work(1, None, 100.0, 100.1), inferred])), ["1"]);
}

#[test]
fn trace_has_its_first_event_and_the_worst_failure_of_all() {
    let mut request = work(2, Some(1), 100.1, 100.2);
    request["annotations"] = json!({"request_id": "a=", "route": "POST /restore", "outcome": "accepted"});
    request["http"] = json!({"response": {"status": 202}});
    let mut retried = work(3, Some(2), 100.1, 100.15);
    retried["fault"] = true.into();
    let trace = merged(&[work(1, None, 100.0, 100.3), request.clone(), retried.clone()]);
    let event = Event {
        title: "POST /restore".to_owned(),
        id: Some("a=".to_owned()),
        status: Some(202),
        outcome: "accepted".to_owned(),
    };
    assert_eq!(trace.event, Some(event.clone()));
    assert_eq!(trace.failure, None, "the event has handled the failure of a call");

    let mut restore = work(4, Some(3), 101.0, 102.0);
    restore["annotations"] = json!({"message_id": "m", "outcome": "failed"});
    restore["error"] = true.into();
    let trace = merged(&[restore, request, retried, work(1, None, 100.0, 100.3)]);
    assert_eq!((trace.event, trace.failure), (Some(event), Some(Failure::Error)));
}

#[test]
fn unreadable_documents_are_counted() {
    let texts = ["no JSON".to_owned(), work(1, None, 100.0, 100.1).to_string()];
    let trace = Trace::of(ID, texts.iter().map(String::as_str), true).unwrap();
    assert_eq!((trace.spans.len(), trace.unreadable, trace.is_truncated), (1, 1, true));
    assert!(Trace::of(ID, ["{}"].into_iter(), false).is_none());
}
