//! The report of `smoke` for people.

use command_line::terminal::{Palette, printable};
use smoke::{Check, CheckResult};

/// The width of the column of rules; the longest one has 61 letters.
const WIDTH: usize = 63;

/// Formats one line for each check, what usually causes each failure, and a summary.
pub(super) fn table(checks: &[Check], palette: Palette) -> String {
    let mut lines: Vec<String> = checks.iter().flat_map(|check| lines_of(check, palette)).collect();
    let count =
        |is_counted: fn(&CheckResult) -> bool| checks.iter().filter(|it| is_counted(&it.result)).count();
    let failed = count(|result| matches!(result, CheckResult::Failed { .. }));
    let skipped = count(|result| matches!(result, CheckResult::Skipped { .. }));
    let passed = checks.len() - failed - skipped;
    lines.push(String::new());
    lines.push(format!("{passed} passed, {failed} failed, {skipped} skipped"));
    lines.join("\n")
}

fn lines_of(check: &Check, palette: Palette) -> Vec<String> {
    let (mark, color, text, advice) = match &check.result {
        CheckResult::Passed { found } => ("✓", "32", found, None),
        CheckResult::Failed { found, advice } => ("✗", "31", found, Some(*advice)),
        CheckResult::Skipped { reason } => ("·", "2", reason, None),
    };
    let mark = palette.paint(mark, color);
    let line = format!("{mark} {:<12}{:<WIDTH$}{}", check.client, check.rule, printable(text));
    let advice = advice.map(|advice| format!("  {:<12}{advice}", ""));
    [line].into_iter().chain(advice).collect()
}

#[cfg(test)]
mod tests {
    use command_line::terminal::Palette;
    use smoke::{Check, CheckResult, Client};

    use super::table;

    #[test]
    fn failure_is_followed_by_its_usual_cause() {
        let check = |client, rule, result| Check { client, rule, result };
        let checks = [
            check(Client::Curl, "HEAD returns the size", CheckResult::Passed { found: "200".to_owned() }),
            check(
                Client::Curl,
                "a missing asset is 404",
                CheckResult::Failed {
                    found: "403".to_owned(),
                    advice: "the bucket policy lacks a permission",
                },
            ),
            check(
                Client::Zarr,
                "reads a chunk of the Zarr array",
                CheckResult::Skipped { reason: "no Zarr asset was named; pass --zarr".to_owned() },
            ),
        ];
        insta::assert_snapshot!(table(&checks, Palette::default()), @r"
        ✓ curl        HEAD returns the size                                          200
        ✗ curl        a missing asset is 404                                         403
                      the bucket policy lacks a permission
        · zarr-python reads a chunk of the Zarr array                                no Zarr asset was named; pass --zarr

        1 passed, 1 failed, 1 skipped
        ");
    }
}
