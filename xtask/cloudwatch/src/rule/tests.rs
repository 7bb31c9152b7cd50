use proptest::prelude::*;

use super::Rule;
use crate::alarm::State;

fn holds(rule: &str) -> bool {
    let state = |name: &str| match name {
        "active" => Some(State::Alarm),
        "inactive" => Some(State::Ok),
        "new" => Some(State::InsufficientData),
        _ => None,
    };
    rule.parse::<Rule>().unwrap().holds(&state)
}

#[test]
fn rule_holds_by_the_states_of_its_alarms() {
    for rule in [
        "ALARM(active)",
        "ALARM(\"active\") AND OK(inactive)",
        "ALARM(inactive) OR INSUFFICIENT_DATA(new)",
        "NOT ALARM(inactive)",
        "NOT (ALARM(inactive) OR OK(active))",
        "ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:active)",
        "ALARM(active) OR ALARM(inactive) AND ALARM(inactive)",
        "TRUE AND NOT FALSE",
    ] {
        assert!(holds(rule), "{rule}");
    }
    for rule in [
        "ALARM(inactive)",
        "ALARM(missing)",
        "OK(missing)",
        "(ALARM(active) OR OK(inactive)) AND OK(new)",
        "FALSE",
    ] {
        assert!(!holds(rule), "{rule}");
    }
}

#[test]
fn alarms_of_a_rule_are_listed_by_name() {
    let rule: Rule = "ALARM(b) AND (OK(\"a\") OR NOT ALARM(arn:aws:cloudwatch:r:1:alarm:c))".parse().unwrap();
    assert_eq!(rule.alarms().into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn invalid_rule_is_rejected() {
    for (rule, expected) in [
        ("", "the rule has its end where"),
        ("ALARM", "the rule has its end where"),
        ("ALARM(a) ALARM(b)", "the rule has ALARM where"),
        ("RED(a)", "the rule has RED where"),
        ("(ALARM(a)", "the rule has its end where"),
        ("ALARM(\"a)", "the rule has a quotation mark where"),
        ("AT_LEAST(1, ALARM, (a, b))", "AT_LEAST in a rule is not emulated"),
    ] {
        let error = rule.parse::<Rule>().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{rule}: {error}");
    }
    for deep in ["(".repeat(100_000), "NOT ".repeat(100_000)] {
        assert_eq!(deep.parse::<Rule>().unwrap_err().to_string(), "the rule is nested too deeply");
    }
}

proptest! {
    #[test]
    fn no_text_causes_a_panic(text in "(ALARM|OK|NOT|AND|OR|\\(|\\)|\"| |a|,){0,30}|.{0,20}") {
        let _ = text.parse::<Rule>();
    }
}
