//! Formats the review of a deployment for people.

mod values;

use std::fmt::Write as _;

use command_line::terminal::Palette;
use deploy::command_for;
use deploy::existing::{Conflict, Existing, Takeover, Unchecked};
use deploy::live_resources::MissingResource;
use deploy::review::{ContractReview, Review};
use stack::{ActionCounts, ChangeKind, Consequence, Finding, PropertyDifference, TemplateChange};

/// The maximum number of differences shown for a resource. `diff --full` prints all of them.
const MAXIMUM_DIFFERENCES: usize = 12;
/// The length of a line above which old and new value are shown on separate lines.
const MAXIMUM_LINE: usize = 90;
/// Properties that are shown as permissions, statement by statement.
const POLICIES: [&str; 4] = ["AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "PolicyDocument"];

/// How much of a review is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The first differences of each resource, and the parts of long values that differ.
    Summary,
    /// Every difference, with whole values.
    Full,
}

/// Returns everything that would change.
///
/// What needs attention is marked with text as well as color.
pub(crate) fn to_text(review: &Review, palette: Palette, detail: Detail) -> String {
    let mut text = Text { environment: &review.environment, lines: String::new(), palette, detail };
    ReviewText(review).write(&mut text);
    text.lines
}

struct ReviewText<'a>(&'a Review);

