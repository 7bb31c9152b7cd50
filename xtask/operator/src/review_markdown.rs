//! Formats the review of a deployment as Markdown, for a comment on a pull request.

use command_line::terminal::Palette;
use deploy::review::Review;
use stack::{ActionCounts, Consequence, ResourceAction, TemplateChange};

use crate::review_text::{Detail, to_text};

/// The beginning and the end of a block of text.
const FENCE: &str = "~~~~~~";

/// Returns the resources as a table, what needs attention as a list, and everything else folded.
pub(crate) fn to_markdown(review: &Review, detail: Detail) -> String {
    let counts: ActionCounts = review.actions().into_values().collect();
    let summary = if review.is_empty() { "no changes".to_owned() } else { counts.to_string() };
    let mut lines = vec![
        format!("### {}: {summary}", code(&review.stack)),
        String::new(),
        format!("Account {}, {}.", review.account, review.region),
    ];
    let attention = attention(review);
    if !attention.is_empty() {
        lines.extend(["", "**Needs attention**", ""].map(str::to_owned));
        lines.extend(attention.into_iter().map(|line| format!("- {line}")));
    }
    if review.template.resources().next().is_some() {
        lines.extend(["", "| resource | type | | properties |", "|---|---|---|---|"].map(str::to_owned));
        lines.extend(review.template.resources().map(row));
    }
    let text = to_text(review, Palette::default(), detail);
    lines.extend(["", "<details><summary>The whole review</summary>", "", FENCE].map(str::to_owned));
    // No line of the text can be the end of the block.
    lines.extend(text.trim_end().lines().map(|line| line.replace(FENCE, "~~~")));
    lines.extend([FENCE, "", "</details>"].map(str::to_owned));
    lines.join("\n")
}

/// Returns what a reader must not miss, a line each.
fn attention(review: &Review) -> Vec<String> {
    let mut lines: Vec<String> =
        review.endangered().into_iter().map(|resource| format!("{} loses data", code(resource))).collect();
    let grants = review.template.widening().filter(|_| !review.creates_stack);
    lines.extend(grants.map(|grant| {
        format!("{} of {} widens: {}", code(&grant.statement), code(&grant.holder), code(&grant.what))
    }));
    let findings = review.template.findings.iter().filter_map(|finding| {
        let what = match finding.consequence {
            Consequence::LosesData => return None,
            Consequence::Opens => "opens",
            Consequence::Closes => "breaks clients",
        };
        Some(format!("{} {what}: {}", code(&finding.resource), code(&finding.what)))
    });
    lines.extend(findings);
    let contract = review.contract.changes().iter().filter(|change| change.breaking || change.opens);
    lines.extend(contract.map(|change| {
        let what = if change.breaking { "breaks clients" } else { "opens" };
        format!("{} {what}: {}", code(&change.place), code(&change.what))
    }));
    let missing = review.live_resources.missing.iter();
    lines.extend(missing.map(|missing| format!("{} no longer exists", code(&missing.name))));
    let conflicts = review.conflicts().iter();
    lines.extend(conflicts.map(|conflict| format!("the name {} is taken", code(&conflict.name))));
    lines
}

fn row(change: &TemplateChange) -> String {
    let action = match change.action() {
        ResourceAction::Add => "added",
        ResourceAction::Import => "imported",
        ResourceAction::MayChange => "may change",
        ResourceAction::Change => "changed",
        ResourceAction::MayBeReplaced => "**may be replaced**",
        ResourceAction::Replace => "**replaced**",
        ResourceAction::Remove => "**removed**",
    };
    let mut properties: Vec<String> =
        change.kind.differences().iter().map(|difference| code(&difference.path)).collect();
    properties.extend(change.causes.iter().map(|cause| format!("with {}", code(cause))));
    format!("| {} | {} | {action} | {} |", code(&change.name), change.resource_type, properties.join(", "))
}

/// Returns text as code that cannot end the code or the cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', r"\|").replace('\n', " "))
}
