//! Secrets: not events, never exported, never printed.
//!
//! One small file, replaced as a whole. A secret is written and synced here *before* the event that names its opaque
//! [`CredentialId`]; a secret without an event opens nothing, an event without a secret cannot exist.
//! API keys are kept as their SHA-256 (they are random, so a slow hash would add nothing), passwords as whatever hash
//! the caller made of them. All calls block on the disk: not for an async thread.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use countersign_core::ids::{CredentialId, Digest};
use serde::{Deserialize, Serialize};

/// Newest layout of the file that this program reads. Since 0.1.
const FORMAT: u32 = 1;
/// Largest file that is read; some 100,000 secrets.
const VAULT_BYTES_MAX: u64 = 32 * 1024 * 1024;
const FILE_NAME: &str = "secrets.json";

/// The store of secrets. A clone is another handle on the same.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    contents: RwLock<Arc<Contents>>,
    /// One change at a time; readers go on with the old contents meanwhile.
    changing: Mutex<()>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: u32,
    /// SHA-256 of the whole key, in hex, to its credential.
    keys: BTreeMap<String, uuid::Uuid>,
    /// Credential to password hash.
    passwords: BTreeMap<uuid::Uuid, String>,
    /// Credential to a secret that we sign with, and so have to know.
    #[serde(default)]
    secrets: BTreeMap<uuid::Uuid, String>,
}

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialKind {
    /// An API key.
    Key,
    /// A password.
    Password,
    /// A secret that we sign with.
    Secret,
}

/// Why the vault did not do it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The disk did not.
    #[error("the vault at {path} could not be read or written")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody else may read the file.
    #[error("{path} has mode {mode:o}, others can read it; it must be 600")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not one that this program wrote.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why; says a place, never a secret.
        #[source]
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error("{path} has format {found}; this program reads up to {FORMAT}")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The file is above its bound.
    #[error("{path} has more than {VAULT_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The same secret stands for another credential, or the credential for another secret.
    #[error("the secret or its credential is already in use")]
    InUse,
}

impl VaultError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "vault_io",
            Self::TooOpen { .. } => "vault_too_open",
            Self::Damaged { .. } => "vault_damaged",
            Self::NewerFormat { .. } => "vault_newer_format",
            Self::TooLarge { .. } => "vault_too_large",
            Self::InUse => "secret_in_use",
        }
    }
}

