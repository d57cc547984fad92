//! What the service is told: flags, then the environment, then `countersign.toml`, then the defaults below.
//!
//! Secrets are read from files or the environment only; `--print-config` shows none.

pub mod hooks;
pub mod mail;
pub mod oidc;
pub mod session;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_ingest::Admission;
use serde::{Deserialize, Serialize};

use crate::admission::Given;
use crate::session::store::Lifetime;
use hooks::Hooks;
use mail::{Mail, MailError};
use oidc::{Oidc, OidcError};

/// Where the service listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8740";
/// Where it keeps everything unless told otherwise.
pub const DATA: &str = "./countersign-data";
/// Read when it exists and no other file is named.
pub const FILE: &str = "countersign.toml";
/// Largest upload unless told otherwise, in bytes.
pub const UPLOAD_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Commands that may wait for the engine unless told otherwise.
pub const QUEUE_COMMANDS_MAX: usize = 1024;

/// Flags and environment of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Address and port to listen on; port 0 takes any
    #[arg(long, env = "COUNTERSIGN_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// The data directory
    #[arg(long, env = "COUNTERSIGN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The NATS server; without one, ingest, relay and the gate over NATS are off
    #[arg(long, env = "COUNTERSIGN_NATS", value_name = "URL", hide_env_values = true)]
    pub nats: Option<String>,
    /// How NATS lets us in
    #[command(flatten)]
    pub admission: Given,
    /// PEM file with the certificate chain for HTTPS; together with --tls-key
    #[arg(long, env = "COUNTERSIGN_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the certificate's private key
    #[arg(long, env = "COUNTERSIGN_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Largest upload, in bytes
    #[arg(long, env = "COUNTERSIGN_UPLOAD_BYTES_MAX", value_name = "BYTES")]
    pub upload_bytes_max: Option<u64>,
    /// Where people reach the service, for links in mail
    #[arg(long, env = "COUNTERSIGN_EXTERNAL_URL", value_name = "URL")]
    pub external_url: Option<String>,
    /// Mail.
    #[command(flatten)]
    pub mail: mail::MailFlags,
    /// How long people stay signed in.
    #[command(flatten)]
    pub session: session::SessionFlags,
    /// Scripts of templates.
    #[command(flatten)]
    pub hooks: hooks::HookFlags,
    /// Signing in elsewhere.
    #[command(flatten)]
    pub oidc: oidc::OidcFlags,
    /// Webhooks may go to this machine, in plain too
    #[arg(long, env = "COUNTERSIGN_WEBHOOKS_LOOPBACK")]
    pub webhooks_loopback: bool,
    /// The configuration file
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The same from a file; what it does not know it refuses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    nats: Option<String>,
    nats_creds: Option<PathBuf>,
    nats_nkey: Option<PathBuf>,
    nats_ca: Option<PathBuf>,
    nats_cert: Option<PathBuf>,
    nats_key: Option<PathBuf>,
    nats_inbox: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    upload_bytes_max: Option<u64>,
    external_url: Option<String>,
    webhooks_loopback: Option<bool>,
    #[serde(default)]
    smtp: mail::File,
    #[serde(default)]
    session: session::File,
    #[serde(default)]
    hooks: hooks::File,
    #[serde(default)]
    oidc: oidc::File,
}

/// Where the certificate for HTTPS and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// What holds in the end.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// The NATS server, perhaps with credentials in it.
    pub nats: Option<String>,
    /// How it lets us in.
    pub admission: Admission,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Largest upload, in bytes.
    pub upload_bytes_max: u64,
    /// Where people reach the service.
    pub external_url: Option<String>,
    /// How mail is sent, when it is.
    pub mail: Option<Mail>,
    /// How scripts of templates run, when they do.
    pub hooks: Option<Hooks>,
    /// Webhooks may go to loopback addresses.
    pub may_webhooks_be_loopback: bool,
    /// How long sessions live.
    pub session: Lifetime,
    /// Where people may sign in too.
    pub oidc: Option<Oidc>,
}

