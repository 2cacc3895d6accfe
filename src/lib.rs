//! Huiyin (回音): the voice hotline that answers. 事事有回音: every matter gets an echo.
//!
//! A caller's sound goes one way through the rooms:
//! `call → media → speech → intake + knowledge → dialogue → desk → survey`.

pub mod kernel;
pub mod config;
pub mod language;
pub mod media;
pub mod call;
pub mod speech;
pub mod intake;
pub mod knowledge;
pub mod dialogue;
pub mod desk;
pub mod survey;
pub mod hotline;
pub mod store;
pub mod engine;
pub mod console;
pub mod runtime;
pub mod sim;
