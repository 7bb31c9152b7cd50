use proptest::prelude::*;

use super::{EvaluationError, Expression, Filling, Operator, Series};
use crate::periods::Periods;

const PERIODS: Periods = Periods { start: 6_000, seconds: 300, count: 3 };

fn evaluate(text: &str) -> Series {
    let series = |id: &str| match id {
        "a" => Ok(vec![Some(1.0), None, Some(4.0)]),
        "b" => Ok(vec![Some(0.0), Some(2.0), Some(8.0)]),
        "none" => Ok(vec![None; 3]),
        _ => Err(EvaluationError::UnknownId(id.to_owned())),
    };
    text.parse::<Expression>().unwrap().evaluate(PERIODS, &series).unwrap()
}

fn error_of(text: &str) -> String {
    text.parse::<Expression>().unwrap_err().to_string()
}

#[test]
fn operators_bind_as_in_arithmetic() {
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("100 * 3 / 4", 75.0),
        ("2 ^ 3 * 2", 16.0),
        ("-2 + 5", 3.0),
        ("1 + 1 == 2", 1.0),
        ("1 > 2 OR 3 >= 3 AND 1 != 2", 1.0),
        ("1 || 0 && 0", 1.0),
        ("IF(0, 1, IF(2 <= 2, 5, 6))", 5.0),
        ("1.5 < .5", 0.0),
    ] {
        assert_eq!(evaluate(text), [Some(expected); 3], "{text}");
    }
}

#[test]
fn value_that_is_missing_in_one_series_only_is_zero() {
    assert_eq!(evaluate("a + b"), [Some(1.0), Some(2.0), Some(12.0)]);
    assert_eq!(evaluate("b - a"), [Some(-1.0), Some(2.0), Some(4.0)]);
    assert_eq!(evaluate("a >= b"), [Some(1.0), Some(0.0), Some(0.0)]);
    assert_eq!(evaluate("none + none"), [None; 3]);
}

#[test]
fn number_adds_no_data_points() {
    assert_eq!(evaluate("5 * a"), [Some(5.0), None, Some(20.0)]);
    assert_eq!(evaluate("-(2 * 3) + a"), [Some(-5.0), None, Some(-2.0)]);
}

/// The examples of comparisons in AWS's documentation.
#[test]
fn documented_comparisons() {
    let series = |id: &str| match id {
        "metric1" => Ok(vec![Some(30.0), Some(20.0), Some(0.0), Some(0.0)]),
        _ => Ok(vec![Some(20.0), None, Some(20.0), None]),
    };
    for (text, expected) in [
        ("metric1 < metric2", [0.0, 0.0, 1.0, 0.0]),
        ("metric1 >= 30", [1.0, 0.0, 0.0, 0.0]),
        ("metric1 > 15 AND metric2 > 15", [1.0, 0.0, 0.0, 0.0]),
    ] {
        let periods = Periods { count: 4, ..PERIODS };
        let result = text.parse::<Expression>().unwrap().evaluate(periods, &series).unwrap();
        assert_eq!(result, expected.map(Some), "{text}");
    }
}

/// The tables of AWS's documentation.
#[test]
fn documented_conditions() {
    let series = |id: &str| match id {
        "metric1" => Ok(vec![Some(1.0), Some(1.0), Some(0.0), Some(0.0), None]),
        "metric2" => Ok(vec![Some(30.0), None, Some(0.0), Some(0.0), Some(30.0)]),
        _ => Ok(vec![Some(0.0), Some(0.0), Some(20.0), None, Some(20.0)]),
    };
    for (text, expected) in [
        ("IF(metric1, metric2, metric3)", [Some(30.0), Some(0.0), Some(20.0), None, None]),
        ("IF(metric1, 5, metric3)", [Some(5.0), Some(5.0), Some(20.0), None, None]),
        ("IF(metric1, metric2, 5)", [Some(30.0), Some(0.0), Some(5.0), Some(5.0), None]),
        ("IF(1, metric2, metric3)", [Some(30.0), None, Some(0.0), Some(0.0), Some(30.0)]),
    ] {
        let periods = Periods { count: 5, ..PERIODS };
        let result = text.parse::<Expression>().unwrap().evaluate(periods, &series).unwrap();
        assert_eq!(result, expected, "{text}");
    }
}