impl Vault {
    /// Opens the vault in `directory`, making both on the first start.
    pub fn open(directory: &Path) -> Result<Self, VaultError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| VaultError::Io { path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed(directory))?;
        let path = directory.join(FILE_NAME);
        let contents = match OpenOptions::new().read(true).open(&path) {
            Ok(file) => read(&path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Contents { format: FORMAT, ..Contents::default() },
            Err(error) => return Err(failed(&path)(error)),
        };
        let inner = Inner {
            directory: directory.to_path_buf(),
            contents: RwLock::new(Arc::new(contents)),
            changing: Mutex::new(()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Keeps an API key under `credential`; durable on return. Doing it again changes nothing.
    pub fn put_key(&self, credential: CredentialId, secret: &str) -> Result<(), VaultError> {
        let digest = Digest::of(secret.as_bytes()).to_string();
        self.change(|contents| {
            if contents.keys.get(&digest) == Some(&credential.0) {
                return Ok(());
            }
            if contents.keys.contains_key(&digest) || contents.holds(credential) {
                return Err(VaultError::InUse);
            }
            contents.keys.insert(digest, credential.0);
            Ok(())
        })
    }

    /// The credential of an API key; the key is given whole.
    #[must_use]
    pub fn find_key(&self, secret: &str) -> Option<CredentialId> {
        // A lookup by hash: what its timing tells is the hash of what the caller sent, not of what is kept.
        self.contents().keys.get(&Digest::of(secret.as_bytes()).to_string()).copied().map(CredentialId)
    }

    /// Keeps a password hash under `credential`, in place of the one before; durable on return.
    pub fn put_password(&self, credential: CredentialId, hash: &str) -> Result<(), VaultError> {
        self.change(|contents| {
            if contents.keys.values().any(|key| *key == credential.0) || contents.secrets.contains_key(&credential.0) {
                return Err(VaultError::InUse);
            }
            contents.passwords.insert(credential.0, hash.to_owned());
            Ok(())
        })
    }

    /// The password hash of a credential.
    #[must_use]
    pub fn password(&self, credential: CredentialId) -> Option<String> {
        self.contents().passwords.get(&credential.0).cloned()
    }

    /// Keeps a secret that we sign with under `credential`, as it is; durable on return.
    pub fn put_secret(&self, credential: CredentialId, secret: &str) -> Result<(), VaultError> {
        self.change(|contents| {
            if contents.holds(credential) {
                return Err(VaultError::InUse);
            }
            contents.secrets.insert(credential.0, secret.to_owned());
            Ok(())
        })
    }

    /// The secret of a credential that we sign with.
    #[must_use]
    pub fn secret(&self, credential: CredentialId) -> Option<String> {
        self.contents().secrets.get(&credential.0).cloned()
    }

    /// Forgets a credential; whether there was one. Durable on return.
    pub fn remove(&self, credential: CredentialId) -> Result<bool, VaultError> {
        self.change(|contents| {
            let had = contents.holds(credential);
            contents.keys.retain(|_, key| *key != credential.0);
            contents.passwords.remove(&credential.0);
            contents.secrets.remove(&credential.0);
            Ok(had)
        })
    }

    /// What there is, without the secrets.
    #[must_use]
    pub fn list(&self) -> Vec<(CredentialId, CredentialKind)> {
        let contents = self.contents();
        let keys = contents.keys.values().map(|key| (CredentialId(*key), CredentialKind::Key));
        let passwords = contents.passwords.keys().map(|id| (CredentialId(*id), CredentialKind::Password));
        let secrets = contents.secrets.keys().map(|id| (CredentialId(*id), CredentialKind::Secret));
        let mut all: Vec<_> = keys.chain(passwords).chain(secrets).collect();
        all.sort_unstable();
        all
    }

    fn contents(&self) -> Arc<Contents> {
        Arc::clone(&self.inner.contents.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, make: impl FnOnce(&mut Contents) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let _one_at_a_time = self.inner.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contents = Contents::clone(&self.contents());
        let made = make(&mut contents)?;
        write(&self.inner.directory, &contents)?;
        *self.inner.contents.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(contents);
        Ok(made)
    }
}

impl Contents {
    fn holds(&self, credential: CredentialId) -> bool {
        self.passwords.contains_key(&credential.0)
            || self.secrets.contains_key(&credential.0)
            || self.keys.values().any(|key| *key == credential.0)
    }
}

/// Says how much there is, never what.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contents = self.contents();
        f.debug_struct("Vault")
            .field("directory", &self.inner.directory)
            .field("keys", &contents.keys.len())
            .field("passwords", &contents.passwords.len())
            .field("secrets", &contents.secrets.len())
            .finish()
    }
}

fn read(path: &Path, file: File) -> Result<Contents, VaultError> {
    let failed = |source| VaultError::Io { path: path.to_path_buf(), source };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::TooOpen { path: path.to_path_buf(), mode });
    }
    let mut text = Vec::new();
    file.take(VAULT_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > VAULT_BYTES_MAX {
        return Err(VaultError::TooLarge { path: path.to_path_buf() });
    }
    let damaged = |source| VaultError::Damaged { path: path.to_path_buf(), source };
    // The format is looked at first: what a newer program wrote need not have today's shape.
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(damaged)?;
    let found = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found > u64::from(FORMAT) {
        return Err(VaultError::NewerFormat {
            path: path.to_path_buf(),
            found: u32::try_from(found).unwrap_or(u32::MAX),
        });
    }
    serde_json::from_value(value).map_err(damaged)
}

/// Replaces the file: whoever reads, now or after a power cut, finds the old contents or the new.
fn write(directory: &Path, contents: &Contents) -> Result<(), VaultError> {
    let path = directory.join(FILE_NAME);
    let failed = |source| VaultError::Io { path: path.clone(), source };
    let text = serde_json::to_vec(contents).map_err(|source| failed(source.into()))?;
    if text.len() as u64 > VAULT_BYTES_MAX {
        return Err(VaultError::TooLarge { path });
    }
    let staged = directory.join("secrets.json.new");
    // A left-over of a crash may have any mode; a new file has ours from its first byte.
    match fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&staged, &path).map_err(failed)?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
