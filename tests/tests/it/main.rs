//! The whole system, asked over HTTP as its clients ask it.
//!
//! All tests but those of [`keys`] and [`deployments`] share one local stack and run at the same time: what a test changes is its own (see [`fixture`]), and what
//! it says of shared things (queues, counters) holds whatever the others do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod authorization;
mod aws;
mod claims;
mod client;
mod clients;
mod command;
mod cost;
mod coverage;
mod database;
mod deployment;
mod deployments;
mod drift;
mod fixture;
mod function;
mod hostile;
mod keys;
mod lifecycle;
mod logs;
mod outage;
mod output;
mod paths;
mod presign;
mod proxy;
mod queue;
mod restore;
mod restore_function;
mod secrets;
mod sign;
mod signer;
mod stack;
mod trouble;
mod turns;
mod waiting;
