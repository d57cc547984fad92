//! Password hashes, as the vault keeps them: Argon2id in the PHC string format.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier as _, SaltString};

use crate::problem::Problem;

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Blocks for a while, as it should.
pub fn hash(password: &str) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let message = format!("{PASSWORD_CHARS_MIN} characters to {PASSWORD_BYTES_MAX} bytes");
        return Err(Problem::invalid_field("password", "password_length", message));
    }
    let salt = SaltString::encode_b64(uuid::Uuid::new_v4().as_bytes()).map_err(|error| Problem::internal(&error))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Problem::internal(&error))
}

/// Whether this is the password of that hash. Without one it takes as long, and it is not. Blocks.
#[must_use]
pub fn is_right(hash: Option<&str>, password: &str) -> bool {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    let nobodys = || NOBODYS.get_or_init(|| hash_of_nothing().unwrap_or_default()).as_str();
    let parsed = PasswordHash::new(hash.unwrap_or_else(nobodys));
    let is_right = parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    is_right && hash.is_some()
}

fn hash_of_nothing() -> Result<String, Problem> {
    hash(&uuid::Uuid::new_v4().to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_is_right_and_without_a_hash_none_is() {
        let hashed = hash("correct horse").unwrap();
        assert!(is_right(Some(&hashed), "correct horse"));
        assert!(!is_right(Some(&hashed), "Correct horse"));
        assert!(!is_right(None, "correct horse"));
        assert!(!is_right(Some("not a hash"), "correct horse"));
    }
}
