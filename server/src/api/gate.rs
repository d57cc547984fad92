//! The deployment gate.

use std::collections::BTreeMap;

use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::context::{Channel, Principal};
use countersign_core::deploy::gate::{Answer as Verdict, Decision, Question, Unmet, answer};
use countersign_core::deploy::{Command, Next, Override, who_can};
use countersign_core::ids::{Digest, InfraId, ItemId, NodeId, Position};
use countersign_core::sync::{SyncKey, SyncObject};
use countersign_core::{Rejection, State};
use countersign_engine::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::Answer;
use super::shape::people;
use super::wish::{Terms, Wish, submit};
use crate::app::App;
use crate::problem::Problem;

/// Most people and keys that one unmet condition names.
pub const WHO_CAN_MAX: usize = 20;

/// May this be deployed there?
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    /// The deployer; may be left out while only one has such an infrastructure.
    node: Option<String>,
    /// Where to.
    infra_id: String,
    /// The bundle; or else `modelVersions`.
    bundle: Option<BundleKey>,
    /// Every model version in the package.
    model_versions: Option<Vec<VersionKey>>,
    /// `ask` to know, `deploy` when it is about to happen: that is recorded.
    intent: Intent,
    /// SHA-256 of the content that would be deployed: in hex, or as `{"sha256": …}` as sync messages have it.
    #[serde(default)]
    digest: Option<Content>,
    /// A warning is passed knowingly.
    #[serde(default)]
    acknowledge_warnings: bool,
}

/// What identifies a content.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a SHA-256 in hex, or an object with it as sha256")]
pub enum Content {
    /// In hex.
    Hex(String),
    /// As in sync messages.
    Named {
        /// In hex.
        sha256: String,
    },
}

/// Why it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// To know.
    Ask,
    /// It is about to happen.
    Deploy,
}

/// A bundle of a node.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleKey {
    node: String,
    project_key: String,
    bundle_id: String,
}

/// A model version of a node.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VersionKey {
    node: String,
    project_key: String,
    model_id: String,
    version_id: String,
}

/// The gate's answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateAnswer {
    /// `ALLOW`, `WARN` or `DENY`.
    pub decision: &'static str,
    /// `PREVENT`, `WARN` or `NO_CHECK`.
    pub policy: &'static str,
    /// The deployer.
    pub node: String,
    /// Where to.
    pub infra_id: String,
    /// What is missing.
    pub unmet: Vec<UnmetShape>,
    /// What lets something pass all the same.
    pub overrides: Vec<OverrideShape>,
    /// The same as the design node's users read it.
    pub messages: Vec<MessageShape>,
    /// Where the review is to be requested.
    pub request_review_url: Option<String>,
    /// The warning was passed knowingly.
    pub acknowledged: bool,
    /// The log position that it was evaluated at.
    pub position: u64,
}

/// A condition that does not hold.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmetShape {
    /// Stable, snake case.
    code: &'static str,
    /// What would be needed.
    needs: String,
    /// What is there.
    have: String,
    /// Who can take the next step towards it now: logins and keys, at most 20. Empty where only a node's word helps.
    who_can: Vec<String>,
    /// How many more can.
    who_can_more: usize,
    /// The feedback groups to ask.
    groups: Vec<String>,
    /// Of which subject.
    subject: SubjectShape,
    /// Its govern item.
    item: Option<String>,
    /// The step whose sign-off is missing.
    step: Option<String>,
    /// An override lets it pass: it does not count for the decision.
    overridden: bool,
}

/// A synced object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectShape {
    node: String,
    kind: &'static str,
    project_key: Option<String>,
    /// Of a version.
    model_id: Option<String>,
    key: String,
}

/// What an administrator lets pass, until when and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideShape {
    /// The deployer.
    node: String,
    /// Where to.
    infra_id: String,
    subject: SubjectShape,
    reason: String,
    /// From this instant on it counts no more.
    until: String,
    granted_by: String,
    granted_at: String,
    /// The event that granted it.
    position: u64,
}

/// Upstream's form of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageShape {
    /// `ERROR`, `WARNING`, or `INFO` for what an override lets pass.
    severity: &'static str,
    is_fatal: bool,
    code: String,
    title: String,
    message: String,
    details: String,
}

