//! Password hashes, as the vault keeps them: Argon2id in the PHC string format.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, SaltString};

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
