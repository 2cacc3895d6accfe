//! The pages, whole as they leave here. What the script may patch stands in regions: `data-live` names the kinds of facts
//! that change it (`data-call`, `data-agent`: only those of this call or agent), children with an id are matched by it.

mod account;
mod accounts;
mod agent;
mod beside;
mod board;
mod call;
mod campaigns;
mod deeds;
mod frame;
mod knowledge;
mod life;
mod login;
mod messages;
mod overview;
mod parts;
mod phone;
mod questions;
mod rates;
mod supervision;
mod supervisor;
mod survey;
mod tabs;
mod ticket;
mod unit;
mod wall;

pub(super) use account::account;
pub(super) use accounts::accounts;
pub(super) use agent::{agent, agents};
pub(super) use board::board;
pub(super) use call::call;
pub(super) use campaigns::{campaign, campaigns};
pub(super) use deeds::deeds;
pub(super) use frame::error_page;
pub(super) use knowledge::{item, knowledge};
pub(super) use login::login;
pub(super) use messages::{messages, messages_json};
pub(super) use overview::overview;
pub(super) use questions::questions;
pub(super) use rates::{plot, rates};
pub(super) use supervision::supervision;
pub(super) use supervisor::supervisor;
pub(super) use survey::{audit, surveys};
pub(super) use ticket::{ticket, tickets};
pub(super) use unit::unit;
pub(super) use wall::{wall, wall_json};
