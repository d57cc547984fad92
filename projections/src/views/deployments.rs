//! What deployers asked the gate with intent to deploy, and what stood where from when to when.
//!
//! A stay begins with the report of a deployment and ends when it is reported elsewhere, with other content, or gone. Who
//! asked the gate before and under which approval it stands is looked up when it begins: later changes are not its past.

use std::sync::Arc;

use countersign_core::context::Principal;
use countersign_core::deploy::gate::{Decision, GATE_STEP, verdict_of};
use countersign_core::deploy::{self, InfraKey, asked_subjects};
use countersign_core::ids::{Digest, ItemId, Position};
use countersign_core::signoff::{ApprovalStatus, SignoffKey, Status};
use countersign_core::sync::SyncKey;
use countersign_core::time::Timestamp;
use countersign_core::{Event, Recorded, State, artifact, sync};
use imbl::{OrdMap, OrdSet, Vector};

use crate::page::LIMIT_MAX;
use crate::projection::{Projection, Rows};

/// Names a stay; orders those of an infrastructure by deployment, then by time.
pub type StayKey = (InfraKey, ItemId, Position);

/// Something stood somewhere for a while.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stay {
    /// The deployment's item.
    pub item: ItemId,
    /// The bundle, or the model versions.
    pub subjects: Vec<SyncKey>,
    /// In the deployer's words, as last reported.
    pub status: Option<Arc<str>>,
    /// When it was reported.
    pub since: Timestamp,
    /// The report's event.
    pub position: Position,
    /// When something else, or nothing, was reported.
    pub until: Option<Timestamp>,
    /// The deployer.
    pub reported_by: Principal,
    /// The last question with intent to deploy just this there.
    pub check: Option<Arc<Check>>,
    /// The approvals that stood when it was reported.
    pub approvals: Vec<Approved>,
}

/// A question with intent to deploy, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Check {
    /// Its event.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// Who asked: who put there what was reported then.
    pub by: Principal,
    /// [`Decision::word`].
    pub decision: &'static str,
    /// A warning was passed knowingly.
    pub is_acknowledged: bool,
    /// It passed by an override.
    pub is_overridden: bool,
}

/// One approval under which something stood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Approved {
    /// What was approved.
    pub subject: SyncKey,
    /// Its govern item.
    pub govern_item: ItemId,
    /// Of the sign-off.
    pub cycle: u32,
    /// Who approved.
    pub author: Principal,
    /// When.
    pub at: Timestamp,
    /// The content that was approved.
    pub digest: Option<Digest>,
}

/// Checks and stays.
#[derive(Debug, Clone, Default)]
pub struct Deployments {
    /// The positions of `DeploymentChecked`, by infrastructure; the events themselves are in the timeline.
    checks: OrdMap<InfraKey, Vector<Position>>,
    latest: OrdMap<(InfraKey, Vec<SyncKey>), Arc<Check>>,
    stays: OrdMap<StayKey, Arc<Stay>>,
    standing: OrdMap<ItemId, Arc<Standing>>,
    /// What stands somewhere, by bundle and model version; those in a bundle too.
    by_subject: OrdSet<(SyncKey, ItemId)>,
}

/// What stands now, and under what it is listed.
#[derive(Debug)]
struct Standing {
    key: StayKey,
    listed: Vec<SyncKey>,
}

impl Deployments {
    /// The latest checks of an infrastructure, latest first.
    #[must_use]
    pub fn latest(&self, infra: &InfraKey, limit: usize) -> Vec<Position> {
        let checks = self.checks.get(infra).into_iter().flat_map(|checks| checks.iter().rev());
        checks.take(limit.min(LIMIT_MAX)).copied().collect()
    }

    /// How often the gate of an infrastructure was asked.
    #[must_use]
    pub fn count(&self, infra: &InfraKey) -> usize {
        self.checks.get(infra).map_or(0, Vector::len)
    }

