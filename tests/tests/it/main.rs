//! End-to-end tests: the whole system, called over HTTP as its clients call it.
//!
//! Most tests share one local stack and run at the same time: a test changes only its own data (see [`fixture`]), and what it
//! checks of shared queues and counters holds whatever the others do. Tests that change keys or deployments run one at a
//! time, on stacks of their own (see [`turns`]).

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod authorization;
mod aws;
mod browser;
mod claims;
mod client;
mod clients;
mod command;
mod completions;
mod console;
mod cost;
mod coverage;
mod database;
mod database_failures;
mod deliveries;
mod deployment;
mod deployments;
mod drift;
mod environment;
mod examples;
mod fixture;
mod function;
mod glance;
mod hostile;
mod keys;
mod lifecycle;
mod load;
mod logs;
mod outage;
mod output;
mod paths;
mod presign;
mod proxy;
mod queue;
mod rejecting_edge;
mod restore;
mod schemathesis;
mod secrets;
mod sign;
mod signer;
mod smoke;
mod stack;
mod telemetry;
mod turns;
mod typescript_client;
mod viewer;
mod viewers_guide;
mod waiting;
mod watch;
