//! One test binary. Tests that need weights or data say so and pass over when those are absent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod console;
mod console_pages;
mod dialogue;
mod dialogue_heard;
mod guard;
mod hotline;
mod intake;
mod intake_place;
mod knowledge;
mod language;
mod leg;
mod media;
mod media_files;
mod media_jitter;
mod media_socket;
mod models;
mod models_convert;
mod nonspeech;
mod page;
mod queue;
mod recognise;
mod sdp;
mod service;
mod sim;
mod survey;
mod ticket;
mod tidy;
mod turn;
mod voice;
mod wire_baresip;
mod wire_line;
mod wire_sip;
