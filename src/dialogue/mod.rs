//! The conversation: greeting, one open question, an answer from the knowledge base or a draft ticket, and a person
//! whenever one is wanted. A plain machine: [`Input`] in, [`Effect`]s out, no sound, no clock, no store.
//!
//! What it says stands in `prompts/` ([`Prompts`]); whose turn it is and what was left unsaid, the [`Mouth`] knows.

mod choice;
mod contract;
mod doubt;
mod ending;
mod error;
mod filling;
mod hearing;
mod lines;
mod machine;
mod mouth;
mod number;
mod place;
mod progress;
mod prompts;
mod request;
mod say;
mod spoken;
mod state;
mod tries;
mod waiting;

pub use contract::{Effect, HandOverReason, Input, Manner, Outcome, Setup, Understood};
pub use error::DialogueError;
pub use hearing::{is_back_channel, is_doubtful, parts};
pub use lines::Line;
pub use machine::Dialogue;
pub use mouth::{Lapse, Mouth, Phrase};
pub use prompts::Prompts;
pub use request::spoken_source;
pub use say::{DOUBT, Expect, Say, SayId};
pub use spoken::{spoken_digits, spoken_number};
pub use tries::{Failing, Tries};
