//! Who may do what: roles and what each is granted, accounts and their passwords, sessions and how long they live, the
//! growing pause of those who guess, and the second factor (TOTP, RFC 6238).
//!
//! A pure room: time and randomness are handed in, what is kept is kept by `store`, what is asked is asked by `console`.
//! What nothing here grants is refused.

mod account;
mod error;
mod grants;
mod lockout;
mod password;
mod session;
mod totp;

pub use account::{
    Account, AccountId, DISPLAY_CHARS_MAX, NAME_CHARS_MAX, Posting, checked_name, checked_password,
};
pub use error::AccessError;
pub use grants::{Grant, Grants, Role, Scope};
pub use lockout::{Lock, Lockout, PER_ACCOUNT, PER_ADDRESS, Patience};
pub use password::{Cost, SALT_BYTES, hashed, is_password};
pub use session::{Lifetime, Session, State};
pub use totp::{DIGITS, SECRET_BYTES, STEP_S, Secret, code_at, step_of};
