//! The sign-off of a step: read, requested, reset, reviewed, approved, delegated.

use axum::Router;
use axum::routing::{get, post, put};
use countersign_core::State;
use countersign_core::context::Principal;
use countersign_core::ids::{FeedbackGroupId, ItemId, ReviewId, StepId};
use countersign_core::personal::Personal;
use countersign_core::signoff::{
    self, Action, Approval, Command, GivenUp, Notified, Notify, Review, Signoff, SignoffKey, Status,
};
use countersign_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::call::{Call, Reply};
use super::containers::{self, GivenContainer, GivenRecurrence};
use super::verdicts;
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::api::shape::people;
use crate::api::wish::{Done, item_id};
use crate::app::App;
use crate::problem::Problem;

/// What all but the list begin with.
const STEP: &str = "/artifact/{ar}/workflow/step/{step}/signoff";

pub(super) fn routes() -> Router<App> {
    let at = |rest: &str| format!("{STEP}{rest}");
    Router::new()
        .route("/artifact/{ar}/signoffs", get(list))
        .route(STEP, get(read))
        .route(&at("/create"), post(create))
        .route(&at("/details"), get(details))
        .route(&at("/update-status"), post(update_status))
        .route(&at("/schedule-reset"), post(schedule_reset))
        .route(&at("/feedback"), post(verdicts::review))
        .route(&at("/feedback/{feedback}"), put(verdicts::edit_review).delete(verdicts::delete_review))
        .route(&at("/delegate-feedback"), post(delegate_feedback))
        .route(&at("/approval"), post(verdicts::approve).put(verdicts::edit_approval).delete(verdicts::withdraw))
        .route(&at("/delegate-approval"), post(delegate_approval))
}

/// Artifact and step of a path.
pub(super) type At = Segments<(String, String)>;

async fn list(Segments(ar): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let found = ask.item(&ar)?;
    Ok(ask.answer(all(ask.state(), found.id)))
}

async fn read(Segments(at): At, call: Call) -> Reply {
    let ask = call.ask();
    let (key, found) = find(&ask, &at)?;
    Ok(ask.answer(shape(ask.state(), &key, found)))
}

async fn details(Segments(at): At, call: Call) -> Reply {
    let ask = call.ask();
    let (key, found) = find(&ask, &at)?;
    let state = ask.state();
    let people = |all: std::collections::BTreeSet<_>| -> Vec<Json> {
        all.iter().filter_map(|who| containers::principal(state, who)).collect()
    };
    let configuration = state.templates.configuration(found.configured_at);
    let groups = configuration.into_iter().flat_map(|configuration| &configuration.groups);
    let groups = groups.map(|group| {
        let users = people(signoff::reviewers(state, &key, &group.id));
        json!({ "id": group.id.as_str(), "title": &*group.title, "users": users })
    });
    let groups: Vec<_> = groups.collect();
    let shown = json!({ "feedbackGroups": groups, "approvers": people(signoff::approvers(state, &key)) });
    Ok(ask.answer(shown))
}

async fn create(Segments(at): At, call: Call) -> Reply {
    let ask = call.ask();
    let item = ask.item(&at.0)?.id;
    let key = SignoffKey { item, step: StepId::from(at.1.as_str()) };
    if ask.state().signoffs.by_step.contains_key(&key) {
        return Err(Problem::conflict("signoff_exists", format!("step {} already has a sign-off", at.1)));
    }
    act(&call, &at, Action::Create).await?;
    after(&call, &at)
}

/// `usersToSendEmailTo` is null for everybody of the stage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateStatus {
    target_status: String,
    users_to_send_email_to: Option<Vec<Recipient>>,
    #[serde(default)]
    reload_conf_for_reset: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    user_login: String,
    group_id: Option<String>,
}

