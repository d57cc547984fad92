//! Rules about subscriptions: people subscribe themselves, to what they may read.

use super::state::is_subscribed;
use super::{Command, Event};
use crate::access::may::{Action, Subject, allows};
use crate::context::Principal;
use crate::draft::Draft;
use crate::rejection::common;

crate::rejections! {
    /// Only a person is told about items: a key or a node has no address.
    Input NotAPerson = "not_a_person", "only people subscribe; act as one";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Principal::User(user) = draft.context().caller.principal else { return Err(Rejection::NotAPerson.into()) };
    let (Command::Subscribe { item } | Command::Unsubscribe { item }) = *command;
    let is_there = draft.state().items.by_id.contains_key(&item);
    if !is_there || !allows(draft.state(), &Principal::User(user), Action::Read, Subject::Item(item)) {
        return Err(common::Rejection::NotFound { what: item.to_string() }.into());
    }
    let is_subscribed = is_subscribed(draft.state(), item, user);
    match command {
        Command::Subscribe { .. } if !is_subscribed => draft.emit(Event::Subscribed { item, user }),
        Command::Unsubscribe { .. } if is_subscribed => draft.emit(Event::Unsubscribed { item, user }),
        _ => {}
    }
    Ok(())
}
