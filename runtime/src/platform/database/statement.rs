//! SQL statements and their parameters.

use std::sync::Arc;

use openapi::{DatasetId, DatasetNodeId, OrganizationId, PackageId, PackageNodeId, UserId};
#[expect(clippy::disallowed_types, reason = "the only text is made of a literal and an integer")]
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Postgres, SqlSafeStr as _, SqlStr};
use uuid::Uuid;

use crate::telemetry;

/// The text of a statement.
///
/// Only a literal and the integer id of an organization can make one, so no text from outside can be part of
/// it.
#[derive(Clone)]
pub(crate) struct Statement {
    text: SqlStr,
    /// The text without the schema, for traces.
    template: &'static str,
}

impl Statement {
    /// Returns a statement about the tables of an organization.
    ///
    /// In the text, `{schema}` stands for its schema.
    pub(crate) fn for_organization(template: &'static str, organization: OrganizationId) -> Self {
        let text: Arc<str> = template.replace("{schema}", &format!("\"{organization}\"")).into();
        Self { text: AssertSqlSafe(text).into_sql_str(), template }
    }

    /// Returns a statement about the tables that all organizations share.
    pub(crate) const fn for_platform(text: &'static str) -> Self {
        Self { text: SqlStr::from_static(text), template: text }
    }

    /// Returns the statement with its first parameter.
    pub(crate) fn bind(&self, value: impl Parameter) -> Query {
        Query { query: sqlx::query(self.text.clone()), template: self.template }.bind(value)
    }
}

type SqlxQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

/// A statement with parameters.
pub(crate) struct Query {
    query: SqlxQuery,
    template: &'static str,
}

impl Query {
    /// Adds a parameter.
    pub(crate) fn bind(self, value: impl Parameter) -> Self {
        Self { query: value.bind_to(self.query), ..self }
    }

    /// Executes the statement and returns its rows.
    ///
    /// Prepares it without a name if it is executed `again`.
    pub(super) async fn execute(
        self,
        connection: &mut PgConnection,
        again: bool,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let execution = self.query.persistent(!again).fetch_all(connection);
        telemetry::statement(self.template, execution).await
    }

    /// Executes the statement in a transaction and returns its rows.
    pub(crate) async fn fetch_all(self, transaction: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        self.execute(transaction, false).await
    }
}

/// A time of the database's clock, in the notation of PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Moment(String);

impl Moment {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, which PostgreSQL reads as a `timestamptz`.
    fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value that can be a parameter.
///
/// Ids have types of their own; a bare `i32` cannot be a parameter.
pub(crate) trait Parameter {
    /// Adds the value to a query.
    fn bind_to(self, query: SqlxQuery) -> SqlxQuery;
}

/// Implements [`Parameter`] by an expression that converts a value for `sqlx`.
macro_rules! parameters {
    ($($type:ty: |$value:ident| $converted:expr;)+) => {$(
        impl Parameter for $type {
            fn bind_to(self, query: SqlxQuery) -> SqlxQuery {
                let $value = self;
                query.bind($converted)
            }
        }
    )+};
}

parameters! {
    OrganizationId: |id| id.0;
    DatasetId: |id| id.0;
    PackageId: |id| id.0;
    UserId: |id| id.0;
    Vec<PackageId>: |ids| ids.into_iter().map(|id| id.0).collect::<Vec<_>>();
    Vec<Option<PackageId>>: |ids| ids.into_iter().map(|id| id.map(|id| id.0)).collect::<Vec<_>>();
    &DatasetNodeId: |id| id.as_str();
    &PackageNodeId: |id| id.as_str();
    &str: |text| text;
    &[&str]: |texts| texts;
    Vec<&str>: |texts| texts;
    &Moment: |moment| moment.as_str();
    Uuid: |uuid| uuid;
    f64: |number| number;
    i64: |number| number;
    Vec<i64>: |numbers| numbers;
    bool: |value| value;
}

#[cfg(test)]
mod tests {
    use openapi::OrganizationId;

    use super::Statement;

    #[test]
    fn schema_is_the_quoted_id_of_the_organization() {
        let text = "SELECT 1 FROM {schema}.packages JOIN {schema}.files ON $1";
        let statement = Statement::for_organization(text, OrganizationId(367));
        assert_eq!(statement.text.as_str(), r#"SELECT 1 FROM "367".packages JOIN "367".files ON $1"#);
    }
}