impl Content {
    fn hex(&self) -> &str {
        match self {
            Self::Hex(hex) | Self::Named { sha256: hex } => hex,
        }
    }
}

impl Check {
    fn question(&self) -> Result<Question, Problem> {
        let subjects = match (&self.bundle, &self.model_versions) {
            (Some(bundle), None) => vec![bundle.key()],
            (None, Some(versions)) => versions.iter().map(VersionKey::key).collect(),
            _ => {
                let message = "exactly one of bundle and modelVersions";
                return Err(Problem::invalid_field("bundle", "subjects_invalid", message));
            }
        };
        let wrong = |_| Problem::invalid_field("digest", "wrong_type", "a SHA-256 in hex");
        Ok(Question {
            node: self.node.as_deref().map(NodeId::from),
            infra: InfraId::from(self.infra_id.as_str()),
            subjects,
            digest: self.digest.as_ref().map(Content::hex).map(str::parse::<Digest>).transpose().map_err(wrong)?,
        })
    }
}

impl BundleKey {
    /// As the core names it.
    pub(super) fn key(&self) -> SyncKey {
        let (project, bundle) = (self.project_key.as_str().into(), self.bundle_id.as_str().into());
        SyncKey { node: NodeId::from(self.node.as_str()), object: SyncObject::Bundle { project, bundle } }
    }
}

impl VersionKey {
    /// As the core names it.
    pub(super) fn key(&self) -> SyncKey {
        let object = SyncObject::ModelVersion {
            project: self.project_key.as_str().into(),
            model: self.model_id.as_str().into(),
            version: self.version_id.as_str().into(),
        };
        SyncKey { node: NodeId::from(self.node.as_str()), object }
    }
}

/// Asks the gate; with intent to deploy, question and answer become an event.
#[utoipa::path(post, path = "/gate/check", tag = "gate", request_body = Check,
    responses((status = 200, description = "The gate's answer", body = GateAnswer)))]
pub async fn check(wish: Wish<Check>) -> Result<Answer<GateAnswer>, Problem> {
    let shape = answered(&wish.app, wish.terms(), &wish.body).await?;
    Ok(Answer::ok(Position(shape.position), shape))
}

/// The same question over another door.
pub async fn answer_over(
    app: &App,
    principal: Principal,
    channel: Channel,
    check: &Check,
) -> Result<GateAnswer, Problem> {
    answered(app, &Terms::plain(principal, channel), check).await
}

async fn answered(app: &App, terms: &Terms, check: &Check) -> Result<GateAnswer, Problem> {
    let mut question = check.question()?;
    if let Principal::Node(node) = terms.principal() {
        // A node asks for its own infrastructures.
        let own = question.node.get_or_insert_with(|| node.clone());
        if own != node {
            return Err(Problem::forbidden("deployer_mismatch", format!("only {own} asks for its infrastructures")));
        }
    }
    let refused = |refused| Problem::from(Rejection::from(refused));
    if check.intent == Intent::Ask {
        let snapshot = app.latest();
        let position = snapshot.position();
        let at = SystemClock.now().max(snapshot.state.head_at);
        let verdict = answer(&snapshot.state, &question, at).map_err(|error| refused(error).at(position))?;
        return Ok(gate_answer(&snapshot.state, &terms.caller().principal, &verdict, false, position.0));
    }
    let is_acknowledged = check.acknowledge_warnings;
    let command = Command::CheckDeployment { question: question.clone(), is_acknowledged };
    let done = submit(app, terms, command.into(), None).await?;
    // Asking changes nothing that the gate looks at: the state after the event gives the answer that is in it.
    let asked_at = done.events.last().map_or(done.state.head_at, |event| event.recorded_at);
    let verdict = answer(&done.state, &question, asked_at).map_err(refused)?;
    let acknowledged = is_acknowledged && verdict.decision == Decision::Warn;
    Ok(gate_answer(&done.state, &terms.caller().principal, &verdict, acknowledged, done.shape.position))
}

