//! How NATS lets us in, as flags, environment and configuration file say it. Secrets are named by file, never given.

use std::path::PathBuf;

use clap::Args;
use countersign_ingest::Admission;
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The same names everywhere: `--nats-creds`, `COUNTERSIGN_NATS_CREDS`, `nats_creds`.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// A NATS credentials file: JWT and seed
    #[arg(long, env = "COUNTERSIGN_NATS_CREDS", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_creds: Option<PathBuf>,
    /// A file that holds the seed of an nkey
    #[arg(long, env = "COUNTERSIGN_NATS_NKEY", value_name = "FILE", conflicts_with = "nats_creds")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_nkey: Option<PathBuf>,
    /// PEM file of the authority that signed the certificate of NATS; asks for TLS
    #[arg(long, env = "COUNTERSIGN_NATS_CA", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_ca: Option<PathBuf>,
    /// PEM file with our certificate for NATS; together with --nats-key
    #[arg(long, env = "COUNTERSIGN_NATS_CERT", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_cert: Option<PathBuf>,
    /// PEM file with that certificate's private key
    #[arg(long, env = "COUNTERSIGN_NATS_KEY", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_key: Option<PathBuf>,
    /// What the subjects of answers to us begin with, when we may listen to no others
    #[arg(long, env = "COUNTERSIGN_NATS_INBOX", value_name = "PREFIX")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_inbox: Option<String>,
}

impl Given {
    /// What is not given here is taken from there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        // Of two ways to sign in the nearer one counts, so both are taken from one place.
        let signs_in = self.nats_creds.is_some() || self.nats_nkey.is_some();
        let (nats_creds, nats_nkey) =
            if signs_in { (self.nats_creds, self.nats_nkey) } else { (other.nats_creds, other.nats_nkey) };
        Self {
            nats_creds,
            nats_nkey,
            nats_ca: self.nats_ca.or(other.nats_ca),
            nats_cert: self.nats_cert.or(other.nats_cert),
            nats_key: self.nats_key.or(other.nats_key),
            nats_inbox: self.nats_inbox.or(other.nats_inbox),
        }
    }

    /// Refuses halves and contradictions.
    pub fn admission(self) -> Result<Admission, ConfigError> {
        let half = |given, missing| Err(ConfigError::Half { given, missing });
        let certificate = match (self.nats_cert, self.nats_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) => return half("nats_cert", "nats_key"),
            (None, Some(_)) => return half("nats_key", "nats_cert"),
        };
        if self.nats_creds.is_some() && self.nats_nkey.is_some() {
            return Err(ConfigError::Both { one: "nats_creds", other: "nats_nkey" });
        }
        let inbox = self.nats_inbox.filter(|inbox| !inbox.is_empty());
        if inbox.as_ref().is_some_and(|inbox| !is_subject(inbox)) {
            return Err(ConfigError::Inbox);
        }
        Ok(Admission { creds: self.nats_creds, nkey: self.nats_nkey, ca: self.nats_ca, certificate, inbox })
    }
}

fn is_subject(inbox: &str) -> bool {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    inbox.chars().all(is_allowed) && inbox.split('.').all(|token| !token.is_empty())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_way_to_sign_in_counts_whole() {
        let flags = Given { nats_nkey: Some("flag".into()), ..Given::default() };
        let file = Given { nats_creds: Some("file".into()), nats_ca: Some("ca".into()), ..Given::default() };
        let admission = flags.or(file).admission().unwrap();
        assert_eq!((admission.creds, admission.nkey), (None, Some("flag".into())));
        assert_eq!(admission.ca, Some("ca".into()));
    }

    #[test]
    fn halves_contradictions_and_inboxes_that_are_no_subjects_are_refused() {
        let file = |text: &str| toml::from_str::<Given>(text).unwrap().admission().unwrap_err().to_string();
        assert_eq!(file("nats_cert = 'c'"), "nats_cert needs nats_key beside it");
        assert_eq!(
            file("nats_creds = 'c'\nnats_nkey = 'k'"),
            "nats_creds and nats_nkey are two ways of the same; give one"
        );
        for inbox in [">", "a..b", "a *", ".a"] {
            assert!(file(&format!("nats_inbox = '{inbox}'")).starts_with("nats_inbox"), "{inbox}");
        }
    }
}
