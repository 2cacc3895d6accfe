//! The service as a process of its own, called by telephones that are processes of their own: sipp, baresip and
//! `huiyin call`. What is checked is what a peer hears, what the console's API shows, and what the process prints.
//! Skipped with a message where the models or a telephone are not installed. One at a time: each is heavy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "service/answers.rs"]
mod answers;
#[path = "service/baresip.rs"]
mod baresip;
#[path = "service/browser.rs"]
mod browser;
#[path = "service/callbacks.rs"]
mod callbacks;
#[path = "service/callee.rs"]
mod callee;
#[path = "service/caller.rs"]
mod caller;
#[path = "service/faults.rs"]
mod faults;
#[path = "service/joining.rs"]
mod joining;
#[path = "service/joining_pages.rs"]
mod joining_pages;
#[path = "service/killed.rs"]
mod killed;
#[path = "service/people.rs"]
mod people;
#[path = "service/process.rs"]
pub mod process;
#[path = "service/refusals.rs"]
mod refusals;
#[path = "service/trunk.rs"]
mod trunk;
#[path = "service/wire.rs"]
mod wire;
