//! The knowledge base (1+N 政务知识库): service items with their sources, and the search that finds the one a caller means.
//!
//! A base is a folder of TOML files ([`Base::load`], [`check`]); [`exchange`] brings it to other forms and from them. An
//! [`Index`] holds it as points of an [`Encoder`] and as words; [`Index::search`] fuses both and says with what confidence
//! the best item answers what was said. A [`Library`] is what a running service searches: the files, and over them what
//! editors publish ([`editing`]).

mod base;
mod check;
mod cluster;
mod columns;
mod confidence;
mod decide;
pub mod editing;
mod encoder;
mod error;
pub mod exchange;
mod fields;
mod fitted;
mod item;
mod known;
mod library;
mod points;
mod read;
mod repair;
mod rules;
mod search;
mod shipped;
mod space;
mod words;

pub use base::{Base, Origin};
pub use check::{LoadError, LoadErrors, Report, check, check_all, check_with};
pub use cluster::{Cluster, GRAIN, Grain, cluster, cluster_at};
pub use columns::{Column, differences};
pub use confidence::{Calibration, Logistic, PART_NAMES, PARTS, Signs};
pub use decide::{Bars, Decision, OFFERED_MAX, decide};
pub use encoder::{BigramEncoder, Encoder};
pub use error::KnowledgeError;
pub use item::{ASKS_MIN, Citation, Hit, Item, SPOKEN_CHARS_MAX};
pub use known::Prepared;
pub use library::Library;
pub use rules::{Fault, Rule, faults};
pub use search::{Context, Index, Nearness};
