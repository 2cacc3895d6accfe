//! Huiyin (回音): the voice hotline that answers. 事事有回音: every matter gets an echo.
//!
//! A caller's sound goes one way through the rooms:
//! `call → media → speech → intake + knowledge → dialogue → desk → survey`.

pub mod kernel;
pub mod speech;
pub mod desk;
