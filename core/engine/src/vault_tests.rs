//! The vault on a real disk.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::*;

const SECRET: &str = "a-secret-of-24-characters";

fn credential(n: u128) -> CredentialId {
    CredentialId(uuid::Uuid::from_u128(n))
}

#[test]
fn a_key_is_found_by_its_whole_secret_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("vault");
    Vault::open(&directory).unwrap().put_key(credential(1), SECRET).unwrap();
    let vault = Vault::open(&directory).unwrap();
    assert_eq!(vault.find_key(SECRET), Some(credential(1)));
    assert_eq!(vault.find_key("a-secret-of-24-character"), None);
}

#[test]
fn neither_the_file_nor_debug_shows_a_secret_and_only_the_owner_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("vault");
    let vault = Vault::open(&directory).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    vault.put_password(credential(2), "$argon2id$hash").unwrap();
    let file = directory.join(FILE_NAME);
    assert!(!fs::read_to_string(&file).unwrap().contains(SECRET));
    assert!(!format!("{vault:?}").contains("argon2"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    let file = folder.path().join(FILE_NAME);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(Vault::open(folder.path()).unwrap_err().code(), "vault_too_open");
}

#[test]
fn a_newer_format_and_a_damaged_file_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    let file = folder.path().join(FILE_NAME);
    fs::write(&file, r#"{"format":2,"something":"new"}"#).unwrap();
    assert_eq!(Vault::open(folder.path()).unwrap_err().code(), "vault_newer_format");
    fs::write(&file, r#"{"format":1,"keys":"#).unwrap();
    assert_eq!(Vault::open(folder.path()).unwrap_err().code(), "vault_damaged");
}

#[test]
fn a_secret_or_credential_in_use_is_refused_and_a_repetition_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    assert_eq!(vault.put_key(credential(2), SECRET).unwrap_err().code(), "secret_in_use");
    assert_eq!(vault.put_key(credential(1), "another-secret").unwrap_err().code(), "secret_in_use");
    assert_eq!(vault.put_password(credential(1), "hash").unwrap_err().code(), "secret_in_use");
}

#[test]
fn a_removed_credential_opens_nothing_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    vault.put_key(credential(1), SECRET).unwrap();
    vault.put_password(credential(2), "hash").unwrap();
    assert_eq!(vault.list(), [(credential(1), CredentialKind::Key), (credential(2), CredentialKind::Password)]);
    assert!(vault.remove(credential(1)).unwrap());
    assert!(!vault.remove(credential(1)).unwrap());
    let vault = Vault::open(folder.path()).unwrap();
    assert_eq!(vault.find_key(SECRET), None);
    assert_eq!(vault.password(credential(2)).as_deref(), Some("hash"));
}

#[test]
fn a_secret_to_sign_with_is_given_back_after_a_restart_and_never_shown_or_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    Vault::open(folder.path()).unwrap().put_secret(credential(3), "whsec_x").unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    assert_eq!(vault.secret(credential(3)).as_deref(), Some("whsec_x"));
    assert!(!format!("{vault:?}").contains("whsec_x"));
    assert_eq!(vault.put_secret(credential(3), "whsec_y").unwrap_err().code(), "secret_in_use");
    assert_eq!(vault.put_password(credential(3), "hash").unwrap_err().code(), "secret_in_use");
    assert!(vault.remove(credential(3)).unwrap());
    assert_eq!(vault.secret(credential(3)), None);
}

#[test]
fn a_change_that_could_not_be_written_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("vault");
    let vault = Vault::open(&directory).unwrap();
    fs::remove_dir(&directory).unwrap();
    assert_eq!(vault.put_key(credential(1), SECRET).unwrap_err().code(), "vault_io");
    assert_eq!(vault.find_key(SECRET), None);
}
