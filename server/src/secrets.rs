//! Secrets on their way into the vault and out of it: durable there before any event names them, forgotten when none
//! came to name them.

use countersign_core::Command;
use countersign_core::ids::CredentialId;
use countersign_engine::vault::{Vault, VaultError};

use crate::api::wish::{Done, Terms, submit};
use crate::app::App;
use crate::password;
use crate::problem::Problem;

/// Keeps the hash of a password, once its length is found good.
pub(crate) async fn keep_password(app: &App, password: &str) -> Result<CredentialId, Problem> {
    let credential = CredentialId(uuid::Uuid::new_v4());
    let (vault, password) = (app.vault.clone(), password.to_owned());
    let kept = tokio::task::spawn_blocking(move || {
        let hash = password::hash(&password)?;
        vault.put_password(credential, &hash).map_err(|error| Problem::internal(&error))
    });
    kept.await.map_err(|error| Problem::internal(&error))??;
    Ok(credential)
}

/// Does something slow with the vault.
pub(crate) async fn with_vault(
    app: &App,
    work: impl FnOnce(&Vault) -> Result<(), VaultError> + Send + 'static,
) -> Result<(), Problem> {
    let vault = app.vault.clone();
    let done = tokio::task::spawn_blocking(move || work(&vault)).await.map_err(|error| Problem::internal(&error))?;
    done.map_err(|error| Problem::internal(&error))
}

/// Submits a command that names a secret; one that no event came to name is forgotten again.
pub(crate) async fn submit_naming(
    app: &App,
    terms: &Terms,
    command: Command,
    secret: Option<CredentialId>,
) -> Result<Done, Problem> {
    let done = submit(app, terms, command, None).await;
    let is_unused = done.as_ref().map_or_else(Problem::is_refusal, |done| done.is_repeated || done.events.is_empty());
    if let Some(credential) = secret.filter(|_| is_unused) {
        forget(app, credential).await;
    }
    done
}

/// Removes a secret that no event names, or none names any more.
pub(crate) async fn forget(app: &App, credential: CredentialId) {
    let vault = app.vault.clone();
    let removed = tokio::task::spawn_blocking(move || vault.remove(credential)).await;
    if !matches!(removed, Ok(Ok(_))) {
        tracing::warn!("an unused secret stays in the vault");
    }
}
