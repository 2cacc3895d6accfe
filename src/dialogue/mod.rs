//! The conversation: greeting, one open question, an answer from the knowledge base or a draft ticket, and a person
//! whenever one is wanted. A plain machine: [`Input`] in, [`Effect`]s out, no sound, no clock, no store.
//!
//! What it says stands in `prompts/` ([`Prompts`]); whose turn it is and what was left unsaid, the [`Mouth`] knows.

mod contract;
mod error;
mod lines;
mod mouth;
mod prompts;
mod say;
mod spoken;

pub use contract::{Effect, HandOverReason, Input, Manner, Outcome, Setup, Understood};
pub use error::DialogueError;
pub use lines::Line;
pub use mouth::{Mouth, Phrase};
pub use prompts::Prompts;
pub use say::{Expect, Say, SayId};
pub use spoken::{spoken_digits, spoken_number};
