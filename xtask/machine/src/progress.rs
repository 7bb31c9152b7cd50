//! Progress reports of long operations.

/// Receives the progress of a long operation, for example to show it on the command line.
pub trait Progress: Send + Sync {
    /// Reports a message.
    fn note(&self, text: &str);
    /// Reports that a step begins. The step ends when it is done or dropped.
    fn begin(&self, name: &str) -> Box<dyn Step>;
}

/// A step in progress.
pub trait Step: Send {
    /// Reports the current detail of the step.
    fn show(&self, detail: &str);
    /// Reports that the step succeeded.
    fn done(self: Box<Self>, detail: &str);
}

/// Progress that nobody follows.
#[derive(Clone, Copy, Debug)]
pub struct Unreported;

impl Progress for Unreported {
    fn note(&self, _: &str) {}

    fn begin(&self, _: &str) -> Box<dyn Step> {
        Box::new(Self)
    }
}

impl Step for Unreported {
    fn show(&self, _: &str) {}

    fn done(self: Box<Self>, _: &str) {}
}
