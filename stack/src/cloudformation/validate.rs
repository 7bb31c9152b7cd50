//! Checks of what CloudFormation itself would find only during a deployment, or never.

mod policy;
mod problem;
mod references;

pub(crate) use policy::problems as policy_problems;
pub use problem::{Problem, StackError};
pub(crate) use references::problems as reference_problems;

use super::resource_types::resource_type;
use super::template::{Entry, Template};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAXIMUM_BYTES: usize = 1_000_000;
const MAXIMUM_RESOURCES: usize = 500;

impl Template {
    /// Checks what must be true of every template.
    ///
    /// Every reference resolves, also inside the imported OpenAPI document and the dashboard; resources do not depend on
    /// each other in a cycle; no wildcard is outside the commented list; CloudFormation's limits are respected.
    pub fn validate(&self) -> Result<(), StackError> {
        let mut problems: Vec<Problem> =
            self.duplicates.iter().map(|id| Problem::DuplicateId { id: id.to_string() }).collect();
        let json = self.to_value();
        problems.extend(references::problems(&json));
        for (id, entry) in &self.resources {
            let allowed = policy::ACTIONS_WITHOUT_RESOURCE;
            problems.extend(policy::problems(&id.to_string(), &entry.properties, allowed));
            problems.extend(name_problem(&id.to_string(), entry));
            if !entry.properties.to_string().is_ascii() {
                problems.push(Problem::NotAscii { id: id.to_string() });
            }
        }
        let sizes = [
            ("resources", self.resources.len(), MAXIMUM_RESOURCES),
            ("bytes", self.to_json().len(), MAXIMUM_BYTES),
        ];
        problems.extend(
            sizes
                .into_iter()
                .filter(|(_, count, limit)| count >= limit)
                .map(|(what, count, limit)| Problem::TooLarge { what, count, limit }),
        );
        if problems.is_empty() { Ok(()) } else { Err(StackError { problems }) }
    }
}

fn name_problem(id: &str, entry: &Entry) -> Option<Problem> {
    let (property, limit) = resource_type(entry.type_name)?.longest_name?;
    let name = entry.properties[property].as_str()?;
    (name.len() > limit).then(|| Problem::NameTooLong { id: id.to_owned(), name: name.to_owned(), limit })
}

#[cfg(test)]
mod tests;
