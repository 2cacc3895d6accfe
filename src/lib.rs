//! Huiyin (回音): the voice hotline that answers. 事事有回音: every matter gets an echo.
//!
//! A caller's sound goes one way through the rooms:
//! `call → media → speech → intake + knowledge → dialogue → desk → survey`.

pub mod access;
pub mod acd;
pub mod bridge;
pub mod call;
pub mod config;
pub mod console;
pub mod desk;
pub mod dialogue;
pub mod engine;
pub mod hotline;
pub mod insight;
pub mod intake;
pub mod kernel;
pub mod knowledge;
pub mod language;
pub mod media;
pub mod notice;
pub mod runtime;
pub mod sim;
pub mod speech;
pub mod store;
pub mod survey;
