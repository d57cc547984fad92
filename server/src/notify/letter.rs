//! What a mail says. Pure. Comments stay behind the link: what is in a mailbox can no longer be erased.

use countersign_core::artifact::Item;
use countersign_core::ids::StepId;
use countersign_core::personal::Personal;
use countersign_core::signoff::Event as Signoff;
use countersign_core::{Event, Principal, Recorded, State};

/// A mail without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) body: String,
}

/// The letter about an event, from a state in which its item still exists.
pub(super) fn letter(recorded: &Recorded, item: &Item, state: &State, external_url: Option<&str>) -> Option<Letter> {
    let Event::Signoff(event) = &recorded.event else { return None };
    let (name, step) = (one_line(&item.name), step_name(state, item, event.step().1));
    let what = what(event)?;
    let actor = actor(state, &recorded.actor);
    let place = match external_url {
        Some(url) => format!("{}/api/v1/items/{}", url.trim_end_matches('/'), item.id),
        None => item.id.to_string(),
    };
    let body = format!(
        "{what}\n\nItem: {name} ({place})\nStep: {step}\nBy:   {actor}\nAt:   {at}\n\n-- \nYou are told because you \
         were asked, or because you are subscribed to this item. To be told no longer:\nDELETE {place}/subscription\n",
        at = recorded.recorded_at,
    );
    Some(Letter { subject: format!("[Countersign] {name}: {what}"), body })
}

fn what(event: &Signoff) -> Option<String> {
    let text = match event {
        Signoff::FeedbackRequested { .. } => "Feedback is requested".to_owned(),
        Signoff::ApprovalRequested { .. } => "The final approval is requested".to_owned(),
        Signoff::ReviewSubmitted { status, group, .. } => format!("Feedback for {group}: {}", status.word()),
        Signoff::ReviewEdited { status, old_status, .. } => {
            format!("Feedback changed from {} to {}", old_status.word(), status.word())
        }
        Signoff::ReviewDelegated { group, .. } => format!("Feedback for {group} was delegated to you"),
        Signoff::ApprovalSubmitted { status, .. } => format!("Final approval: {}", status.word()),
        Signoff::ApprovalEdited { status, old_status, .. } => {
            format!("Final approval changed from {} to {}", old_status.word(), status.word())
        }
        Signoff::ApprovalWithdrawn { .. } => "The final approval was deleted".to_owned(),
        Signoff::ApprovalDelegated { .. } => "The final approval was delegated to you".to_owned(),
        Signoff::SignoffAbandoned { .. } => "The sign-off was abandoned".to_owned(),
        Signoff::AbandonCancelled { .. } => "The abandonment was cancelled".to_owned(),
        Signoff::SignoffReset { .. } => "The sign-off was reset".to_owned(),
        Signoff::ResetScheduled { recurrence: Some(_), .. } => "Resets were scheduled".to_owned(),
        Signoff::ResetScheduled { recurrence: None, .. } => "Scheduled resets were stopped".to_owned(),
        Signoff::SignoffOpened { .. }
        | Signoff::ReviewDeleted { .. }
        | Signoff::ReturnedToFeedback { .. }
        | Signoff::ApprovalExpired { .. } => return None,
    };
    Some(text)
}

fn step_name(state: &State, item: &Item, step: &StepId) -> String {
    let version = state.templates.version(&item.template);
    let found = version.and_then(|version| version.definition.steps.iter().find(|found| found.id == *step));
    found.map_or_else(|| step.to_string(), |found| one_line(&found.name))
}

fn actor(state: &State, principal: &Principal) -> String {
    match principal {
        Principal::User(user) => {
            let known = state.access.users.get(user);
            let name = known.map(|known| known.display_name.as_ref().unwrap_or(&known.login)).map(Personal::shown);
            name.map_or_else(|| user.to_string(), one_line)
        }
        Principal::Key(key) => key.to_string(),
        Principal::Node(node) => node.to_string(),
        Principal::System => "Countersign".to_owned(),
    }
}

/// Nothing that people write begins a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
