//! Governing, and the workflow of a project.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::arrive::{Fraud, governable, model_version};
use super::{ANA, Stage};
use crate::demo::api::{entry, text_of};
use crate::demo::{node, publish, until};

/// The govern items of the tutorial's project.
pub(super) struct Governed {
    pub(super) project: String,
    pub(super) version: String,
}

/// Governs the project and its model, and brings the project to *In Progress* and version v2 to its review.
pub(super) async fn govern(stage: &mut Stage<'_>, fraud: &Fraud) -> Result<Governed> {
    let ana = stage.ana.clone();
    let path = format!("/items/{}/govern", fraud.model);
    ana.refused(Method::POST, &path, json!({}), "parent_not_governed").await?;
    stage.seen("Governing the model before its project was refused (parent_not_governed).");

    let wish = json!({"template": "bv.system.default", "children": {"bundles": "none"}});
    let project = text_of(&ana.post(&format!("/items/{}/govern", fraud.project), wish).await?, "governItem")?;
    let bundle = ana.get(&format!("/items/{}", fraud.bundle)).await?;
    ensure!(bundle["governedBy"].is_null(), "bundles were not included: {bundle}");
    stage.seen("The project is governed with Dataiku Standard, bundles not included.");

    ana.post(&path, json!({"children": {"modelVersions": "all"}})).await?;
    let registry = ana.get("/registry/models").await?;
    for version in ["v1", "v2"] {
        let found = model_version(&registry, "FRAUD", version)?;
        ensure!(found["governedBy"].is_string(), "{version} is governed with its model: {found}");
    }
    let version = text_of(model_version(&registry, "FRAUD", "v2")?, "governedBy")?;
    stage.seen("The model is governed with all its versions.");

    explore(stage, &project).await?;
    qualify(stage, &project).await?;
    develop(stage, &project, &version).await?;
    Ok(Governed { project, version })
}

async fn explore(stage: &mut Stage<'_>, project: &str) -> Result<()> {
    let ana = stage.ana.clone();
    let file = ana
        .upload("requirements.md", "# Requirements\n\nFraudulent payments are found before they are settled.\n")
        .await?;
    let fields = json!({"exploration_notes": "The business asked for fewer false alarms.", "exploration_docs": [file]});
    ana.patch(&format!("/items/{project}"), json!({"fields": fields})).await?;
    ana.post(&format!("/items/{project}/steps/exploration/finish"), json!({})).await?;
    let item = ana.get(&format!("/items/{project}")).await?;
    ensure!(
        item["fields"]["exploration_docs"] == json!([file]),
        "the document is among the supporting documents: {item}"
    );
    ensure!(
        step(&item, "exploration")? == "FINISHED" && step(&item, "qualification")? == "ONGOING",
        "the steps: {item}"
    );
    stage.seen("Exploration: notes, a requirements document among the supporting documents, set as finished.");
    Ok(())
}

async fn qualify(stage: &mut Stage<'_>, project: &str) -> Result<()> {
    let ana = stage.ana.clone();
    let save = json!({
        "fields": {
            "qualification_value_rating": "High",
            "qualification_feasibility_rating": "High",
            "qualification_resulting_decision": "Go",
        },
        "steps": {"qualification": "FINISHED"},
    });
    let done = ana.patch(&format!("/items/{project}"), save).await?;
    ensure!(done["events"].as_array().is_some_and(|events| events.len() >= 3), "one Save, several events: {done}");
    let item = ana.get(&format!("/items/{project}")).await?;
    ensure!(item["fields"]["qualification_value_score"] == 80.0, "the value score is computed: {item}");
    ensure!(step(&item, "progress")? == "ONGOING", "the project is on In Progress: {item}");
    let board = ana.get("/board").await?.to_string();
    ensure!(board.contains(project), "the project is on the board: {board}");
    stage.seen(
        "Qualification: value High, feasibility High, decision Go, set as finished in one Save; now In Progress.",
    );
    Ok(())
}

async fn develop(stage: &mut Stage<'_>, project: &str, version: &str) -> Result<()> {
    let ana = stage.ana.clone();
    let save =
        json!({"fields": {"dev_notes": "Trained on two years of payments."}, "steps": {"development": "FINISHED"}});
    ana.patch(&format!("/items/{version}"), save).await?;
    let item = ana.get(&format!("/items/{version}")).await?;
    ensure!(step(&item, "review")? == "ONGOING", "version v2 is in review: {item}");
    let finish = format!("/items/{version}/steps/review/finish");
    ana.refused(Method::POST, &finish, json!({}), "signoff_not_approved").await?;
    stage.seen("Version v2: development notes, set as finished; its review cannot be finished without the sign-off.");

    let people = json!({"business_reviewers": [ANA], "risk_compliance_reviewers": [ANA], "final_approvers": [ANA]});
    ana.patch(&format!("/items/{project}"), json!({"fields": people})).await?;
    let signoff = ana.get(&format!("/items/{version}/steps/review/signoff")).await?;
    let group = entry(&signoff["groups"], "id", "business")?;
    ensure!(group["members"] == json!([ANA]) && signoff["approvers"] == json!([ANA]), "who is who: {signoff}");
    stage.seen("Ana made herself a reviewer and the final approver on the project; the sign-off of v2 knows.");
    Ok(())
}

/// In a second project only the active version is governed; the other stays governable.
pub(super) async fn govern_one_version(stage: &mut Stage<'_>) -> Result<()> {
    let ana = stage.ana.clone();
    publish(stage.data, &stage.nats.url, &node::second()).await?;
    let source = text_of(&governable(stage, "Churn, as imported").await?, "id")?;
    let registry = until("the second project's model", async || {
        let registry = ana.get("/registry/models").await?;
        Ok(model_version(&registry, "CHURN", "v2").is_ok().then_some(registry))
    })
    .await?;
    let project = text_of(&ana.post(&format!("/items/{source}/govern"), json!({})).await?, "governItem")?;
    let model = entry(&entry(&registry["projects"], "key", "CHURN")?["models"], "key", "m1")?;
    let active = model_version(&registry, "CHURN", "v2")?;
    ensure!(active["active"] == true, "v2 is the active version: {active}");
    ana.post(&format!("/items/{}/govern", text_of(model, "id")?), json!({})).await?;
    ana.post(&format!("/items/{}/govern", text_of(active, "id")?), json!({})).await?;
    let other = text_of(model_version(&registry, "CHURN", "v1")?, "id")?;
    entry(&ana.get("/governable?limit=1000").await?["items"], "id", &other)?;
    stage.seen("In a second project only the active version is governed; v1 stays governable.");

    publish(stage.data, &stage.nats.url, &node::second_renamed()).await?;
    until("the govern item to follow its project's name", async || {
        let item = ana.get(&format!("/items/{project}")).await?;
        Ok((item["name"] == "Customer churn").then_some(()))
    })
    .await?;
    stage.seen("When its node renamed that project, the govern item followed.");
    Ok(())
}

/// The status of a step of an item.
pub(super) fn step<'a>(item: &'a Value, id: &str) -> Result<&'a Value> {
    Ok(&entry(&item["steps"], "id", id)?["status"])
}
