//! `--watch`: deploys what is saved, while the stack runs.
//!
//! Saves go through the same deployment as `cargo xtask deploy`. CloudFormation, the emulator and what is served
//! therefore agree, and a later deployment has nothing left to change. A build or a deployment that fails changes
//! nothing.

mod change;
mod report;
mod saves;
mod swap;

pub(super) use self::saves::Saves;
pub(super) use self::swap::Swap;

/// Deploys one change after the other. What is saved meanwhile is the next change.
pub(super) async fn run(mut saves: Saves, swap: Swap<'_>) -> ! {
    loop {
        let change = saves.next_change().await;
        swap.apply(&change).await;
    }
}