impl ReviewText<'_> {
    fn write(&self, text: &mut Text<'_>) {
        text.line(0, &format!("{} in account {}, {}", self.0.stack, self.0.account, self.0.region));
        if self.0.is_empty() {
            text.line(1, "no changes: the deployed template is up to date");
            text.line(
                1,
                &format!(
                    "settings of live resources were not compared; {} compares them",
                    command_for(&self.0.environment, "drift")
                ),
            );
            self.live_resources(text);
            return;
        }
        if let Some(warning) = self.0.source.warning() {
            let mark = text.palette.paint("warning:", "1;33");
            text.line(1, &format!("{mark} {warning}"));
        }
        if self.0.creates_stack {
            text.line(1, "a new stack");
        }
        let sections: &[_] =
            if self.0.creates_stack { &["Resources"] } else { &["Resources", "Parameters", "Outputs"] };
        for section in sections {
            text.template_section(section, &self.0.template.changes);
        }
        self.write_existing(text);
        self.live_resources(text);
        self.findings(text);
        self.permissions(text);
        self.platform(text);
        self.functions(text);
        self.keys(text);
        self.contract(text);
        text.line(0, "");
        text.line(1, &self.summary());
    }

    fn write_existing(&self, text: &mut Text<'_>) {
        let Existing { conflicts, takeovers, unchecked } = &self.0.existing;
        if !conflicts.is_empty() {
            text.heading("Names that are taken");
            for Conflict { resource, resource_type, name, advice } in conflicts {
                let what = text.palette.paint(&format!("! {name}"), "31");
                let owner = text.palette.paint(&format!("{resource}, {resource_type}"), "2");
                text.line(2, &format!("{what} ({owner})"));
                text.line(4, advice);
            }
        }
        if !takeovers.is_empty() {
            text.heading("Taken over");
        }
        for Takeover { resource, resource_type, name, differences, kept } in takeovers {
            let what = text.palette.paint(&format!("~ {name}"), "33");
            let owner = text.palette.paint(&format!("{resource}, {resource_type}"), "2");
            text.line(2, &format!("{what} ({owner}) exists, and is imported with its data"));
            if !differences.is_empty() {
                text.line(4, "then changed to match the template:");
            }
            for difference in differences {
                text.difference(difference);
            }
            if !kept.is_empty() {
                text.line(4, &format!("not in the template, and kept: {}", kept.join(", ")));
            }
        }
        if !unchecked.is_empty() {
            text.heading("Names that could not be checked");
            for Unchecked { resource, name, reason } in unchecked {
                text.line(2, &format!("? {name} ({resource}): {reason}"));
            }
        }
    }

    fn live_resources(&self, text: &mut Text) {
        let missing = &self.0.live_resources.missing;
        if !missing.is_empty() {
            text.heading("Resources that no longer exist");
            for MissingResource { resource, resource_type, name } in missing {
                let what = text.palette.paint(&format!("! {name}"), "31");
                let whose = text.palette.paint(&format!("{resource}, {resource_type}"), "2");
                text.line(2, &format!("{what} ({whose})"));
            }
            text.line(2, MissingResource::ADVICE);
        }
        if let Some(obstacle) = self.0.live_resources.obstacle() {
            text.line(1, &obstacle);
        }
    }

    /// Writes the consequences of changed properties, one per line.
    ///
    /// Each may be one value of a long document, so they are not shown next to the properties.
    fn findings(&self, text: &mut Text<'_>) {
        if !self.0.template.findings.is_empty() {
            text.heading("Data and access");
        }
        for Finding { consequence, resource, what } in &self.0.template.findings {
            let mark = match consequence {
                Consequence::LosesData => "LOSES DATA",
                Consequence::Opens => "WIDENS",
                Consequence::Closes => "BREAKING",
            };
            let what = text.palette.paint(&format!("! {resource}: {what}"), "31");
            text.line(2, &format!("{what}{}", text.palette.paint(&format!("   {mark}"), "1;31")));
        }
    }

    fn permissions(&self, text: &mut Text<'_>) {
        if self.0.creates_stack {
            text.heading("Permissions");
            let count = self.0.template.grants.len();
            text.line(
                2,
                &format!(
                    "{count} are granted to the functions; {} prints them",
                    command_for(&self.0.environment, "render --iam")
                ),
            );
        } else if !self.0.template.grants.is_empty() {
            text.heading("Permissions");
            for grant in &self.0.template.grants {
                let (sign, color, mark) =
                    if grant.widens { ("+", "31", "   WIDENS") } else { ("-", "32", "") };
                let what = format!("{sign} {} {}: {}", grant.holder, grant.statement, grant.what);
                text.line(
                    2,
                    &format!("{}{}", text.palette.paint(&what, color), text.palette.paint(mark, "1;31")),
                );
            }
        }
    }

    fn platform(&self, text: &mut Text<'_>) {
        if !self.0.platform_parameters.is_empty() {
            text.heading("Platform");
            for change in &self.0.platform_parameters {
                text.line(
                    2,
                    &format!("~ {} ({}): {} → {}", change.path, change.name, change.old, change.new),
                );
            }
        }
    }

    fn functions(&self, text: &mut Text<'_>) {
        if !self.0.functions.is_empty() {
            text.heading("Functions");
            for function in &self.0.functions {
                let short = |hash: &Option<String>| {
                    hash.as_deref().map_or("none", |hash| hash.get(..12).unwrap_or(hash)).to_owned()
                };
                let code = format!("code {} → {}", short(&function.old), short(&function.new));
                text.line(2, &format!("~ {}: {code}", function.name));
            }
        }
    }

    fn keys(&self, text: &mut Text<'_>) {
        let is_generated_later = self.0.generates_key && self.0.signing_keys.added.is_empty();
        if self.0.signing_keys.is_empty() && !is_generated_later {
            return;
        }
        text.heading("Signing keys");
        if is_generated_later {
            text.line(2, "+ a new key, generated by the deployment; it is trusted, and signs");
        }
        for key in &self.0.signing_keys.added {
            let generated = if self.0.generates_key { "generated, and trusted" } else { "trusted" };
            text.line(2, &format!("+ {key} {generated}"));
        }
        for key in &self.0.signing_keys.removed {
            text.line(2, &format!("- {key} no longer trusted"));
        }
        if let Some(key) = &self.0.signing_keys.signs {
            text.line(2, &format!("~ {key} signs"));
        }
    }

    fn contract(&self, text: &mut Text<'_>) {
        if matches!(self.0.contract, ContractReview::Unknown) {
            text.heading("API contract");
            text.line(
                2,
                "not compared: the artifact bucket lacks the contract of the deployed or the new release",
            );
        } else if !self.0.contract.changes().is_empty() {
            text.heading("API contract");
            for change in self.0.contract.changes() {
                let (sign, color, mark) = match (change.breaking, change.opens) {
                    (true, _) => ("!", "31", "   BREAKING"),
                    (false, true) => ("!", "31", "   WIDENS"),
                    (false, false) => ("~", "33", ""),
                };
                let what = format!("{sign} {}: {}", change.place, change.what);
                text.line(
                    2,
                    &format!("{}{}", text.palette.paint(&what, color), text.palette.paint(mark, "1;31")),
                );
            }
        }
    }

    fn summary(&self) -> String {
        let counts: ActionCounts = self.0.actions().into_values().collect();
        let mut parts = vec![counts.to_string()];
        let mut warn = |count: usize, one: &str, several: &str| match count {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {several}")),
        };
        warn(self.0.platform_parameters.len(), "platform parameter changed", "platform parameters changed");
        warn(self.0.existing.conflicts.len(), "NAME TAKEN", "NAMES TAKEN");
        warn(self.0.live_resources.missing.len(), "MISSING RESOURCE", "MISSING RESOURCES");
        warn(self.0.endangered().len(), "LOSS OF DATA", "LOSSES OF DATA");
        warn(self.0.widening(), "PERMISSION WIDENED", "PERMISSIONS WIDENED");
        warn(self.0.breaking(), "BREAKING API CHANGE", "BREAKING API CHANGES");
        parts.join(", ")
    }
}

