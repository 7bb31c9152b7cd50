//! Facts of the restore queue that the infrastructure sets and the API function counts on.

/// How long a message is hidden after it was received: six times the restore function's time-out, as AWS recommends,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>.
pub const RESTORE_QUEUE_VISIBILITY_SECONDS: u32 = 5400;

/// After so many receives a message goes to the dead-letter queue.
pub const RESTORE_QUEUE_MAXIMUM_RECEIVES: u32 = 3;
