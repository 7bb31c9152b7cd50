//! Reads a deployed environment as its clients do.
//!
//! It changes nothing: it signs the assets of one package and reads them with the programs that people use. Each rule
//! that clients depend on is a [`Check`] with what was found and, where it failed, what usually causes that.

mod browser;
mod check;
mod curl;
mod python;
mod signature;
mod subject;

use std::path::Path;

use machine::Progress;

pub use browser::{BROWSER_OPTIONS, find_browser};
pub use check::{Check, CheckResult, Client};
pub use python::ENVIRONMENT as PYTHON_CLIENTS;
pub use signature::SmokeError;
pub use subject::{Subject, Token};

/// The path of an asset that no package has.
const MISSING: &str = "packages-service-smoke/missing/0.0.0";

/// Runs all checks, one client after the other.
///
/// Programs that are not installed are installed into `tools`, except curl and Chromium: without them, their checks
/// are skipped.
pub async fn run(subject: &Subject, tools: &Path, progress: &dyn Progress) -> Result<Vec<Check>, SmokeError> {
    let signed = signature::sign(subject).await?;
    let mut checks = vec![Check::passed(Client::Api, "signs the assets of a package", signed.to_text())];
    let step = |client: Client| progress.begin(&format!("read as {client}"));
    let mut size = None;
    {
        let _step = step(Client::Curl);
        checks.extend(curl::checks(subject, &signed, &mut size).await);
    }
    let missing_is_404 = !checks.iter().any(|check| check.rule == curl::MISSING_IS_404 && check.has_failed());
    for client in [Client::DuckDb, Client::PyArrow, Client::Zarr] {
        let _step = step(client);
        checks.push(python::check(client, subject, &signed, tools, missing_is_404).await);
    }
    let _step = step(Client::Chromium);
    checks.extend(browser::checks(subject, &signed, size).await);
    Ok(checks)
}