/// The answer on every door that speaks JSON. People and govern items are named as far as the asker may read them.
#[must_use]
pub fn gate_answer(
    state: &State,
    asker: &Principal,
    verdict: &Verdict,
    acknowledged: bool,
    position: u64,
) -> GateAnswer {
    // A node's key opens nothing but the gate, and hears there what its users have to know.
    let is_node = matches!(asker, Principal::Node(_));
    let reads = |item| is_node || allows(state, asker, Action::Read, Subject::Item(item));
    let standing = verdict.unmet.iter().filter(|unmet| !unmet.is_overridden);
    let first =
        standing.filter_map(|unmet| Some((unmet.item.filter(|item| reads(*item))?, unmet.step.as_ref()?))).next();
    // Several conditions often wait for the same people.
    let mut helpers = BTreeMap::new();
    let mut unmet = Vec::with_capacity(verdict.unmet.len());
    for one in &verdict.unmet {
        let helpers = helpers.entry(&one.next).or_insert_with(|| Helpers::of(state, &one.next, &reads));
        unmet.push(self::unmet(one, helpers, &reads));
    }
    GateAnswer {
        decision: verdict.decision.word(),
        policy: verdict.policy.word(),
        node: verdict.infra.node.to_string(),
        infra_id: verdict.infra.infra.to_string(),
        unmet,
        overrides: verdict.overrides.iter().map(|lets_pass| override_shape(state, lets_pass)).collect(),
        messages: verdict.unmet.iter().map(|unmet| message(verdict.decision, unmet)).collect(),
        request_review_url: first
            .map(|(item, step)| format!("/api/v1/items/{item}/steps/{step}/signoff/request-feedback")),
        acknowledged,
        position,
    }
}

/// Who can take a step, as far as the asker may know them.
struct Helpers {
    names: Vec<String>,
    more: usize,
}

impl Helpers {
    fn of(state: &State, next: &Next, reads: &dyn Fn(ItemId) -> bool) -> Self {
        let is_known = |principal: &Principal| match principal {
            Principal::User(user) => state.access.users.get(user).is_some_and(|user| reads(user.item)),
            _ => true,
        };
        let mut all = who_can(state, next);
        all.retain(is_known);
        let more = all.len().saturating_sub(WHO_CAN_MAX);
        Self { names: all.iter().take(WHO_CAN_MAX).map(|one| people::name(state, one)).collect(), more }
    }
}

fn unmet(unmet: &Unmet, helpers: &Helpers, reads: &dyn Fn(ItemId) -> bool) -> UnmetShape {
    UnmetShape {
        code: unmet.code,
        needs: unmet.needs.to_string(),
        have: unmet.have.to_string(),
        who_can: helpers.names.clone(),
        who_can_more: helpers.more,
        groups: unmet.groups.iter().map(ToString::to_string).collect(),
        subject: subject_shape(&unmet.subject),
        item: unmet.item.filter(|item| reads(*item)).map(|item| item.to_string()),
        step: unmet.step.as_ref().map(ToString::to_string),
        overridden: unmet.is_overridden,
    }
}

pub(super) fn subject_shape(subject: &SyncKey) -> SubjectShape {
    let model_id = match &subject.object {
        SyncObject::ModelVersion { model, .. } => Some(model.to_string()),
        _ => None,
    };
    SubjectShape {
        node: subject.node.to_string(),
        kind: subject.object.word(),
        project_key: subject.object.project().map(ToString::to_string),
        model_id,
        key: subject.object.own_key().to_string(),
    }
}

pub(super) fn override_shape(state: &State, held: &Override) -> OverrideShape {
    OverrideShape {
        node: held.infra.node.to_string(),
        infra_id: held.infra.infra.to_string(),
        subject: subject_shape(&held.subject),
        reason: held.reason.shown().to_owned(),
        until: held.until.to_string(),
        granted_by: people::name(state, &held.by),
        granted_at: held.at.to_string(),
        position: held.position.0,
    }
}

fn message(decision: Decision, unmet: &Unmet) -> MessageShape {
    let is_fatal = decision == Decision::Deny && !unmet.is_overridden;
    MessageShape {
        severity: match decision {
            _ if unmet.is_overridden => "INFO",
            Decision::Deny => "ERROR",
            Decision::Warn | Decision::Allow => "WARNING",
        },
        is_fatal,
        code: unmet.code.to_uppercase(),
        title: "Not approved in Govern".to_owned(),
        message: format!("{} needs {}; it has {}", unmet.subject.object.own_key(), unmet.needs, unmet.have),
        details: String::new(),
    }
}
