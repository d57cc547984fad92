//! The settings of signing in through an identity provider with OpenID Connect.

use std::path::PathBuf;

use clap::Args;
use openidconnect::url::{Host, Url};
use openidconnect::{ClientId, ClientSecret, IssuerUrl, RedirectUrl};
use serde::{Deserialize, Serialize};

/// The variable of the client's secret; a flag would show it to everybody on the machine.
pub const SECRET_VARIABLE: &str = "COUNTERSIGN_OIDC_CLIENT_SECRET";
/// Where the provider sends people back to, below the external URL.
pub const CALLBACK: &str = "/api/v1/session/oidc/callback";
/// The claim that is the login, unless told otherwise.
const LOGIN_CLAIM: &str = "preferred_username";

/// Flags and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct OidcFlags {
    /// The identity provider; without one people sign in with passwords only. Needs --external-url
    #[arg(long, env = "COUNTERSIGN_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// What the provider calls this service
    #[arg(long, env = "COUNTERSIGN_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// The file that holds the client's secret; or it is in `COUNTERSIGN_OIDC_CLIENT_SECRET`
    #[arg(long, env = "COUNTERSIGN_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// The claim that is the login; one that the provider never gives to another person
    #[arg(long, env = "COUNTERSIGN_OIDC_LOGIN_CLAIM", value_name = "CLAIM")]
    pub oidc_login_claim: Option<String>,
    /// The claim that lists a person's groups; they replace those he had. Without one groups are kept here
    #[arg(long, env = "COUNTERSIGN_OIDC_GROUPS_CLAIM", value_name = "CLAIM")]
    pub oidc_groups_claim: Option<String>,
    /// Groups of the claim that are not here are made; otherwise they are passed over
    #[arg(long, env = "COUNTERSIGN_OIDC_CREATE_GROUPS")]
    pub oidc_create_groups: bool,
    /// People who are not here are made when they first sign in; otherwise they are refused
    #[arg(long, env = "COUNTERSIGN_OIDC_CREATE_USERS")]
    pub oidc_create_users: bool,
}

/// The same from a file, and as it is shown.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    issuer: Option<String>,
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_file: Option<PathBuf>,
    login_claim: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups_claim: Option<String>,
    create_groups: Option<bool>,
    create_users: Option<bool>,
}

/// What holds in the end.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// The provider.
    pub issuer: IssuerUrl,
    /// What it calls us.
    pub client_id: ClientId,
    /// How it knows us.
    pub client_secret: Option<ClientSecret>,
    /// Where it sends people back to.
    pub redirect: RedirectUrl,
    /// The claim that is the login.
    pub login_claim: String,
    /// The claim that lists groups.
    pub groups_claim: Option<String>,
    /// Groups are made.
    pub may_create_groups: bool,
    /// People are made.
    pub may_create_users: bool,
}

/// A provider that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// Something that it needs.
    #[error("signing in through an identity provider needs {0}")]
    Missing(&'static str),
    /// Not a URL, or one that anybody between can read.
    #[error("the identity provider {0:?} is not reached by https")]
    Issuer(String),
    /// Not a URL.
    #[error("the external URL {0:?} is none")]
    External(String),
    /// The file of the secret cannot be read.
    #[error("cannot read {path}")]
    SecretFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Oidc {
    /// Flags over the file; `secret` is that of the environment. Without an issuer there is no provider.
    pub(super) fn resolve(
        flags: OidcFlags,
        file: File,
        secret: Option<String>,
        external: Option<&str>,
    ) -> Result<Option<Self>, OidcError> {
        let Some(issuer) = flags.oidc_issuer.or(file.issuer).filter(|url| !url.is_empty()) else { return Ok(None) };
        let url = Url::parse(&issuer).ok().filter(is_protected).ok_or_else(|| OidcError::Issuer(issuer.clone()))?;
        let issuer = IssuerUrl::new(issuer).unwrap_or_else(|_| IssuerUrl::from_url(url));
        let client_id = flags.oidc_client_id.or(file.client_id).ok_or(OidcError::Missing("--oidc-client-id"))?;
        let external = external.ok_or(OidcError::Missing("--external-url"))?;
        let redirect = RedirectUrl::new(format!("{}{CALLBACK}", external.trim_end_matches('/')));
        let secret = match (secret, flags.oidc_client_secret_file.or(file.client_secret_file)) {
            (Some(secret), _) => Some(secret),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(&path).map_err(|source| OidcError::SecretFile { path, source })?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, None) => None,
        };
        Ok(Some(Self {
            issuer,
            client_id: ClientId::new(client_id),
            client_secret: secret.map(ClientSecret::new),
            redirect: redirect.map_err(|_| OidcError::External(external.to_owned()))?,
            login_claim: flags.oidc_login_claim.or(file.login_claim).unwrap_or_else(|| LOGIN_CLAIM.to_owned()),
            groups_claim: flags.oidc_groups_claim.or(file.groups_claim).filter(|claim| !claim.is_empty()),
            may_create_groups: flags.oidc_create_groups || file.create_groups.unwrap_or(false),
            may_create_users: flags.oidc_create_users || file.create_users.unwrap_or(false),
        }))
    }

    pub(super) fn shown(&self) -> File {
        File {
            issuer: Some(self.issuer.to_string()),
            client_id: Some(self.client_id.to_string()),
            client_secret_file: None,
            login_claim: Some(self.login_claim.clone()),
            groups_claim: self.groups_claim.clone(),
            create_groups: Some(self.may_create_groups),
            create_users: Some(self.may_create_users),
        }
    }
}

/// Encrypted, or not leaving this machine.
fn is_protected(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(issuer: &str, external: Option<&str>) -> Result<Option<Oidc>, OidcError> {
        let (issuer, id) = (Some(issuer.to_owned()), Some("countersign".to_owned()));
        let flags = OidcFlags { oidc_issuer: issuer, oidc_client_id: id, ..OidcFlags::default() };
        Oidc::resolve(flags, File::default(), Some("s3cret".to_owned()), external)
    }

    #[test]
    fn a_provider_is_reached_by_https_or_on_this_machine() {
        let external = Some("https://govern.example.com/");
        for good in ["https://id.example.com/realms/a", "http://127.0.0.1:9400", "http://localhost:9400"] {
            assert!(resolve(good, external).is_ok_and(|oidc| oidc.is_some()), "{good}");
        }
        for bad in ["http://id.example.com", "id.example.com", "http://localhost.example.com", "file:///etc/passwd"] {
            assert!(matches!(resolve(bad, external), Err(OidcError::Issuer(_))), "{bad}");
        }
    }

    #[test]
    fn people_come_back_to_the_external_url_and_the_secret_is_never_shown() {
        assert!(matches!(resolve("https://id.example.com", None), Err(OidcError::Missing("--external-url"))));
        let found = resolve("https://id.example.com", Some("https://govern.example.com/"));
        assert!(!format!("{found:?}").contains("s3cret"));
        let redirect = found.ok().flatten().map(|oidc| oidc.redirect.to_string());
        assert_eq!(redirect.as_deref(), Some("https://govern.example.com/api/v1/session/oidc/callback"));
    }
}
