//! Passwords as argon2id (RFC 9106), written as PHC strings: what is kept carries its own salt and cost.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::AccessError;
use crate::kernel::Pii;

/// Salt of one password: from the system, new for each.
pub const SALT_BYTES: usize = 16;

/// How dear one guess is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for Cost {
    /// The first that OWASP's cheat sheet on password storage names for argon2id.
    fn default() -> Self {
        Cost { memory_kib: 19_456, passes: 2 }
    }
}

impl Cost {
    fn argon2(self) -> Result<Argon2<'static>, AccessError> {
        let params = Params::new(self.memory_kib, self.passes, 1, None);
        let params = params.map_err(|error| AccessError::Cost(error.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// What is kept of a password.
pub fn hashed(
    password: &Pii<String>,
    salt: &[u8; SALT_BYTES],
    cost: Cost,
) -> Result<String, AccessError> {
    let hash = cost.argon2()?.hash_password_with_salt(password.reveal().as_bytes(), salt);
    Ok(hash.map_err(|error| AccessError::Hash(error.to_string()))?.to_string())
}

/// Whether it is the password that was hashed. What cannot be read as a hash is nobody's.
pub fn is_password(given: &Pii<String>, kept: &str) -> bool {
    // The cost is the kept one's.
    Argon2::default().verify_password(given.reveal().as_bytes(), kept).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_nothing_else_is() {
        let cost = Cost { memory_kib: 8, passes: 1 };
        let password = Pii::new("河边三只白鹭".to_owned());
        let kept = hashed(&password, &[7; SALT_BYTES], cost).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{kept}");
        assert!(!kept.contains("白鹭"));
        assert!(is_password(&password, &kept));
        for other in ["河边三只白鹭 ", "", "x"] {
            assert!(!is_password(&Pii::new(other.to_owned()), &kept));
        }
        assert_ne!(hashed(&password, &[8; SALT_BYTES], cost).unwrap(), kept);
        for broken in ["", "*", "$argon2id$", "$2y$10$x"] {
            assert!(!is_password(&password, broken));
        }
        assert!(hashed(&password, &[7; SALT_BYTES], Cost { memory_kib: 1, passes: 0 }).is_err());
    }
}
