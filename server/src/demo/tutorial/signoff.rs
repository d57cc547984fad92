//! The sign-off of version v2: one cycle that ends rejected, one that ends approved.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use super::govern::Governed;
use crate::demo::api::{Api, text_of};
use crate::demo::node::{DEPLOYER, DESIGN};

/// The sign-off's path of the native API.
fn path(governed: &Governed) -> String {
    format!("/items/{}/steps/review/signoff", governed.version)
}

async fn status(ana: &Api, path: &str, wanted: &str) -> Result<Value> {
    let signoff = ana.get(path).await?;
    ensure!(signoff["status"] == wanted, "the sign-off is {} instead of {wanted}", signoff["status"]);
    Ok(signoff)
}

/// Feedback, its edit, the way back to feedback, a rejection, an abandonment taken back, and a reset.
pub(super) async fn first_cycle(stage: &mut Stage<'_>, governed: &Governed) -> Result<()> {
    let (ana, path) = (stage.ana.clone(), path(governed));
    ana.post(&format!("{path}/request-feedback"), json!({"notify": []})).await?;
    status(&ana, &path, "WAITING_FOR_FEEDBACK").await?;
    ensure!(ana.get("/inbox").await?.to_string().contains(&governed.version), "the review waits in ana's inbox");
    stage.seen("Feedback is requested, notifying nobody; it waits in Ana's inbox.");

    let review =
        json!({"group": "business", "status": "MINOR_ISSUE", "comment": "The notes lack the training period."});
    let review = text_of(&ana.post(&format!("{path}/reviews"), review).await?, "reviewId")?;
    let edit = json!({"status": "MAJOR_ISSUE", "comment": "The threshold is not justified."});
    ana.put(&format!("{path}/reviews/{review}"), edit).await?;
    let signoff = status(&ana, &path, "WAITING_FOR_FEEDBACK").await?;
    ensure!(signoff["reviews"][0]["status"] == "MAJOR_ISSUE", "the edited review: {signoff}");
    stage.seen("A review with a minor issue and a comment was edited to a major issue.");

    ana.post(&format!("{path}/request-approval"), json!({})).await?;
    ana.post(&format!("{path}/return-to-feedback"), json!({})).await?;
    status(&ana, &path, "WAITING_FOR_FEEDBACK").await?;
    ana.post(&format!("{path}/request-approval"), json!({})).await?;
    status(&ana, &path, "WAITING_FOR_APPROVAL").await?;
    stage.seen("Final approval was requested, taken back to the feedback stage, and requested again.");

    ana.post(
        &format!("{path}/approval"),
        json!({"status": "REJECTED", "comment": "Not before the threshold is explained."}),
    )
    .await?;
    stage.verdicts.until(DESIGN, "FRAUD", "v2", "REJECTED").await?;
    stage.seen("Rejected with a comment; the deployer's subscription received the verdict.");

    gate(&stage.admin, "api-prod", "DENY", true).await?;
    gate(&stage.admin, "api-test", "WARN", true).await?;
    gate(&stage.admin, "api-dev", "ALLOW", true).await?;
    stage.seen("The gate denies on PREVENT with reasons, warns on WARN, and allows on NO_CHECK.");
    abandon_and_reset(stage, &ana, &path, &review).await
}

async fn abandon_and_reset(stage: &mut Stage<'_>, ana: &Api, path: &str, review: &str) -> Result<()> {
    let before = status(ana, path, "REJECTED").await?;
    ana.post(&format!("{path}/abandon"), json!({})).await?;
    let late = json!({"status": "APPROVED"});
    ana.refused(Method::PUT, &format!("{path}/reviews/{review}"), late.clone(), "signoff_abandoned").await?;
    ana.refused(Method::PUT, &format!("{path}/approval"), late, "signoff_abandoned").await?;
    stage.seen("Abandoned: nothing is editable.");

    ana.post(&format!("{path}/cancel-abandon"), json!({})).await?;
    let after = status(ana, path, "REJECTED").await?;
    for part in ["reviews", "approval", "cycle", "configuration"] {
        ensure!(before[part] == after[part], "{part} came back as it was: {after}");
    }
    stage.seen("The abandonment was cancelled: reviews and approval are back as they were.");

    ana.post(&format!("{path}/abandon"), json!({})).await?;
    ana.post(&format!("{path}/reset"), json!({"reloadConfiguration": false})).await?;
    let fresh = status(ana, path, "NOT_STARTED").await?;
    ensure!(
        fresh["cycle"] == 2 && fresh["reviews"] == json!([]) && fresh["approval"].is_null(),
        "a new cycle: {fresh}"
    );
    ensure!(
        fresh["history"].as_array().is_some_and(|cycles| cycles.len() == 1),
        "the first cycle stays readable: {fresh}"
    );
    stage.seen("Abandoned again and reset without reloading: a second cycle; the first stays readable.");
    Ok(())
}

/// The second cycle approves, and the gate opens.
pub(super) async fn second_cycle(stage: &mut Stage<'_>, governed: &Governed) -> Result<()> {
    let (ana, path) = (stage.ana.clone(), path(governed));
    ana.post(&format!("{path}/request-feedback"), json!({})).await?;
    ana.post(&format!("{path}/reviews"), json!({"group": "risk_compliance", "status": "APPROVED"})).await?;
    ana.post(&format!("{path}/request-approval"), json!({})).await?;
    ana.post(&format!("{path}/approval"), json!({"status": "APPROVED", "comment": "The threshold is explained now."}))
        .await?;
    let signoff = status(&ana, &path, "APPROVED").await?;
    ensure!(signoff["cycle"] == 2 && signoff["approval"]["author"] == "ana", "who approved, in which cycle: {signoff}");
    stage.verdicts.until(DESIGN, "FRAUD", "v2", "APPROVED").await?;
    stage.seen("The second cycle approved; the deployer heard it.");

    gate(&stage.admin, "api-prod", "ALLOW", false).await?;
    ana.post(&format!("/items/{}/steps/review/finish", governed.version), json!({})).await?;
    stage.seen("The gate allows on PREVENT now, and the review step is finished.");
    Ok(())
}

async fn gate(deployer: &Api, infra: &str, decision: &str, has_reasons: bool) -> Result<()> {
    let version = json!({"node": DESIGN, "projectKey": "FRAUD", "modelId": "m1", "versionId": "v2"});
    let question = json!({"node": DEPLOYER, "infraId": infra, "modelVersions": [version], "intent": "deploy"});
    let answer = deployer.post("/gate/check", question).await?;
    ensure!(answer["decision"] == decision, "the gate of {infra} answered {answer}");
    let reasons = answer["unmet"].as_array().map_or(0, Vec::len);
    ensure!((reasons > 0) == has_reasons, "the gate of {infra} gave {reasons} reasons: {answer}");
    Ok(())
}
