//! The sign-off of a step: where it stands, and everything but reviews and approvals that can be asked of it.

use countersign_core::ids::{FeedbackGroupId, ItemId, StepId};
use countersign_core::signoff::{Action, Command, Notified, Notify, SignoffKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::Segments;
use super::shape::command::CommandShape;
use super::shape::people;
use super::shape::signoff::{RecurrenceShape, SignoffShape, signoff};
use super::wish::{Nothing, Wish, item_id};
use crate::problem::Problem;

/// Whom to tell.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Left out: everyone of the stage. Empty: nobody.
    notify: Option<Vec<Person>>,
}

/// Somebody to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Who.
    login: String,
    /// As a member of this feedback group.
    group: Option<String>,
}

/// Giving up for now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Abandon {
    /// Why.
    comment: Option<String>,
}

/// Beginning a new cycle.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reset {
    /// Take the configuration afresh from the template.
    #[serde(default)]
    reload_configuration: bool,
}

/// Resetting by itself: a recurrence, as `recurrence` or with its parts alone. Without either it stops.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// How often; null stops it.
    recurrence: Option<RecurrenceShape>,
    activated: Option<bool>,
    days: Option<u32>,
    weeks: Option<u32>,
    months: Option<u32>,
    years: Option<u32>,
    reload_conf: Option<bool>,
}

impl Schedule {
    fn wanted(&self) -> Result<Option<RecurrenceShape>, Problem> {
        let Self { recurrence, activated, days, weeks, months, years, reload_conf } = self;
        let parts = [days, weeks, months, years];
        if activated.is_none() && reload_conf.is_none() && parts.iter().all(|part| part.is_none()) {
            return Ok(*recurrence);
        }
        if recurrence.is_some() {
            let message = "either recurrence or its parts, not both";
            return Err(Problem::invalid_field("recurrence", "parameters_contradict", message));
        }
        let [days, weeks, months, years] = parts.map(|part| part.unwrap_or_default());
        let (activated, reload_conf) = (activated.unwrap_or(true), reload_conf.unwrap_or_default());
        Ok(Some(RecurrenceShape { activated, days, weeks, months, years, reload_conf }))
    }
}

/// Passing a right on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegate {
    /// Of reviewing in this group; left out: of approving.
    group: Option<String>,
    /// To this login.
    to: String,
}

/// The sign-off of a step, as the reader may act on it.
#[utoipa::path(get, path = "/items/{ar}/steps/{step}/signoff", tag = "sign-off",
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "The sign-off", body = SignoffShape)))]
pub async fn read(ask: Ask, Segments((ar, step)): Segments<(String, String)>) -> Result<Answer<SignoffShape>, Problem> {
    let item = ask.item(&ar)?;
    let key = SignoffKey { item: item.id, step: StepId::from(step.as_str()) };
    let missing = || ask.missing(format_args!("a sign-off of step {step} of {ar}"));
    let found = ask.state().signoffs.by_step.get(&key).ok_or_else(missing)?;
    let shape = signoff(ask.state(), &key, found, &ask.who.principal);
    Ok(ask.answer(shape).tagged(item.position))
}

/// Submits an action on the sign-off of a path and shows the sign-off after it.
pub(crate) async fn act<T>(
    (ar, step): (&str, &str),
    wish: &Wish<T>,
    action: Action,
) -> Result<super::wish::Done, Problem> {
    let item: ItemId = item_id(ar)?;
    let step = StepId::from(step);
    let key = SignoffKey { item, step: step.clone() };
    let done = wish.submit(Command { item, step, action }, Some(item)).await?;
    Ok(done.with_signoff(&key))
}

fn notify<T>(wish: &Wish<T>, given: Option<&[Person]>) -> Result<Notify, Problem> {
    let Some(people) = given else { return Ok(Notify::Stage) };
    let latest = wish.latest();
    let each = |(n, person): (usize, &Person)| {
        let user = people::user(&latest.state, &format!("notify[{n}].login"), &person.login)?;
        Ok(Notified { user, group: person.group.as_deref().map(FeedbackGroupId::from) })
    };
    people.iter().enumerate().map(each).collect::<Result<_, _>>().map(Notify::These)
}

