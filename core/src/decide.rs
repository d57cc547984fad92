//! The one entrance: a state, a wish and its context give events or a refusal. Pure.

use crate::command::{Command, Hooked};
use crate::context::{Context, Principal};
use crate::draft::Draft;
use crate::event::Event;
use crate::ids::{ItemId, Position};
use crate::recorded::Recorded;
use crate::rejection::{Rejection, common};
use crate::state::State;
use crate::{access, artifact, audit, blueprint, deploy, log, rules, series, settings, signoff, subscription, sync};

/// What came of an accepted command.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What happened; empty when the wish was already fulfilled.
    pub events: Vec<Recorded>,
    /// The state after it.
    pub state: State,
    /// The events of an earlier identical request, when this is a repetition of one.
    pub repeated: Option<(Position, Position)>,
}

/// Decides a command. A wish already fulfilled gives no events; one that is not allowed gives a rejection.
pub fn decide(state: &State, command: &Command, context: &Context) -> Result<Vec<Event>, Rejection> {
    handle(state, command, context).map(|outcome| outcome.events.into_iter().map(|recorded| recorded.event).collect())
}

/// Decides a command and gives the events as they are to be recorded, with the state after them.
pub fn handle(state: &State, command: &Command, context: &Context) -> Result<Outcome, Rejection> {
    if let Some(request) = &context.caller.request
        && let Some(answered) = state.requests.get(&context.caller.principal, &request.key)
    {
        if answered.request != request.request {
            return Err(common::Rejection::IdempotencyKeyReused { key: request.key.to_string() }.into());
        }
        let repeated = Some((answered.first, answered.last));
        return Ok(Outcome { events: Vec::new(), state: state.clone(), repeated });
    }
    let principal = &context.caller.principal;
    let via = context.caller.via.map(Principal::Key);
    let acts = |who: &Principal| access::may::is_active(state, who) && !access::may::is_expired(state, who, context.at);
    if state.log.is_some() && !(acts(principal) && via.as_ref().is_none_or(acts)) {
        return Err(common::Rejection::ActorInactive.into());
    }
    if let Some((item, expected)) = context.caller.expected {
        check_expected(state, item, expected)?;
    }
    let mut draft = Draft::new(state, context);
    decide_in(&mut draft, command)?;
    let (events, state) = draft.finish()?;
    Ok(Outcome { events, state, repeated: None })
}

fn decide_in(draft: &mut Draft<'_>, command: &Command) -> Result<(), Rejection> {
    match command {
        Command::Log(command) => log::decide(draft, command),
        Command::Sync(command) => sync::decide(draft, command),
        Command::Item(command) => artifact::decide(draft, command),
        Command::Signoff(command) => signoff::decide(draft, command),
        Command::Template(command) => blueprint::decide(draft, command),
        Command::Access(command) => access::decide(draft, command),
        Command::Audit(command) => audit::decide(draft, command),
        Command::Deploy(command) => deploy::decide(draft, command),
        Command::Series(command) => series::decide(draft, command),
        Command::Settings(command) => settings::decide(draft, command),
        Command::Rules(command) => rules::decide(draft, command),
        Command::Subscription(command) => subscription::decide(draft, command),
        Command::Hooked(hooked) => decide_hooked(draft, hooked),
    }
}

// What a hook said about another state than this one says nothing about this one.
fn decide_hooked(draft: &mut Draft<'_>, hooked: &Hooked) -> Result<(), Rejection> {
    let position = |draft: &Draft<'_>, item: ItemId| draft.state().items.by_id.get(&item).map(|found| found.position);
    for (item, seen) in &hooked.seen {
        if position(draft, *item) != *seen {
            return Err(common::Rejection::HooksOutdated { item: *item }.into());
        }
    }
    decide_in(draft, &hooked.command)?;
    let unseen = |item: &ItemId| hooked.seen.iter().all(|(seen, _)| seen != item);
    if let Some(item) = draft.events().iter().filter_map(|recorded| recorded.event.item()).find(unseen) {
        return Err(common::Rejection::HooksOutdated { item }.into());
    }
    for proposal in &hooked.proposals {
        if position(draft, proposal.item).is_none() {
            return Err(common::Rejection::HooksOutdated { item: proposal.item }.into());
        }
        artifact::follow_hook(draft, proposal)?;
    }
    Ok(())
}

fn check_expected(state: &State, item: ItemId, expected: Position) -> Result<(), Rejection> {
    match state.items.by_id.get(&item) {
        Some(found) if found.position != expected => {
            Err(common::Rejection::Stale { item, expected, actual: found.position }.into())
        }
        _ => Ok(()),
    }
}
