//! The restore function, which handles the messages of the restore queue.
//!
//! A message restores one package. If the package is a folder, the message also restores everything that was
//! deleted in it. SQS delivers at least once, and the function can crash at any point. So every step can be
//! repeated, and the order of the steps is such that a redelivered message ends in the same state. A
//! redelivery always begins at step 1. The state of the package's row decides what it does, not what an
//! earlier delivery may have done.
//!
//! | step | a crash after it leaves | the redelivery |
//! |---|---|---|
//! | 1. `plan`: one query reads the package, its deleted ancestors and descendants | nothing | reads again |
//! | 2. `records`: read the delete records | nothing | reads again |
//! | 3. `markers`: list the versions in the records | nothing | lists again |
//! | 4. `markers`: remove those that are delete markers, in some or all of the calls | readable objects of packages that are still deleted | finds some markers gone and the data present, which counts as removed |
//! | 5. `transaction`: lock rows, set names and states | nothing: the server rolls back when the connection ends | finds the package still RESTORING |
//! | 6. `changelog`: send it, in some or all of its messages | events of packages that are not READY yet; nothing in the database | sends the same events in messages with the same ids |
//! | 7. `storage`: lock the folders above where they are now, and count | nothing: it is the same transaction | counts, for the first time that is committed |
//! | 8. commit | packages READY and counted, with delete records whose markers are gone | finds the package READY: continues at step 9 |
//! | 9. remove the delete records, in some or all of the calls | some of these records, or nothing | removes the rest |
//!
//! A message that fails at any step becomes visible again after seconds, then minutes (`redelivery`). A
//! message whose function crashed becomes visible after the visibility timeout of the queue.
//!
//! Why that is sufficient:
//!
//! - **Nothing is counted twice.** The counters change in the transaction that moves the package from
//!   RESTORING to READY. The transaction locks the row of the package and reads it again. A second delivery,
//!   even at the same time, finds it READY (or waits, and then does), changes nothing, and continues at step
//!   9, because the first delivery may have crashed before it.
//! - **Nothing is READY without its object.** Markers are removed before the transaction begins. The
//!   transaction does not include a package whose marker may still exist, or whose object is hidden by
//!   another marker.
//! - **Nothing becomes READY without an announcement.** The changelog is sent before the commit. What was
//!   announced and then rolled back is announced again with the same ids, which derive from the id of the
//!   message. The names are the same too, unless one of them was taken in between. If the transaction starts
//!   over in the same delivery, for example after a deadlock, it keeps the announced names that are still
//!   free, and announces only changes.
//! - **No record is removed that is still needed.** Records are removed after the commit, and only those of
//!   packages that became READY. Step 9 of a later delivery removes only those whose marker is gone, because
//!   a record whose marker exists belongs to a later deletion. Each record is removed on the condition that
//!   it is still the one that was read, so a record that a later deletion writes between steps 8 and 9 stays.
//! - **A missing response proves nothing.** If the connection breaks during the commit, it is unknown whether
//!   the commit happened: the transaction starts over, and the row shows it.
//! - **A crash blocks others only briefly.** The server ends a transaction whose connection is closed. It
//!   also ends one that is idle for two minutes, as it is while SQS responds.
//!
//! A package that cannot be restored (no record, no object, no marker, another marker on top) is excluded
//! before step 5, and stays DELETED with its record. If it is the package of the message, one statement moves
//! it from RESTORING to DELETED, which can be repeated as well. Transient failures fail the message, and so
//! do our own mistakes: if S3 denies the removal of every marker in a bucket, the function does not have the
//! permission.
//!
//! The end-to-end tests kill the function before and after each of its calls, and compare the outcomes.

mod changelog;
mod error;
mod function;
mod markers;
mod message;
mod names;
mod plan;
mod record;
mod records;
mod redelivery;
mod rehearsal;
mod storage;
mod transaction;

pub use self::function::RestoreFunction;
#[doc(hidden)]
pub use self::rehearsal::{Rehearsal, Rehearsed};
