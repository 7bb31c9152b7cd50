//! How a long operation reports what it does.

/// Receives what a long operation reports; the command line shows it.
pub trait Progress: Send + Sync {
    /// Reports something worth knowing.
    fn note(&self, text: &str);
    /// Reports that a step begins. The step ends when it is dropped, or is done.
    fn begin(&self, name: &str) -> Box<dyn Step>;
}

/// A step that has begun.
pub trait Step: Send {
    /// Reports what it is doing.
    fn show(&self, detail: &str);
    /// Reports that it has succeeded.
    fn done(self: Box<Self>, detail: &str);
}
