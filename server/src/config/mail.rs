//! The settings of mail: an SMTP server, how it is reached, and who writes.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// The variable of the password; a flag would show it to everybody on the machine.
pub const PASSWORD_VARIABLE: &str = "COUNTERSIGN_SMTP_PASSWORD";

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Encrypted from the first byte.
    Tls,
    /// Begins in plain and refuses to go on so.
    StartTls,
    /// Not at all: to this machine only.
    None,
}

impl Tls {
    const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// MailFlags and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct MailFlags {
    /// The SMTP server; without one no mail is sent
    #[arg(long, env = "COUNTERSIGN_SMTP_HOST", value_name = "HOST")]
    pub smtp_host: Option<String>,
    /// Its port: 465, 587 with starttls, 25 with none
    #[arg(long, env = "COUNTERSIGN_SMTP_PORT", value_name = "PORT")]
    pub smtp_port: Option<u16>,
    /// How the connection is protected; none is for loopback only
    #[arg(long, env = "COUNTERSIGN_SMTP_TLS", value_name = "MODE")]
    pub smtp_tls: Option<Tls>,
    /// Who writes: an address, or `Name <address>`
    #[arg(long, env = "COUNTERSIGN_SMTP_FROM", value_name = "ADDRESS")]
    pub smtp_from: Option<String>,
    /// The login at the server; its password is in `COUNTERSIGN_SMTP_PASSWORD` or in a file
    #[arg(long, env = "COUNTERSIGN_SMTP_LOGIN", value_name = "LOGIN")]
    pub smtp_login: Option<String>,
    /// The file that holds the password
    #[arg(long, env = "COUNTERSIGN_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,
}

/// The same from a file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<Tls>,
    from: Option<String>,
    login: Option<String>,
    password_file: Option<PathBuf>,
}

/// What holds in the end.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Who writes.
    pub from: Mailbox,
    /// The login.
    pub login: Option<String>,
    /// Its password.
    pub password: Option<Password>,
}

/// A password that no log shows.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// In plain.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Mail that cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Nobody writes.
    #[error("mail needs a sender: --smtp-from")]
    FromMissing,
    /// The sender is no address.
    #[error("the sender of mail, {0:?}, is not an address")]
    FromInvalid(String),
    /// Plain mail over a network.
    #[error("mail without TLS goes to this machine only, not to {0}")]
    Plain(String),
    /// A login without a password.
    #[error("the login at the SMTP server needs a password: {PASSWORD_VARIABLE}, or --smtp-password-file")]
    PasswordMissing,
    /// The file of the password cannot be read.
    #[error("cannot read {path}")]
    PasswordFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What `--print-config` shows.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    host: String,
    port: u16,
    tls: Tls,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
}

impl Mail {
    /// MailFlags over the file; `password` is that of the environment. Without a server there is no mail.
    pub(super) fn resolve(flags: MailFlags, file: File, password: Option<String>) -> Result<Option<Self>, MailError> {
        let Some(host) = flags.smtp_host.or(file.host).filter(|host| !host.is_empty()) else { return Ok(None) };
        let tls = flags.smtp_tls.or(file.tls).unwrap_or(Tls::Tls);
        if tls == Tls::None && !is_loopback(&host) {
            return Err(MailError::Plain(host));
        }
        let from = flags.smtp_from.or(file.from).ok_or(MailError::FromMissing)?;
        let from: Mailbox = from.parse().map_err(|_| MailError::FromInvalid(from))?;
        let login = flags.smtp_login.or(file.login);
        let password = match (password, flags.smtp_password_file.or(file.password_file)) {
            (Some(password), _) => Some(Password(password)),
            (None, Some(path)) => Some(read(&path)?),
            (None, None) => None,
        };
        if login.is_some() && password.is_none() {
            return Err(MailError::PasswordMissing);
        }
        let port = flags.smtp_port.or(file.port).unwrap_or(tls.port());
        Ok(Some(Self { host, port, tls, from, login, password }))
    }

    pub(super) fn shown(&self) -> Shown {
        let (host, login) = (self.host.clone(), self.login.clone());
        Shown { host, port: self.port, tls: self.tls, from: self.from.to_string(), login }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn read(path: &Path) -> Result<Password, MailError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| MailError::PasswordFile { path: path.to_owned(), source })?;
    Ok(Password(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(host: &str, tls: Tls) -> MailFlags {
        let from = Some("Countersign <govern@example.com>".to_owned());
        MailFlags { smtp_host: Some(host.to_owned()), smtp_tls: Some(tls), smtp_from: from, ..MailFlags::default() }
    }

    fn resolve(flags: MailFlags, password: Option<&str>) -> Result<Option<Mail>, MailError> {
        Mail::resolve(flags, File::default(), password.map(str::to_owned))
    }

    #[test]
    fn mail_in_plain_goes_to_this_machine_only() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(resolve(flags(host, Tls::None), None).is_ok_and(|mail| mail.is_some()), "{host}");
        }
        assert!(matches!(resolve(flags("mail.example.com", Tls::None), None), Err(MailError::Plain(_))));
    }

    #[test]
    fn without_a_server_there_is_no_mail_and_without_a_sender_no_server() {
        assert!(resolve(MailFlags::default(), None).is_ok_and(|mail| mail.is_none()));
        let nobody = MailFlags { smtp_from: None, ..flags("localhost", Tls::None) };
        assert!(matches!(resolve(nobody, None), Err(MailError::FromMissing)));
        let wrong = MailFlags { smtp_from: Some("nobody".to_owned()), ..flags("localhost", Tls::None) };
        assert!(matches!(resolve(wrong, None), Err(MailError::FromInvalid(_))));
    }

    #[test]
    fn a_login_needs_a_password_and_the_password_is_never_shown() {
        let flags = MailFlags { smtp_login: Some("govern".to_owned()), ..flags("mail.example.com", Tls::Tls) };
        assert!(matches!(resolve(flags.clone(), None), Err(MailError::PasswordMissing)));
        let mail = resolve(flags, Some("s3cret"));
        assert!(!format!("{mail:?}").contains("s3cret"));
        assert!(mail.is_ok_and(|mail| mail.is_some_and(|mail| mail.port == 465 && mail.login.is_some())));
    }
}
