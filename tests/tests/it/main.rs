//! The whole system, asked over HTTP as its clients ask it.
//!
//! All tests share one local stack and run at the same time: what a test changes is its own (see [`fixture`]), and what
//! it says of shared things (queues, counters) holds whatever the others do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod authorization;
mod aws;
mod client;
mod database;
mod deployment;
mod fixture;
mod lifecycle;
mod presign;
mod proxy;
mod restore;
mod sign;
mod stack;
mod waiting;
