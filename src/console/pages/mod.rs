//! The pages, whole as they leave here. What the script may patch stands in regions: `data-live` names the kinds of facts
//! that change it (`data-call`, `data-agent`: only those of this call or agent), children with an id are matched by it.

mod agent;
mod beside;
mod call;
mod frame;
mod knowledge;
mod messages;
mod overview;
mod parts;
mod questions;
mod supervisor;
mod survey;
mod ticket;

pub(super) use agent::{agent, agents};
pub(super) use call::call;
pub(super) use frame::{error_page, login};
pub(super) use knowledge::{item, knowledge};
pub(super) use messages::{messages, messages_json};
pub(super) use overview::overview;
pub(super) use questions::questions;
pub(super) use supervisor::supervisor;
pub(super) use survey::surveys;
pub(super) use ticket::{ticket, tickets};
