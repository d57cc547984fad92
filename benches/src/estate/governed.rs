//! What people make of it: govern items, qualifications, reviews, approvals.

use anyhow::{Context, Result};
use countersign_core::Principal;
use countersign_core::artifact::{self, StepStatus};
use countersign_core::ids::ItemId;
use countersign_core::input::Input;
use countersign_core::signoff::{self, Action, ApprovalStatus, Notify, ReviewStatus};

use super::people::PROJECTS_PER_INITIATIVE;
use super::synced::Objects;
use super::{Making, Sink, initiative};

const RATINGS: [&str; 4] = ["Low", "Medium low", "Medium high", "High"];
const PROJECT_STEPS: [&str; 4] = ["exploration", "qualification", "progress", "rollout"];
const COMMENTS: [&str; 4] = [
    "The threshold should be looked at again.",
    "Fine, but please document the training window.",
    "Drift on the amounts is higher than last time.",
    "No objections.",
];
/// Percent of the models, versions and bundles of a governed project that are governed.
const MODELS_PERCENT: u64 = 50;
const VERSIONS_PERCENT: u64 = 10;
const BUNDLES_PERCENT: u64 = 30;

/// The people of one project.
struct Cast {
    reviewers: [String; 3],
    approver: String,
}

const GROUPS: [&str; 3] = ["business", "it_operations", "risk_compliance"];

pub(super) fn govern<S: Sink>(making: &mut Making<'_, S>, number: u32, objects: &Objects) -> Result<()> {
    let item = making.world.govern(objects.project);
    let cast = cast(making, item)?;
    qualify(making, item)?;
    if making.dice.happens(70) {
        let initiatives = making.world.state.items.by_blueprint.get(&initiative());
        let place = (number / PROJECTS_PER_INITIATIVE) as usize;
        if let Some(to) = initiatives.and_then(|items| items.iter().nth(place)).copied() {
            save(making, item, vec![("business_initiative".into(), Input::Text(to.to_string().into()))], &[]);
        }
    }
    for model in &objects.models {
        if making.dice.happens(MODELS_PERCENT) {
            making.world.govern(*model);
        }
    }
    making.hand_over()?;
    for (items, percent) in [(&objects.versions, VERSIONS_PERCENT), (&objects.bundles, BUNDLES_PERCENT)] {
        for source in items {
            if making.dice.happens(percent) {
                let item = making.world.govern(*source);
                sign_off(making, &cast, item)?;
                making.hand_over()?;
            }
        }
    }
    if making.dice.happens(3) {
        let admin = making.world.admin();
        making.world.run(&admin, artifact::Command::Archive { item });
    }
    Ok(())
}

fn cast<S: Sink>(making: &mut Making<'_, S>, item: ItemId) -> Result<Cast> {
    let mut login = || {
        let Making { dice, logins, .. } = &mut *making;
        dice.one(logins).cloned().context("an estate has people")
    };
    let cast = Cast { reviewers: [login()?, login()?, login()?], approver: login()? };
    for (group, login) in GROUPS.iter().zip(&cast.reviewers) {
        let field = format!("{group}_reviewers");
        making.world.set_people(item, &field, &[login]);
    }
    making.world.set_people(item, "final_approvers", &[&cast.approver]);
    // Some leave the risk to a whole group.
    if making.dice.happens(20) {
        let group = making.dice.below(making.sizes.groups);
        let group = making.world.state.access.groups.get(format!("team-{group}").as_str()).map(|group| group.item);
        if let Some(group) = group {
            let people = [group, person(making, &cast.reviewers[2])?].map(|id| Input::Text(id.to_string().into()));
            save(making, item, vec![("risk_compliance_reviewers".into(), Input::List(people.into()))], &[]);
        }
    }
    Ok(cast)
}

fn person<S: Sink>(making: &Making<'_, S>, login: &str) -> Result<ItemId> {
    let access = &making.world.state.access;
    let user = access.logins.get(login).and_then(|user| access.users.get(user));
    user.map(|user| user.item).context("a person has an item")
}

fn qualify<S: Sink>(making: &mut Making<'_, S>, item: ItemId) -> Result<()> {
    let done = making.dice.below(5) as usize;
    let mut fields = vec![("exploration_notes".into(), Input::Text("Data of the last three years is there.".into()))];
    if done > 1 {
        for field in ["qualification_value_rating", "qualification_risk_rating"] {
            let rating = making.dice.one(&RATINGS).copied().context("there are ratings")?;
            fields.push((field.into(), Input::Text(rating.into())));
        }
        let decision = if making.dice.happens(80) { "Go" } else { "On hold" };
        fields.push(("qualification_resulting_decision".into(), Input::Text(decision.into())));
    }
    save(making, item, fields, PROJECT_STEPS.get(..done).unwrap_or_default());
    Ok(())
}

fn save<S: Sink>(
    making: &mut Making<'_, S>,
    item: ItemId,
    fields: Vec<(countersign_core::ids::FieldId, Input)>,
    finished: &[&str],
) {
    let steps = finished.iter().map(|step| ((*step).into(), StepStatus::Finished)).collect();
    let admin = making.world.admin();
    making.world.run(&admin, artifact::Command::Save { item, name: None, fields, steps });
}

/// Brings a sign-off into one of all its states.
fn sign_off<S: Sink>(making: &mut Making<'_, S>, cast: &Cast, item: ItemId) -> Result<()> {
    let notes = Input::Text(making.dice.one(&COMMENTS).copied().unwrap_or_default().into());
    save(making, item, vec![("dev_notes".into(), notes)], &["development"]);
    let reached = making.dice.below(7);
    let admin = making.world.admin();
    if reached > 0 {
        act(making, item, &admin, Action::RequestFeedback { notify: Notify::These(Vec::new()) });
    }
    let reviews = if reached > 1 { GROUPS.len() } else { making.dice.below(2) as usize * usize::from(reached == 1) };
    for (group, login) in GROUPS.iter().zip(&cast.reviewers).take(reviews) {
        let status = if making.dice.happens(70) { ReviewStatus::Approved } else { ReviewStatus::MinorIssue };
        let comment = making.dice.one(&COMMENTS).map(|comment| (*comment).into());
        let reviewer = making.world.principal(login);
        act(making, item, &reviewer, Action::SubmitReview { group: (*group).into(), status, comment });
    }
    if reached > 2 {
        act(making, item, &admin, Action::RequestApproval { notify: Notify::These(Vec::new()) });
    }
    let approver = making.world.principal(&cast.approver);
    match reached {
        4 | 5 => {
            act(making, item, &approver, Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None })
        }
        6 if making.dice.happens(50) => {
            let comment = Some("Not like this.".into());
            act(making, item, &approver, Action::SubmitApproval { status: ApprovalStatus::Rejected, comment });
        }
        6 => act(making, item, &admin, Action::Abandon { comment: None }),
        _ => {}
    }
    if reached == 5 {
        save(making, item, Vec::new(), &["review"]);
    }
    Ok(())
}

fn act<S: Sink>(making: &mut Making<'_, S>, item: ItemId, principal: &Principal, action: Action) {
    making.world.run(principal, signoff::Command { item, step: "review".into(), action });
}