#[test]
fn missing_data_points_are_filled() {
    assert_eq!(evaluate("FILL(a, 0)"), [Some(1.0), Some(0.0), Some(4.0)]);
    assert_eq!(evaluate("FILL(a, REPEAT)"), [Some(1.0), Some(1.0), Some(4.0)]);
    assert_eq!(evaluate("FILL(none, b)"), [Some(0.0), Some(2.0), Some(8.0)]);
}

#[test]
fn division_by_zero_is_missing() {
    assert_eq!(evaluate("100 * 8 / b"), [None, Some(400.0), Some(100.0)]);
    assert_eq!(evaluate("IF(b >= 1, 8 / b, 0)"), [Some(0.0), Some(4.0), Some(1.0)]);
}

#[test]
fn epoch_is_the_start_of_each_period() {
    assert_eq!(evaluate("EPOCH(none) - 6000"), [Some(0.0), Some(300.0), Some(600.0)]);
}

#[test]
fn expressions_of_the_alarms_are_evaluated() {
    assert_eq!(evaluate("IF(b > 0 AND FILL(none, 0) == 0, 1, 0)"), [Some(0.0), Some(1.0), Some(1.0)]);
    assert_eq!(evaluate("IF(b >= 2, 100 * a / b, 0)"), [Some(0.0), Some(0.0), Some(50.0)]);
}

#[test]
fn what_is_not_emulated_is_named() {
    assert_eq!(error_of("ANOMALY_DETECTION_BAND(a, 2)"), "function ANOMALY_DETECTION_BAND is not emulated");
    assert_eq!(error_of("FILL(a, LINEAR)"), "function FILL(…, LINEAR) is not emulated");
}

#[test]
fn invalid_expression_is_rejected() {
    for (text, found) in [
        ("", "its end"),
        ("1 +", "its end"),
        ("1 2", "2"),
        ("(1", "its end"),
        ("IF(1, 2)", ")"),
        ("a ? 1", "?"),
        ("1.2.3", "1"),
        ("[a]", "["),
    ] {
        let error = error_of(text);
        assert!(error.starts_with(&format!("the expression has {found} where")), "{text}: {error}");
    }
    for deep in ["(".repeat(100_000), "-".repeat(100_000), "IF(".repeat(100_000)] {
        assert_eq!(error_of(&deep), "the expression is nested too deeply");
    }
}

#[test]
fn unknown_id_is_an_error() {
    let unknown = |id: &str| Err(EvaluationError::UnknownId(id.to_owned()));
    let error = "x + 1".parse::<Expression>().unwrap().evaluate(PERIODS, &unknown).unwrap_err();
    assert_eq!(error.to_string(), "the expression refers to x, which is no query");
}

fn expressions() -> impl Strategy<Value = Expression> {
    let operators = proptest::sample::select(vec![
        Operator::Or,
        Operator::And,
        Operator::Equal,
        Operator::NotEqual,
        Operator::AtMost,
        Operator::AtLeast,
        Operator::Less,
        Operator::Greater,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Power,
    ]);
    let leaf = prop_oneof![
        (0.0..1e6_f64).prop_map(Expression::Number),
        "[a-z][a-z0-9_]{0,5}".prop_map(Expression::Id),
    ];
    leaf.prop_recursive(5, 40, 3, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Expression::Negative),
            (operators.clone(), boxed(), boxed())
                .prop_map(|(operator, left, right)| Expression::Binary(operator, left, right)),
            [inner.clone(), inner.clone(), inner.clone()].prop_map(|it| Expression::If(Box::new(it))),
            (boxed(), boxed()).prop_map(|(series, value)| Expression::Fill(series, Filling::Value(value))),
            boxed().prop_map(|series| Expression::Fill(series, Filling::Repeat)),
            boxed().prop_map(Expression::Epoch),
        ]
    })
}

proptest! {
    #[test]
    fn displayed_expression_is_parsed_to_the_same(expression in expressions()) {
        prop_assert_eq!(expression.to_string().parse::<Expression>().unwrap(), expression);
    }

    #[test]
    fn no_text_causes_a_panic(text in "[a-zA-Z0-9 ()*/+^,<>=!&|.-]{0,60}|.{0,20}") {
        let _ = text.parse::<Expression>();
    }

    #[test]
    fn result_has_a_finite_value_or_none_for_each_period(expression in expressions()) {
        let series = |_: &str| Ok(vec![Some(2.0), None, Some(0.0)]);
        let result = expression.evaluate(PERIODS, &series).unwrap();
        prop_assert_eq!(result.len(), PERIODS.count);
        prop_assert!(result.into_iter().flatten().all(f64::is_finite));
    }
}
