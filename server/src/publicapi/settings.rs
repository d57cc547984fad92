//! General settings and those of identity and access: documents of the client's that are kept and shown.
//!
//! Secrets in them go to the vault. In what is shown a mask stands in their place, and sent back it leaves them as they are.

use axum::Router;
use axum::routing::get;
use countersign_core::ids::CredentialId;
use countersign_core::settings::Command;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::object::read;
use crate::app::App;
use crate::problem::Problem;
use crate::secrets;

/// Shown in place of a secret.
const MASK: &str = "**********";
/// The one key of what stands for a secret in a document.
const SEALED: &str = "$secret";
/// Deepest nesting of a document.
const DEPTH_MAX: usize = 64;

pub(super) fn routes() -> Router<App> {
    let document = |name: &'static str, unset: fn() -> Json| {
        get(move |call: Call| show(call, name, unset)).put(move |call: Call| save(call, name, unset))
    };
    Router::new()
        .route("/admin/general-settings", document("dataiku.general", || json!({})))
        .route(
            "/admin/iam/sso-settings",
            document("dataiku.iam.sso", || json!({ "enabled": false, "protocol": "OPENID" })),
        )
        .route("/admin/iam/ldap-settings", document("dataiku.iam.ldap", || json!({ "enabled": false })))
        .route("/admin/iam/azure-ad-settings", document("dataiku.iam.azure-ad", || json!({ "enabled": false })))
}

async fn show(call: Call, name: &'static str, unset: fn() -> Json) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let kept = ask.state().settings.by_name.get(name);
    let shown = kept.map_or_else(unset, |kept| masked(Json::Object(read(Some(&*kept.document)))));
    Ok(ask.answer(shown))
}

async fn save(call: Call, name: &'static str, unset: fn() -> Json) -> Reply {
    let ask = call.ask();
    ask.need_admin()?;
    let old = ask.state().settings.by_name.get(name);
    let old = Json::Object(read(old.map(|kept| &*kept.document)));
    let mut fresh = Vec::new();
    let document = sealed(Json::Object(call.object()?), &old, "", DEPTH_MAX, &mut fresh)?;
    for (credential, secret) in &fresh {
        let (credential, secret) = (*credential, secret.clone());
        secrets::with_vault(&call.app, move |vault| vault.put_secret(credential, &secret)).await?;
    }
    let text = document.to_string();
    let saved = call.submit(Command::Set { name: name.into(), document: Some(text.into()) }, None).await;
    // Of the secrets that no document names any more, nobody can be asked.
    let named = if saved.is_ok() { credentials(&document) } else { credentials(&old) };
    let known = credentials(&old).into_iter().chain(fresh.iter().map(|(credential, _)| *credential));
    for credential in known.filter(|credential| !named.contains(credential)) {
        secrets::forget(&call.app, credential).await;
    }
    saved?;
    show(call, name, unset).await
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("secret") || key.ends_with("password") || key.ends_with("passphrase")
}

/// The document with names in place of its secrets; new secrets are handed out with theirs.
fn sealed(
    given: Json,
    old: &Json,
    key: &str,
    depth: usize,
    fresh: &mut Vec<(CredentialId, String)>,
) -> Result<Json, Problem> {
    if depth == 0 {
        return Err(Problem::invalid("nested_too_deeply", format!("at most {DEPTH_MAX} levels are allowed")));
    }
    match given {
        Json::String(text) if is_secret(key) && text == MASK => {
            let kept = credential(old).is_some().then(|| old.clone());
            kept.ok_or_else(|| Problem::invalid_field(key, "secret_unknown", "a mask stands where no secret is kept"))
        }
        Json::String(text) if is_secret(key) && !text.is_empty() => {
            let credential = CredentialId(uuid::Uuid::new_v4());
            fresh.push((credential, text));
            Ok(json!({ SEALED: credential.0.to_string() }))
        }
        Json::Object(given) => {
            if given.contains_key(SEALED) {
                return Err(Problem::invalid_field(SEALED, "key_reserved", "is not for documents"));
            }
            let mut made = Map::new();
            for (key, value) in given {
                let value = sealed(value, old.get(&key).unwrap_or(&Json::Null), &key, depth - 1, fresh)?;
                made.insert(key, value);
            }
            Ok(Json::Object(made))
        }
        Json::Array(given) => {
            let each = |(n, value)| sealed(value, old.get(n).unwrap_or(&Json::Null), key, depth - 1, fresh);
            given.into_iter().enumerate().map(each).collect::<Result<Vec<_>, _>>().map(Json::Array)
        }
        plain => Ok(plain),
    }
}

fn credential(sealed: &Json) -> Option<CredentialId> {
    let text = sealed.as_object().filter(|keys| keys.len() == 1)?.get(SEALED)?.as_str()?;
    uuid::Uuid::parse_str(text).ok().map(CredentialId)
}

fn credentials(document: &Json) -> Vec<CredentialId> {
    match document {
        found if credential(found).is_some() => credential(found).into_iter().collect(),
        Json::Object(keys) => keys.values().flat_map(credentials).collect(),
        Json::Array(list) => list.iter().flat_map(credentials).collect(),
        _ => Vec::new(),
    }
}

fn masked(document: Json) -> Json {
    match document {
        sealed if credential(&sealed).is_some() => MASK.into(),
        Json::Object(keys) => keys.into_iter().map(|(key, value)| (key, masked(value))).collect(),
        Json::Array(list) => list.into_iter().map(masked).collect(),
        plain => plain,
    }
}
