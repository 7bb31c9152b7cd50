//! Facts of the restore queue that the infrastructure sets and the API function counts on.

/// How long a message is hidden after it was received: six times the restore function's time-out, as AWS recommends,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>.
pub const RESTORE_QUEUE_VISIBILITY_SECONDS: u32 = 5400;

/// After so many receives a message goes to the dead-letter queue.
pub const RESTORE_QUEUE_MAXIMUM_RECEIVES: u32 = 3;

/// How long one run of the restore function may take: the most that Lambda allows.
pub const RESTORE_FUNCTION_TIMEOUT_SECONDS: u32 = 900;

/// After so long, a package that is still RESTORING is sent again when somebody asks for it, and counts as stuck: longer
/// than one run of the restore function, so that a package is seldom sent while a run works on it. If that happens, or if
/// its message is still in the queue, the second message does no harm.
pub const RESTORING_STUCK_AFTER_SECONDS: u32 = 20 * 60;

const _: () = assert!(RESTORING_STUCK_AFTER_SECONDS > RESTORE_FUNCTION_TIMEOUT_SECONDS);
