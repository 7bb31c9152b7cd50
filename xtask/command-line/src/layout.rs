//! Lines and tables that fit the width of the terminal.

use std::io;
use std::os::fd::AsFd;

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use terminal_size::terminal_size_of;

/// The width of the name of a step.
const NAME: usize = 16;
/// The column at which the detail of a step begins: an indentation, a mark, the name, and spaces between them.
const INDENTATION: usize = 4 + NAME + 1;
/// The width of the detail of a step where there is room.
const DETAIL: usize = 56;
/// The width of the time of a step, with the space before it.
const TIME: usize = 9;

/// Returns the width of standard error in columns, or `None` without a terminal.
pub(crate) fn width_of_errors() -> Option<usize> {
    width(io::stderr())
}

/// Returns the width of standard output in columns, or `None` without a terminal.
pub fn width_of_output() -> Option<usize> {
    width(io::stdout())
}

fn width(stream: impl AsFd) -> Option<usize> {
    terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

/// Returns an empty table for standard output, without borders.
///
/// On a terminal, cells are wrapped where the table would be wider.
pub fn table<T: Into<comfy_table::Row>>(header: T) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    if let Some(width) = width_of_output() {
        fit(&mut table, width);
    }
    table
}

fn fit(table: &mut Table, width: usize) {
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    // The first column is what a row is about, such as an ID, which has to be copied as a whole.
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Returns the text of a finished step: its name, its detail, and its time at the end of the last line.
///
/// `width` is that of the terminal. The detail is wrapped where it has no room.
pub(crate) fn step(name: &str, detail: &str, time: &str, width: Option<usize>) -> Vec<String> {
    let room = width.map_or(DETAIL, |width| width.saturating_sub(INDENTATION + TIME).clamp(20, DETAIL));
    let mut lines = match width {
        // In a file, a line per step is easier to search.
        None => vec![detail.to_owned()],
        Some(_) => wrapped(detail, room),
    };
    // A single word, such as an ID, can be longer than the room that there is.
    if width.is_some() && lines.last().is_some_and(|last| last.chars().count() > room) {
        lines.push(String::new());
    }
    if let Some(last) = lines.last_mut() {
        *last = format!("{last:<room$} {time}");
    }
    let mut lines = lines.into_iter();
    let first = format!("{name:<NAME$} {}", lines.next().unwrap_or_default());
    let others = lines.map(|line| format!("{:INDENTATION$}{line}", ""));
    std::iter::once(first).chain(others).collect()
}

/// Breaks text at spaces into lines of at most `room` characters.
///
/// A longer word, such as a URL, has a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Returns the text of a line with an action on a resource, without its type where there is no room for it.
pub fn resource(mark: &str, name: &str, resource_type: &str, time: &str) -> String {
    resource_in(mark, name, resource_type, time, width_of_errors())
}

fn resource_in(mark: &str, name: &str, resource_type: &str, time: &str, width: Option<usize>) -> String {
    const NEEDED: usize = 4 + 2 + 32 + 1 + 40 + TIME;
    if width.is_none_or(|width| width >= NEEDED) {
        format!("    {mark} {name:<32} {resource_type:<40} {time}")
    } else {
        format!("    {mark} {name:<32} {time}")
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{fit, resource_in, step, table};

    const WIDTHS: [Option<usize>; 4] = [Some(60), Some(80), Some(120), None];

    #[test]
    fn everything_fits_the_width_of_the_terminal() {
        let mut text = String::new();
        for width in WIDTHS {
            let title = width.map_or("no terminal".to_owned(), |width| format!("{width} columns"));
            writeln!(text, "== {title}").unwrap();
            let steps = [
                ("zips", "11.9 MB together", "0.1 s"),
                (
                    "platform",
                    "database schema, jobs queue, delete records, storage bucket, issuer of tokens",
                    "12.3 s",
                ),
                ("demo data", "dataset N:dataset:0d366a95-5bd9-4b21-9601-54191ab165da", "0.9 s"),
            ];
            let mut lines: Vec<String> = Vec::new();
            for (name, detail, time) in steps {
                let mut step = step(name, detail, time, width).into_iter();
                lines.extend(step.next().map(|first| format!("  ✓ {first}")));
                lines.extend(step);
            }
            let types = "AWS::CloudFront::CloudFrontOriginAccessIdentity";
            lines.push(resource_in("✓", "ApiFailureRateAlarm", types, "1.2 s", width));
            let mut table = table(["RELEASE", "COMMIT", "LAST DEPLOYED", "BY"]);
            table.add_row([
                "20261124T182233Z-8b8402f",
                "8b8402f modified",
                "2026-11-24 18:25 failed",
                "deployer/someone@example.org",
            ]);
            if let Some(width) = width {
                fit(&mut table, width);
            }
            lines.extend(table.to_string().lines().map(str::to_owned));
            for line in lines {
                let is_long = width.is_some_and(|width| line.trim_end().chars().count() > width);
                assert!(!is_long || !line.trim().contains(' '), "{line}");
                writeln!(text, "{}", line.trim_end()).unwrap();
            }
        }
        insta::assert_snapshot!(text);
    }
}
