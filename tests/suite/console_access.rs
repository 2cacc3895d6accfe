//! Who may do what, over real sockets: every route and every role, logins and those who guess, what is whose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "console_access/hands.rs"]
mod hands;
#[path = "console_access/logins.rs"]
mod logins;
#[path = "console_access/roles.rs"]
mod roles;
#[path = "console_access/staff.rs"]
pub mod staff;
#[path = "console_access/tls.rs"]
mod tls;
