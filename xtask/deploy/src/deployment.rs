//! Deploys an environment: survey, review, upload, change set, verification.

mod options;
mod prerequisites;
mod protection;
mod recovery;
mod run;
mod summary;
mod survey;
mod unreviewed;
mod verification;

pub use self::options::Options;
pub use self::prerequisites::check_platform_parameters;
pub use self::recovery::delete as delete_stack;
pub use self::run::{Deployment, DeploymentResult, Subject};
pub use self::summary::{Summary, TimedPhase};