    /// The stays in an infrastructure after one of them: all, or those that lasted at an instant.
    pub fn stays<'a>(
        &'a self,
        infra: &'a InfraKey,
        after: Option<(ItemId, Position)>,
        at: Option<Timestamp>,
    ) -> impl Iterator<Item = &'a Arc<Stay>> {
        let (item, position) = after.unwrap_or((ItemId(0), Position::ZERO));
        let stays = self.stays.range((infra.clone(), item, position)..);
        stays
            .take_while(move |((of, ..), _)| of == infra)
            .filter(move |((_, item, position), _)| after.is_none_or(|after| (*item, *position) > after))
            .filter(move |(_, stay)| at.is_none_or(|at| stay.lasted(at)))
            .map(|(_, stay)| stay)
    }

    /// What stands now, by deployment.
    pub fn standing(&self, after: Option<ItemId>) -> impl Iterator<Item = (&InfraKey, &Arc<Stay>)> {
        let standing = self.standing.range(after.map_or(ItemId(0), |ItemId(id)| ItemId(id.saturating_add(1)))..);
        standing.filter_map(|(_, standing)| Some((&standing.key.0, self.stays.get(&standing.key)?)))
    }

    /// Where a bundle or model version stands now, by itself or in a bundle.
    pub fn of<'a>(&'a self, subject: &'a SyncKey) -> impl Iterator<Item = (&'a InfraKey, &'a Arc<Stay>)> {
        let all = self.by_subject.range((subject.clone(), ItemId(0))..=(subject.clone(), ItemId(u32::MAX)));
        all.filter_map(|(_, item)| {
            let key = &self.standing.get(item)?.key;
            Some((&key.0, self.stays.get(key)?))
        })
    }

    fn checked(&mut self, recorded: &Recorded, event: &deploy::Event) {
        let deploy::Event::DeploymentChecked { infra, subjects, decision, is_acknowledged, is_overridden, .. } = event
        else {
            return;
        };
        let check = Check {
            position: recorded.position,
            at: recorded.recorded_at,
            by: recorded.actor.clone(),
            decision: Decision::word(*decision),
            is_acknowledged: *is_acknowledged,
            is_overridden: *is_overridden,
        };
        self.checks.entry(infra.clone()).or_default().push_back(recorded.position);
        self.latest.insert((infra.clone(), sorted(subjects)), Arc::new(check));
    }

    fn reported(&mut self, recorded: &Recorded, event: &deploy::Event, state: &State) {
        let deploy::Event::DeploymentReported { item, infra, subjects, status } = event else { return };
        if let Some(standing) = self.standing.get(item)
            && standing.key.0 == *infra
            && let Some(stay) = self.stays.get_mut(&standing.key)
            && stay.subjects == *subjects
        {
            Arc::make_mut(stay).status.clone_from(status);
            return;
        }
        self.ended(*item, recorded.recorded_at);
        let check = self.latest.get(&(infra.clone(), sorted(subjects))).cloned();
        let stay = Stay {
            item: *item,
            subjects: subjects.clone(),
            status: status.clone(),
            since: recorded.recorded_at,
            position: recorded.position,
            until: None,
            reported_by: recorded.actor.clone(),
            check,
            approvals: asked_subjects(subjects).flat_map(|subject| approvals(state, subject)).collect(),
        };
        let parts = subjects.iter().flat_map(|subject| parts(state, subject));
        let listed: Vec<SyncKey> = subjects.iter().chain(parts).cloned().collect();
        self.by_subject.extend(listed.iter().map(|subject| (subject.clone(), *item)));
        let key = (infra.clone(), *item, recorded.position);
        self.stays.insert(key.clone(), Arc::new(stay));
        self.standing.insert(*item, Arc::new(Standing { key, listed }));
    }

    fn ended(&mut self, item: ItemId, at: Timestamp) {
        let Some(standing) = self.standing.remove(&item) else { return };
        if let Some(stay) = self.stays.get_mut(&standing.key) {
            Arc::make_mut(stay).until = Some(at);
        }
        for subject in &standing.listed {
            self.by_subject.remove(&(subject.clone(), item));
        }
    }
}

impl Stay {
    /// Whether it lasted at that instant; its end is no longer part of it.
    #[must_use]
    pub fn lasted(&self, at: Timestamp) -> bool {
        self.since <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The subjects that the gate is asked about, whatever their order.
fn sorted(subjects: &[SyncKey]) -> Vec<SyncKey> {
    let mut subjects: Vec<_> = asked_subjects(subjects).cloned().collect();
    subjects.sort_unstable();
    subjects
}

fn parts<'a>(state: &'a State, subject: &SyncKey) -> &'a [SyncKey] {
    let item = state.nodes.items.get(subject).and_then(|item| state.items.by_id.get(item));
    item.and_then(|item| item.source.as_ref()).map_or(&[], |source| &source.model_versions)
}

/// The approvals that stand for a subject; none unless it is approved.
fn approvals(state: &State, subject: &SyncKey) -> Vec<Approved> {
    let Some(item) = state.nodes.items.get(subject) else { return Vec::new() };
    let verdict = verdict_of(state, *item);
    let (Some(govern_item), Some(Status::Approved)) = (verdict.govern_item, verdict.status) else { return Vec::new() };
    let key = SignoffKey { item: govern_item, step: GATE_STEP.into() };
    let approvals = state.signoffs.by_step.get(&key).map_or(&[][..], |signoff| &signoff.approvals);
    let standing = approvals.iter().filter(|approval| approval.status == ApprovalStatus::Approved);
    let approved = standing.map(|approval| Approved {
        subject: subject.clone(),
        govern_item,
        cycle: verdict.cycle,
        author: approval.author.clone(),
        at: approval.at,
        digest: approval.digest,
    });
    approved.collect()
}

impl Projection for Deployments {
    const NAME: &'static str = "deployments";
    const REVISION: u32 = 2;

    fn apply(&mut self, recorded: &Recorded, state: &State) {
        match &recorded.event {
            Event::Deploy(event) => {
                self.checked(recorded, event);
                self.reported(recorded, event, state);
            }
            Event::Sync(sync::Event::ItemGone { item, .. }) | Event::Item(artifact::Event::ItemDeleted { item }) => {
                self.ended(*item, recorded.recorded_at)
            }
            _ => {}
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        for (infra, checks) in &self.checks {
            rows.row(&(infra, checks.len()));
            for position in checks {
                rows.row(position);
            }
        }
        for row in &self.latest {
            rows.row(&row);
        }
        for row in &self.stays {
            rows.row(&row);
        }
        for row in &self.by_subject {
            rows.row(row);
        }
        rows.digest()
    }
}
