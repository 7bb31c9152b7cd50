//! The tables of `docs/operations.md` are those of this module.

use super::{FIELDS, FieldKind, METRICS, Metric, Rule};

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

fn assert_documented(table: &str) {
    assert!(OPERATIONS.contains(table), "docs/operations.md must have this table:\n\n{table}");
}

#[test]
fn operations_guide_has_all_fields() {
    let kind = |kind| match kind {
        FieldKind::Text => "text",
        FieldKind::Integer => "integer",
        FieldKind::Number => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::Numbers => "object of numbers",
        FieldKind::Object => "object",
    };
    let row = |name: &str, of: FieldKind, meaning: &str| format!("| `{name}` | {} | {meaning} |\n", kind(of));
    let rows: String = FIELDS.iter().map(|field| row(field.name, field.kind, field.meaning)).collect();
    assert_documented(&format!("| field | type | meaning |\n|---|---|---|\n{rows}"));
}

#[test]
fn operations_guide_has_all_rules() {
    let row = |rule: &Rule| format!("| `{}` | {} | {} |\n", rule.name(), rule.meaning(), rule.remedy());
    let rows: String = Rule::ALL.iter().map(row).collect();
    assert_documented(&format!("| rule | what happened | what to do |\n|---|---|---|\n{rows}"));
}

#[test]
fn operations_guide_has_all_metrics() {
    let set = |set: &&[&str]| set.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let row = |metric: &Metric| {
        let sets: Vec<String> = metric.dimensions.iter().map(set).collect();
        let (name, unit, meaning) = (metric.name, metric.unit.name(), metric.meaning);
        format!("| `{name}` | {unit} | {} | {meaning} |\n", sets.join("; "))
    };
    let rows: String = METRICS.iter().map(row).collect();
    assert_documented(&format!("| metric | unit | dimensions | meaning |\n|---|---|---|---|\n{rows}"));
}