/// Asks for reviews.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/request-feedback", tag = "sign-off",
    request_body = Option<Request>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Asked for", body = CommandShape)))]
pub async fn request_feedback(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Request>,
) -> Result<Answer<CommandShape>, Problem> {
    let notify = notify(&wish, wish.body.notify.as_deref())?;
    Ok(act((&ar, &step), &wish, Action::RequestFeedback { notify }).await?.answer())
}

/// Asks for the final approval.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/request-approval", tag = "sign-off",
    request_body = Option<Request>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Asked for", body = CommandShape)))]
pub async fn request_approval(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Request>,
) -> Result<Answer<CommandShape>, Problem> {
    let notify = notify(&wish, wish.body.notify.as_deref())?;
    Ok(act((&ar, &step), &wish, Action::RequestApproval { notify }).await?.answer())
}

/// Opens feedback again.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/return-to-feedback", tag = "sign-off",
    request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Open for feedback", body = CommandShape)))]
pub async fn return_to_feedback(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    Ok(act((&ar, &step), &wish, Action::ReturnToFeedback).await?.answer())
}

/// Gives the sign-off up for now.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/abandon", tag = "sign-off",
    request_body = Option<Abandon>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Abandoned", body = CommandShape)))]
pub async fn abandon(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Abandon>,
) -> Result<Answer<CommandShape>, Problem> {
    let comment = wish.body.comment.as_deref().map(Into::into);
    Ok(act((&ar, &step), &wish, Action::Abandon { comment }).await?.answer())
}

/// Takes the abandonment back; reviews and approval are as they were.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/cancel-abandon", tag = "sign-off",
    request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Back as it was", body = CommandShape)))]
pub async fn cancel_abandon(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    Ok(act((&ar, &step), &wish, Action::CancelAbandon).await?.answer())
}

/// Begins a new cycle.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/reset", tag = "sign-off", request_body = Option<Reset>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Reset", body = CommandShape)))]
pub async fn reset(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Reset>,
) -> Result<Answer<CommandShape>, Problem> {
    let reload = wish.body.reload_configuration;
    Ok(act((&ar, &step), &wish, Action::Reset { reload }).await?.answer())
}

/// Lets the sign-off reset by itself from now on, or stops that.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/schedule-reset", tag = "sign-off",
    request_body = Schedule,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Scheduled", body = CommandShape)))]
pub async fn schedule_reset(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Schedule>,
) -> Result<Answer<CommandShape>, Problem> {
    let recurrence = wish.body.wanted()?.map(Into::into);
    Ok(act((&ar, &step), &wish, Action::ScheduleReset { recurrence }).await?.answer())
}

/// Passes a right on to one person; whoever passes it on keeps his own.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/delegate", tag = "sign-off", request_body = Delegate,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 200, description = "Delegated", body = CommandShape)))]
pub async fn delegate(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Delegate>,
) -> Result<Answer<CommandShape>, Problem> {
    let to = people::user(&wish.latest().state, "to", &wish.body.to)?;
    let group = wish.body.group.as_deref().map(FeedbackGroupId::from);
    Ok(act((&ar, &step), &wish, Action::Delegate { group, to }).await?.answer())
}

/// Opens a sign-off whose configuration came after the item.
#[utoipa::path(post, path = "/items/{ar}/steps/{step}/signoff/create", tag = "sign-off",
    request_body = Option<Nothing>,
    params(("ar" = String, Path, description = "The item"), ("step" = String, Path, description = "Its step")),
    responses((status = 201, description = "Opened", body = CommandShape)))]
pub async fn create(
    Segments((ar, step)): Segments<(String, String)>,
    wish: Wish<Nothing>,
) -> Result<Answer<CommandShape>, Problem> {
    Ok(act((&ar, &step), &wish, Action::Create).await?.created())
}