/// A configuration that cannot be used; the exit code is that of wrong usage.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by flag or environment cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, or with something in it that is unknown or ill-typed.
    #[error("{path} is not a usable configuration: {message}")]
    Invalid {
        /// Which.
        path: PathBuf,
        /// Where and what, in the parser's words.
        message: String,
    },
    /// One of two that belong together.
    #[error("{given} needs {missing} beside it")]
    Half {
        /// What is there.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// Two of which one is to be.
    #[error("{one} and {other} are two ways of the same; give one")]
    Both {
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Not the beginning of a subject.
    #[error("nats_inbox is letters, digits, _ and -, in parts between dots")]
    Inbox,
    /// An identity provider that cannot be used.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// Sessions that could not be.
    #[error(transparent)]
    Session(#[from] session::LifetimeError),
    /// Mail that cannot be sent so.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A built-in value does not parse; never happens.
    #[error("the address {0:?} is not ADDRESS:PORT")]
    Address(&'static str),
}

/// What `--print-config` shows.
#[derive(Debug, Serialize)]
struct Shown {
    listen: SocketAddr,
    data: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats: Option<String>,
    #[serde(flatten)]
    admission: Given,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_key: Option<PathBuf>,
    upload_bytes_max: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    webhooks_loopback: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp: Option<mail::Shown>,
    session: session::File,
    #[serde(skip_serializing_if = "Option::is_none")]
    hooks: Option<hooks::Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc: Option<oidc::File>,
}

impl Config {
    /// Flags and environment over the file over the defaults.
    pub fn resolve(flags: Flags) -> Result<Self, ConfigError> {
        let file = read(flags.config.as_deref())?;
        let admission = Given {
            nats_creds: file.nats_creds,
            nats_nkey: file.nats_nkey,
            nats_ca: file.nats_ca,
            nats_cert: file.nats_cert,
            nats_key: file.nats_key,
            nats_inbox: file.nats_inbox,
        };
        let password = std::env::var(mail::PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty());
        let secret = std::env::var(oidc::SECRET_VARIABLE).ok().filter(|secret| !secret.is_empty());
        let external_url = flags.external_url.or(file.external_url).filter(|url| !url.is_empty());
        let default = LISTEN.parse().map_err(|_| ConfigError::Address(LISTEN))?;
        Ok(Self {
            listen: flags.listen.or(file.listen).unwrap_or(default),
            data: flags.data.or(file.data).unwrap_or_else(|| DATA.into()),
            nats: flags.nats.or(file.nats).filter(|url| !url.is_empty()),
            admission: flags.admission.or(admission).admission()?,
            tls: tls(flags.tls_cert.or(file.tls_cert), flags.tls_key.or(file.tls_key))?,
            upload_bytes_max: flags.upload_bytes_max.or(file.upload_bytes_max).unwrap_or(UPLOAD_BYTES_MAX),
            oidc: Oidc::resolve(flags.oidc, file.oidc, secret, external_url.as_deref())?,
            external_url,
            mail: Mail::resolve(flags.mail, file.smtp, password)?,
            hooks: Hooks::resolve(flags.hooks, file.hooks),
            may_webhooks_be_loopback: flags.webhooks_loopback || file.webhooks_loopback.unwrap_or(false),
            session: session::resolve(&flags.session, &file.session)?,
        })
    }

    /// As TOML, without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        let shown = Shown {
            listen: self.listen,
            data: self.data.clone(),
            nats: self.nats.as_deref().map(without_credentials),
            admission: shown_admission(&self.admission),
            tls_cert: self.tls.as_ref().map(|tls| tls.cert.clone()),
            tls_key: self.tls.as_ref().map(|tls| tls.key.clone()),
            upload_bytes_max: self.upload_bytes_max,
            external_url: self.external_url.clone(),
            webhooks_loopback: self.may_webhooks_be_loopback,
            smtp: self.mail.as_ref().map(Mail::shown),
            session: session::shown(self.session),
            hooks: self.hooks.as_ref().map(Hooks::shown),
            oidc: self.oidc.as_ref().map(Oidc::shown),
        };
        toml::to_string(&shown).unwrap_or_default()
    }
}

fn shown_admission(admission: &Admission) -> Given {
    let (nats_cert, nats_key) = admission.certificate.clone().unzip();
    Given {
        nats_creds: admission.creds.clone(),
        nats_nkey: admission.nkey.clone(),
        nats_ca: admission.ca.clone(),
        nats_cert,
        nats_key,
        nats_inbox: admission.inbox.clone(),
    }
}

fn tls(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<Tls>, ConfigError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(Tls { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Half { given: "tls_cert", missing: "tls_key" }),
        (None, Some(_)) => Err(ConfigError::Half { given: "tls_key", missing: "tls_cert" }),
    }
}

fn read(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or_else(|| Path::new(FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    };
    toml::from_str(&text)
        .map_err(|error| ConfigError::Invalid { path: path.to_owned(), message: error.to_string().trim().to_owned() })
}

/// `nats://user:secret@host` → `nats://host`.
#[must_use]
pub fn without_credentials(urls: &str) -> String {
    let one = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => url.to_owned(),
    };
    urls.split(',').map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    fn with_file(text: &str, flags: Flags) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        Config::resolve(Flags { config: Some(path), ..flags })
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let flags = Flags { data: Some("flagged".into()), ..Flags::default() };
        let config = with_file("data = 'filed'\nupload_bytes_max = 7", flags).unwrap();
        assert_eq!(config.data, PathBuf::from("flagged"));
        assert_eq!(config.upload_bytes_max, 7);
        assert_eq!(config.listen.to_string(), LISTEN);
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = with_file("lissten = '127.0.0.1:1'", Flags::default()).unwrap_err();
        assert!(error.to_string().contains("lissten"), "{error}");
    }

    #[test]
    fn a_named_file_that_is_missing_is_refused() {
        let flags = Flags { config: Some("/nonexistent/c.toml".into()), ..Flags::default() };
        assert!(matches!(Config::resolve(flags), Err(ConfigError::Unreadable { .. })));
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let error = with_file("tls_cert = 'c.pem'", Flags::default()).unwrap_err();
        assert_eq!(error.to_string(), "tls_cert needs tls_key beside it");
        let both = with_file("tls_cert = 'c.pem'\ntls_key = 'k.pem'", Flags::default()).unwrap();
        assert_eq!(both.tls, Some(Tls { cert: "c.pem".into(), key: "k.pem".into() }));
    }

    #[test]
    fn no_credentials_are_shown() {
        assert_eq!(without_credentials("nats://ann:s3cret@h:4222,tls://t@g"), "nats://h:4222,tls://g");
        assert_eq!(without_credentials("nats://h:4222"), "nats://h:4222");
    }
}
