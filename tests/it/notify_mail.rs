//! Mail to a real SMTP server: who is told of what, once, also over crashes of either side.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Options, Server};
use countersign_tests::smtp::{Received, SmtpSink};
use reqwest::Method;
use serde_json::{Value, json};

/// A service that sends mail, and a bundle under review: `ana` reviews, `bo` approves, `cy` has no mailbox.
struct Scene {
    sink: SmtpSink,
    server: Server,
    bundle: String,
}

async fn user(admin: &Api, login: &str, mailbox: &str) -> Result<()> {
    let email = format!("{mailbox}@example.com");
    admin.post("/users", json!({"login": login, "email": email, "groups": ["administrators"]})).await?;
    Ok(())
}

impl Scene {
    async fn new() -> Result<Self> {
        let sink = SmtpSink::start().await?;
        let port = sink.port().to_string();
        let arguments = ["--smtp-host", "127.0.0.1", "--smtp-tls", "none", "--smtp-port", &port, "--smtp-from"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.extend(
            ["Countersign <govern@example.com>", "--external-url", "https://govern.example.com"].map(str::to_owned),
        );
        let server = Server::start_with(Options { arguments, ..Options::default() })?;
        let admin = server.admin();
        for (login, mailbox) in [("ana", "ana"), ("bo", "bo"), ("cy", "nobody")] {
            user(&admin, login, mailbox).await?;
        }
        let people = json!({"business_reviewers": ["ana", "cy"], "final_approvers": ["bo"]});
        let project = make(&admin, "bp.system.govern_project", "Fraud", people).await?;
        let bundle = make(&admin, "bp.system.govern_bundle", "b1", json!({"govern_project": project})).await?;
        admin.post(&format!("/items/{bundle}/steps/development/finish"), json!({})).await?;
        Ok(Self { sink, server, bundle })
    }

    fn as_user(&self, login: &str) -> Api {
        self.server.admin().acting_as(login)
    }

    fn signoff(&self, rest: &str) -> String {
        format!("/items/{}/steps/review/signoff/{rest}", self.bundle)
    }

    /// The attempts of the service, newest first, once there are so many.
    async fn attempts(&self, count: usize) -> Result<Vec<Value>> {
        for _ in 0..600 {
            let list = self.server.admin().get("/mail/deliveries").await?;
            let items = list["items"].as_array().cloned().unwrap_or_default();
            if items.len() >= count {
                return Ok(items);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        anyhow::bail!("there are not {count} attempts: {}", self.server.admin().get("/mail/deliveries").await?)
    }
}

async fn make(admin: &Api, blueprint: &str, name: &str, fields: Value) -> Result<String> {
    let made = admin.post("/items", json!({"blueprintId": blueprint, "name": name, "fields": fields})).await?;
    made["id"].as_str().map(str::to_owned).context("the id of what was made")
}

fn to_whom(mails: &[Received]) -> Vec<&str> {
    mails.iter().filter_map(|mail| mail.to.first()).map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_off_is_told_to_those_who_are_asked_and_subscribed_and_a_changed_comment_to_nobody() -> Result<()> {
    let scene = Scene::new().await?;
    let (admin, ana, bo) = (scene.server.admin(), scene.as_user("ana"), scene.as_user("bo"));
    let notify = json!({"notify": [{"login": "ana", "group": "business"}]});
    admin.post(&scene.signoff("request-feedback"), notify).await?;
    let mails = scene.sink.until(1).await?;
    ensure!(to_whom(&mails) == ["ana@example.com"], "{mails:?}");
    let first = &mails[0];
    ensure!(first.header("Subject") == "[Countersign] b1: Feedback is requested", "{first:?}");
    ensure!(first.header("Auto-Submitted") == "auto-generated", "{first:?}");
    ensure!(first.text.contains(&format!("https://govern.example.com/api/v1/items/{}", scene.bundle)), "{first:?}");

    // Bo subscribes, and is told; ana, who acts, is not.
    bo.post(&format!("/items/{}/subscription", scene.bundle), json!({})).await?;
    let review = json!({"group": "business", "status": "MINOR_ISSUE", "comment": "a secret word"});
    let review = ana.post(&scene.signoff("reviews"), review).await?;
    let review = review["reviewId"].as_str().context("the review")?.to_owned();
    let mails = scene.sink.until(2).await?;
    ensure!(to_whom(&mails)[1] == "bo@example.com" && !mails[1].text.contains("secret"), "{mails:?}");

    let path = scene.signoff(&format!("reviews/{review}"));
    ana.put(&path, json!({"status": "MINOR_ISSUE", "comment": "other words"})).await?;
    ana.put(&path, json!({"status": "MAJOR_ISSUE"})).await?;
    let mails = scene.sink.until(3).await?;
    ensure!(mails[2].header("Subject").contains("from MINOR_ISSUE to MAJOR_ISSUE"), "{mails:?}");

    admin.post("/projections/outbox/rebuild", json!({})).await?;
    bo.delete(&format!("/items/{}/subscription", scene.bundle)).await?;
    admin.post(&scene.signoff("request-approval"), json!({"notify": []})).await?;
    bo.post(&scene.signoff("approval"), json!({"status": "APPROVED"})).await?;
    // Ana is subscribed by her review; bo is by his decision, and made it himself.
    let mails = scene.sink.until(4).await?;
    ensure!(to_whom(&mails) == ["ana@example.com", "bo@example.com", "bo@example.com", "ana@example.com"], "{mails:?}");
    let subscription = bo.get(&format!("/items/{}/subscription", scene.bundle)).await?;
    ensure!(subscription["subscribed"] == true, "{subscription}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_is_lost_or_named_anew_when_server_and_service_die() -> Result<()> {
    let mut scene = Scene::new().await?;
    let admin = scene.server.admin();
    scene.sink.kill()?;
    let notify = json!({"notify": [{"login": "ana", "group": "business"}]});
    let asked = admin.post(&scene.signoff("request-feedback"), notify).await?;
    let attempts = scene.attempts(1).await?;
    ensure!(attempts[0]["result"] == "not_connected" && attempts[0]["to"] == "ana", "{attempts:?}");
    let event = attempts[0]["eventId"].as_str().context("the event")?.to_owned();
    ensure!(attempts[0]["position"] == asked["events"][0]["position"], "{attempts:?} {asked}");
    scene.server.kill()?;
    scene.sink.restart().await?;
    scene.server.restart()?;
    let mails = scene.sink.until(1).await?;
    ensure!(to_whom(&mails) == ["ana@example.com"], "{mails:?}");
    ensure!(mails[0].header("Message-ID").starts_with(&format!("<{event}.us.")), "{mails:?}");
    // Told at least once: a kill between a delivery and its entry in the ledger repeats the mail, under the same id.
    scene.server.kill()?;
    scene.server.restart()?;
    scene.server.admin().post(&scene.signoff("request-approval"), json!({})).await?;
    let mut mails = scene.sink.until(2).await?;
    if !to_whom(&mails).contains(&"bo@example.com") {
        mails = scene.sink.until(3).await?;
    }
    let (repeated, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.to == ["ana@example.com"]);
    ensure!(others.len() == 1 && others[0].to == ["bo@example.com"], "{mails:?}");
    ensure!(repeated.iter().all(|mail| mail.header("Message-ID") == mails[0].header("Message-ID")), "{mails:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_does_not_exist_is_a_dead_letter_at_once_and_keeps_nobody_from_his_mail() -> Result<()> {
    let scene = Scene::new().await?;
    let admin = scene.server.admin();
    admin.post(&scene.signoff("request-feedback"), json!({})).await?;
    let mails = scene.sink.until(1).await?;
    ensure!(to_whom(&mails) == ["ana@example.com"], "{mails:?}");
    scene.attempts(2).await?;
    let dead = admin.get("/mail/dead-letters").await?;
    ensure!(dead["items"].as_array().map(Vec::len) == Some(1), "{dead}");
    ensure!(dead["items"][0]["to"] == "cy" && dead["items"][0]["result"] == "smtp_550", "{dead}");
    let redriven = admin.post("/mail/dead-letters/redrive", json!({})).await?;
    ensure!(redriven["redriven"] == 1, "{redriven}");
    let attempts = scene.attempts(3).await?;
    ensure!(attempts[0]["eventId"] == dead["items"][0]["eventId"], "{attempts:?}");
    admin.post("/users", json!({"login": "rob"})).await?;
    scene.as_user("rob").refused(Method::GET, "/mail/dead-letters", None, 403, "forbidden").await?;
    Ok(())
}
