//! Accounts: names, passwords and what a role is bound to.

use super::{AccessError, Grants, Role, Scope};
use crate::kernel::AgentId;

/// The number of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

pub const NAME_CHARS_MAX: usize = 32;
pub const DISPLAY_CHARS_MAX: usize = 20;
/// NIST SP 800-63B asks for 8 and advises more; length counts, not kinds of characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Fewer different characters are a pattern.
const DIFFERENT_MIN: usize = 5;
/// The beginnings of what guessers try first, of ten characters and more.
const USUAL: [&str; 14] = [
    "1234567890",
    "0123456789",
    "0987654321",
    "9876543210",
    "password",
    "passw0rd",
    "p@ssw0rd",
    "qwertyuiop",
    "1qaz2wsx",
    "abcdefghij",
    "abc1234567",
    "iloveyou",
    "woaini",
    "huiyin",
];

/// A role and what it is bound to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Posting {
    role: Role,
    unit: Option<String>,
    agent: Option<AgentId>,
}

impl Posting {
    /// # Errors
    /// A unit's account without its unit, an agent's without their work number, or another with one of them.
    pub fn new(
        role: Role,
        unit: Option<String>,
        agent: Option<AgentId>,
    ) -> Result<Posting, AccessError> {
        let unit = unit.map(|unit| unit.trim().to_owned()).filter(|unit| !unit.is_empty());
        match (role, &unit, agent) {
            (Role::Unit, None, _) => Err(AccessError::NoUnit),
            (Role::Agent, _, None) => Err(AccessError::NoAgent),
            (role, Some(_), _) if role != Role::Unit => Err(AccessError::StrayUnit),
            (role, _, Some(_)) if role != Role::Agent => Err(AccessError::StrayAgent),
            _ => Ok(Posting { role, unit, agent }),
        }
    }

    pub const fn role(&self) -> Role {
        self.role
    }

    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    pub const fn agent(&self) -> Option<AgentId> {
        self.agent
    }

    pub fn grants(&self) -> Grants {
        self.role.grants()
    }

    pub fn scope(&self) -> Scope {
        match (&self.unit, self.agent) {
            (Some(unit), _) => Scope::Unit(unit.clone()),
            (None, Some(agent)) => Scope::Agent(agent),
            (None, None) => Scope::All,
        }
    }
}

/// Somebody who logs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    pub id: AccountId,
    /// As they log in: small letters.
    pub name: String,
    /// As they sign.
    pub display: String,
    pub posting: Posting,
    /// The password was given by somebody else: the owner sets one of their own first.
    pub must_change: bool,
    pub disabled: bool,
    pub has_second_factor: bool,
}

/// The name as it is kept: small letters, digits, `.`, `-`, `_`, a letter first.
pub fn checked_name(text: &str) -> Result<String, AccessError> {
    let name = text.trim().to_ascii_lowercase();
    let plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    if begins && (2..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(plain) {
        return Ok(name);
    }
    Err(AccessError::Name(text.trim().chars().take(NAME_CHARS_MAX).collect()))
}

/// Whether this may become the password of `name`.
pub fn checked_password(name: &str, password: &str) -> Result<(), AccessError> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(AccessError::Short(chars));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(AccessError::Long);
    }
    let mut different: Vec<char> = password.to_lowercase().chars().collect();
    let small: String = different.iter().collect();
    different.sort_unstable();
    different.dedup();
    let usual = USUAL.iter().any(|usual| small.starts_with(usual));
    if different.len() < DIFFERENT_MIN || usual || small.contains(&name.to_lowercase()) {
        return Err(AccessError::Weak);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_judged() {
        for (given, name) in [
            ("li.xiao", Ok("li.xiao")),
            (" LiXiao ", Ok("lixiao")),
            ("a1", Ok("a1")),
            ("a", Err(())),
            ("1a", Err(())),
            ("李晓", Err(())),
            ("a b", Err(())),
            ("a'--", Err(())),
            ("", Err(())),
        ] {
            assert_eq!(checked_name(given).map_err(|_| ()), name.map(str::to_owned), "{given}");
        }
        let long = "长".repeat(86);
        for (password, verdict) in [
            ("河边三只白鹭飞过青山去", Ok(())),
            ("correct horse battery", Ok(())),
            ("short", Err(AccessError::Short(5))),
            ("lixiao-2026!", Err(AccessError::Weak)),
            ("Password2026", Err(AccessError::Weak)),
            ("aaaabbbbaaaa", Err(AccessError::Weak)),
            (long.as_str(), Err(AccessError::Long)),
        ] {
            assert_eq!(checked_password("lixiao", password), verdict, "{password}");
        }
    }

    #[test]
    fn a_role_is_bound_to_what_it_needs_and_to_nothing_else() {
        let (unit, agent) = (Some("urban".to_owned()), Some(AgentId(1)));
        for role in Role::ALL {
            for (unit, agent) in
                [(None, None), (unit.clone(), None), (None, agent), (unit.clone(), agent)]
            {
                let fits = match role {
                    Role::Unit => unit.is_some() && agent.is_none(),
                    Role::Agent => unit.is_none() && agent.is_some(),
                    _ => unit.is_none() && agent.is_none(),
                };
                assert_eq!(
                    Posting::new(role, unit.clone(), agent).is_ok(),
                    fits,
                    "{role} {unit:?} {agent:?}"
                );
            }
        }
        assert_eq!(Posting::new(Role::Unit, Some(" ".into()), None), Err(AccessError::NoUnit));
    }
}
