//! What is wrong with an account, and the way out.

/// Why an account cannot be as it is wanted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AccessError {
    #[error(
        "{0:?} is no name of an account: use 2 to 32 of a-z, 0-9, '.', '-' and '_', beginning with a letter"
    )]
    Name(String),
    #[error("the password has {0} characters: use at least {min}", min = super::account::PASSWORD_CHARS_MIN)]
    Short(usize),
    #[error("the password is longer than {max} bytes", max = super::account::PASSWORD_BYTES_MAX)]
    Long,
    #[error(
        "the password is easily guessed: do not use the account's name, one of the usual passwords, or few different characters"
    )]
    Weak,
    #[error("{0:?} is no role: use caller_public, agent, desk, unit, supervisor, auditor or admin")]
    Role(String),
    #[error("an account with the role unit needs the code of its unit")]
    NoUnit,
    #[error("only an account with the role unit is bound to a unit")]
    StrayUnit,
    #[error("an account with the role agent needs a work number, one of [[agents]]")]
    NoAgent,
    #[error("only an account with the role agent is bound to a work number")]
    StrayAgent,
    #[error("the cost of argon2id is out of its range: {0}")]
    Cost(String),
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
    #[error("this is no secret of a second factor: it is base32, 32 characters")]
    Secret,
}
