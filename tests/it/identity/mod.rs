//! Who people and machines are, and what the record says of their coming and going.

mod browser;
mod keys;
mod noted;
mod oidc;
mod sessions;