struct Text<'a> {
    environment: &'a str,
    lines: String,
    palette: Palette,
    detail: Detail,
}

impl Text<'_> {
    fn line(&mut self, indentation: usize, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.lines, "{}{line}", "  ".repeat(indentation));
    }

    fn heading(&mut self, heading: &str) {
        let heading = self.palette.paint(heading, "1");
        self.line(1, &heading);
    }

    fn template_section(&mut self, section: &str, changes: &[TemplateChange]) {
        let mut changes = changes.iter().filter(|change| change.section == section).peekable();
        if changes.peek().is_some() {
            self.heading(section);
        }
        for change in changes {
            self.change(change);
        }
    }

    fn change(&mut self, change: &TemplateChange) {
        let (sign, color) = match &change.kind {
            ChangeKind::Added => ("+", "32"),
            ChangeKind::Changed(_) => ("~", "33"),
            ChangeKind::MayChange => ("~", "2"),
            ChangeKind::MayBeReplaced(_) | ChangeKind::Replaced(_) => ("±", "31"),
            ChangeKind::Removed => ("-", "31"),
        };
        let differences = change.kind.differences();
        let consequence = match &change.kind {
            ChangeKind::MayBeReplaced(_) if change.holds_data => "   MAY LOSE ITS DATA",
            _ if change.endangers_data() => "   LOSES ITS DATA",
            ChangeKind::MayBeReplaced(_) => "   may be replaced",
            ChangeKind::Replaced(_) => "   replaced",
            _ => "",
        };
        let name = self.palette.paint(&format!("{sign} {}", change.name), color);
        let kind = self.palette.paint(&change.resource_type, "2");
        let consequence = self.palette.paint(consequence, "1;31");
        self.line(2, format!("{name} {kind}{consequence}").trim_end());
        if !change.causes.is_empty() {
            let is_certain = !matches!(change.kind, ChangeKind::MayChange | ChangeKind::MayBeReplaced(_));
            let certainty = if is_certain { "changes" } else { "may change" };
            self.line(4, &format!("{certainty} with {}", change.causes.join(", ")));
        }
        let shown = differences.iter().filter(|difference| !POLICIES.contains(&difference.property()));
        let shown: Vec<_> = shown.collect();
        if shown.len() < differences.len() {
            self.line(4, "its policies; the permissions that change are listed below");
        }
        let maximum = if self.detail == Detail::Full { usize::MAX } else { MAXIMUM_DIFFERENCES };
        for difference in shown.iter().take(maximum) {
            self.difference(difference);
        }
        if let Some(more) = shown.len().checked_sub(maximum).filter(|more| *more > 0) {
            let command = command_for(self.environment, "diff --full");
            self.line(4, &format!("… and {more} more; {command} has all"));
        }
    }

    fn difference(&mut self, difference: &PropertyDifference) {
        let [old, new] = values::format(difference, self.detail);
        let line = format!("{}: {old} → {new}", difference.path);
        if line.chars().count() <= MAXIMUM_LINE {
            self.line(4, &line);
        } else {
            for line in [format!("{}:", difference.path), format!("  {old} →"), format!("  {new}")] {
                self.line(4, &line);
            }
        }
    }
}
