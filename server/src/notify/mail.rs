//! Mail over SMTP.

use std::time::Duration;

use countersign_core::Event;
use countersign_core::ids::{Position, UserId};
use countersign_core::personal::Personal;
use countersign_projections::Snapshot;
use countersign_projections::views::outbox::may_be_told;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::courier::{Carrier, Next};
use super::ledger::{Outcome, Parcel};
use super::letter::letter;
use crate::config::mail::{Mail, Tls};

/// How long the server may take for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// How long one delivery may take.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(60);
/// Answers by which a server says that there is no such mailbox, and never will be.
const NO_SUCH_MAILBOX: &[&str] = &["550", "551", "553"];

/// The way to the SMTP server.
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    host: String,
    external_url: Option<String>,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Post {
    pub(super) fn new(settings: &Mail, external_url: Option<String>) -> Result<Self, SmtpError> {
        let host = settings.host.as_str();
        let builder = match settings.tls {
            Tls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host)?,
            Tls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?,
            Tls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
        };
        let mut builder = builder.port(settings.port).timeout(Some(ANSWER_TIME_MAX));
        if let (Some(login), Some(password)) = (&settings.login, &settings.password) {
            builder = builder.credentials(Credentials::new(login.clone(), password.reveal().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: settings.from.clone(), host: host.to_owned(), external_url })
    }

    fn message(&self, snapshot: &Snapshot, parcel: Parcel) -> Option<Message> {
        let state = &snapshot.state;
        let recorded = snapshot.views.timeline.get(Position(parcel.position))?;
        let user = UserId(parcel.to?);
        let Event::Signoff(event) = &recorded.event else { return None };
        let item = event.step().0;
        // Rights and addresses are today's: the mail may be days behind the event.
        let found = state.items.by_id.get(&item).filter(|_| may_be_told(state, user, item))?;
        let to = state.access.users.get(&user)?.email.as_ref().and_then(Personal::opening)?;
        let to: Mailbox = to.value.parse().ok()?;
        let letter = letter(recorded, found, state, self.external_url.as_deref())?;
        let built = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}.{user}@{}>", recorded.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body);
        let mut message = built.ok()?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Some(message)
    }
}

impl Carrier for Post {
    fn next(&self, snapshot: &Snapshot, after: Position) -> Next {
        match snapshot.views.outbox.next_after(after) {
            Some((upto, people)) => {
                let parcels = people.iter().map(|user| Parcel::new(upto, Some(*user))).collect();
                Next { upto, parcels }
            }
            None => Next { upto: snapshot.position(), parcels: Vec::new() },
        }
    }

    async fn carry(&self, snapshot: &Snapshot, parcel: Parcel) -> Outcome {
        let Some(message) = self.message(snapshot, parcel) else { return Outcome::NotNeeded };
        match tokio::time::timeout(DELIVERY_TIME_MAX, self.transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Delivered,
            Ok(Err(error)) => failed(&error),
            Err(_elapsed) => Outcome::Failed { code: "timeout".to_owned(), retry_after_millis: None, is_final: false },
        }
    }
}

fn failed(error: &SmtpError) -> Outcome {
    let status = error.status().map(|status| status.to_string());
    let is_final = status.as_deref().is_some_and(|status| NO_SUCH_MAILBOX.contains(&status));
    let code = match status {
        Some(status) => format!("smtp_{status}"),
        None if error.is_timeout() => "timeout".to_owned(),
        None if error.is_tls() => "tls_failed".to_owned(),
        None => "not_connected".to_owned(),
    };
    Outcome::Failed { code, retry_after_millis: None, is_final }
}