async fn update_status(Segments(at): At, call: Call) -> Reply {
    let given: UpdateStatus = call.read_object()?;
    let ask = call.ask();
    let (key, found) = find(&ask, &at)?;
    let (target, now) = (&*given.target_status, found.status);
    let is_known = |status: &Status| status.word() == target;
    let wanted = Status::ALL.into_iter().find(is_known).ok_or_else(|| {
        Problem::invalid_field("targetStatus", "unknown_value", format!("{target:?} is no status of a sign-off"))
    })?;
    let unable = format!("Unable to set the status to '{target}' when current status is '{}'", now.word());
    let action = match wanted {
        wanted if now == Status::Abandoned && found.before_abandon == Some(wanted) => Action::CancelAbandon,
        Status::NotStarted => Action::Reset { reload: given.reload_conf_for_reset },
        Status::WaitingForFeedback if now == Status::WaitingForApproval => Action::ReturnToFeedback,
        Status::WaitingForFeedback => Action::RequestFeedback { notify: notify(ask.state(), &given, true)? },
        Status::WaitingForApproval => Action::RequestApproval { notify: notify(ask.state(), &given, false)? },
        Status::Abandoned => Action::Abandon { comment: None },
        Status::Approved | Status::Rejected if now == wanted => {
            return Ok(ask.answer(shape(ask.state(), &key, found)));
        }
        Status::Approved | Status::Rejected => {
            return Err(Problem::conflict("signoff_transition_forbidden", unable + ": an approver decides that"));
        }
    };
    let done = act(&call, &at, action).await;
    done.map_err(|problem| match problem.code() {
        "signoff_transition_forbidden" => problem.saying(unable),
        _ => problem,
    })?;
    after(&call, &at)
}

/// People outside of the configuration are passed over, and so are those whom nobody knows.
fn notify(state: &State, given: &UpdateStatus, is_feedback: bool) -> Result<Notify, Problem> {
    let Some(recipients) = &given.users_to_send_email_to else { return Ok(Notify::Stage) };
    let mut named = Vec::new();
    for (n, Recipient { user_login, group_id }) in recipients.iter().enumerate() {
        let path = format!("usersToSendEmailTo[{n}].groupId");
        match (is_feedback, group_id) {
            (true, None) => return Err(Problem::invalid_field(path, "missing_field", "is needed for feedback")),
            (false, Some(_)) => {
                return Err(Problem::invalid_field(path, "unknown_field", "has no place in a final approval"));
            }
            (true, Some(_)) | (false, None) => {}
        }
        if let Some(user) = state.access.logins.get(user_login.as_str()) {
            named.push(Notified { user: *user, group: group_id.as_deref().map(FeedbackGroupId::from) });
        }
    }
    Ok(Notify::These(named))
}

async fn schedule_reset(Segments(at): At, call: Call) -> Reply {
    let given: GivenRecurrence = call.read_object()?;
    act(&call, &at, Action::ScheduleReset { recurrence: given.recurrence() }).await?;
    after(&call, &at)
}

async fn delegate_feedback(Segments(at): At, call: Call) -> Reply {
    let group = Some(FeedbackGroupId::from(call.needed("groupId")?));
    delegate(&call, &at, group).await
}

async fn delegate_approval(Segments(at): At, call: Call) -> Reply {
    delegate(&call, &at, None).await
}

async fn delegate(call: &Call, at: &(String, String), group: Option<FeedbackGroupId>) -> Reply {
    let to = call.read_object::<GivenContainer>()?.person(call.ask().state())?;
    act(call, at, Action::Delegate { group, to }).await?;
    after(call, at)
}

/// Submits an action on the sign-off of a path.
pub(super) async fn act(call: &Call, (ar, step): &(String, String), action: Action) -> Result<Done, Problem> {
    let item = item_id(ar)?;
    call.submit(Command { item, step: StepId::from(step.as_str()), action }, Some(item)).await
}

/// The sign-off as it is now.
pub(super) fn after(call: &Call, at: &(String, String)) -> Reply {
    let ask = call.ask();
    let (key, found) = find(&ask, at)?;
    Ok(ask.answer(shape(ask.state(), &key, found)))
}

/// The sign-off of a path, for who may read its artifact.
pub(super) fn find<'a>(ask: &'a Ask, (ar, step): &(String, String)) -> Result<(SignoffKey, &'a Signoff), Problem> {
    let item = ask.item(ar)?.id;
    let key = SignoffKey { item, step: StepId::from(step.as_str()) };
    let missing = || ask.missing(format_args!("a sign-off of step {step} of {ar}"));
    let found = ask.state().signoffs.by_step.get(&key).ok_or_else(missing)?;
    Ok((key, found))
}

/// All sign-offs of an item, in the order of its steps.
pub(super) fn all(state: &State, item: ItemId) -> Json {
    let steps = state.items.by_id.get(&item).into_iter().flat_map(|found| &found.steps);
    let keys = steps.map(|step| SignoffKey { item, step: step.id.clone() });
    keys.filter_map(|key| Some(shape(state, &key, state.signoffs.by_step.get(&key)?))).collect()
}

/// A sign-off as the client reads it.
fn shape(state: &State, key: &SignoffKey, found: &Signoff) -> Json {
    let none = countersign_core::blueprint::Configuration::default();
    let configuration = state.templates.configuration(found.configured_at).map_or(&none, |held| &**held);
    let delegations = found.delegations.iter().map(|given| {
        let mut shown = Map::new();
        if let Some(group) = &given.group {
            shown.insert("groupId".to_owned(), group.as_str().into());
        }
        shown.insert("usersContainer".to_owned(), containers::container(state, &given.to));
        shown.insert("addedBy".to_owned(), people::name(state, &given.by).into());
        Json::Object(shown)
    });
    let mut shown = Map::new();
    shown.insert("signoffId".to_owned(), json!({ "artifactId": key.item.to_string(), "stepId": key.step.as_str() }));
    shown.insert("status".to_owned(), found.status.word().into());
    shown.insert("cycle".to_owned(), found.cycle.into());
    let configuration = containers::configuration(state, configuration, found.recurrence.as_ref());
    shown.insert("configuration".to_owned(), configuration.into());
    let reviews = found.reviews.iter().map(|review| feedback(state, review));
    shown.insert("feedbackResponses".to_owned(), reviews.collect());
    shown.insert("delegations".to_owned(), delegations.collect());
    let response = match (&found.given_up, found.approvals.last()) {
        (Some(given_up), _) => Some(abandonment(state, given_up)),
        (None, given) => given.map(|given| approval(state, given)),
    };
    shown.extend(response.map(|response| ("approverResponse".to_owned(), response)));
    Json::Object(shown)
}

/// A review as the client reads it.
pub(super) fn feedback(state: &State, review: &Review) -> Json {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), review.id.to_string().into());
    shown.insert("groupId".to_owned(), review.group.as_str().into());
    shown.insert("status".to_owned(), review.status.word().into());
    if let Some(comment) = &review.comment {
        shown.insert("comment".to_owned(), comment.shown().into());
    }
    shown.insert("user".to_owned(), people::name(state, &review.author).into());
    shown.insert("date".to_owned(), review.at.to_string().into());
    Json::Object(shown)
}

/// An approver's decision as the client reads it.
pub(super) fn approval(state: &State, given: &Approval) -> Json {
    response(state, given.status.word(), given.comment.as_ref(), (&given.author, given.at))
}

/// An approver's decision to abandon, which to the client is one among others.
pub(super) fn abandonment(state: &State, given: &GivenUp) -> Json {
    response(state, Status::Abandoned.word(), given.comment.as_ref(), (&given.author, given.at))
}

fn response(state: &State, status: &str, comment: Option<&Personal>, (author, at): (&Principal, Timestamp)) -> Json {
    let mut shown = Map::new();
    shown.insert("status".to_owned(), status.into());
    if let Some(comment) = comment {
        shown.insert("comment".to_owned(), comment.shown().into());
    }
    shown.insert("user".to_owned(), people::name(state, author).into());
    shown.insert("date".to_owned(), at.to_string().into());
    Json::Object(shown)
}

/// A review of a path.
pub(super) fn review_id(text: &str) -> Result<ReviewId, Problem> {
    text.parse().map_err(|_| Problem::missing(format_args!("the feedback {text}")))
}
