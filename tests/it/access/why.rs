//! `audit why`: over the running service and offline, now and then.

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{ADMIN_KEY, Server, run};
use serde_json::{Value, json};

use super::person;

const PROJECT: &str = "bp.system.govern_project";

fn told(arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let output = run(&[&["audit", "why"], arguments].concat(), environment)?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn audit_why_names_the_rule_that_grants_or_those_that_are_missing_online_and_offline() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    person(&admin, "coe", &["contributors"]).await?;
    person(&admin, "ana", &[]).await?;
    let people = json!({"blueprintId": PROJECT, "name": "Cards", "fields": {"business_reviewers": ["ana"]}});
    let item = admin.post("/items", people).await?["id"].as_str().context("an id")?.to_owned();
    let then = admin.patch("/users/coe", json!({"groups": []})).await?["position"].as_u64().context("a position")? - 1;
    let then = then.to_string();

    let url = server.url().to_owned();
    let online: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    // Granted by a role of a group, as things were; refused since; and granted to everybody.
    let cases = [
        (vec!["coe", "write", item.as_str(), "--at", then.as_str()], true, "ro.contributor"),
        (vec!["coe", "write", item.as_str()], false, "ro.contributor"),
        (vec!["ana", "read", item.as_str()], true, "everyone"),
    ];
    let mut answers = Vec::new();
    for (arguments, is_allowed, names) in &cases {
        let words = told(arguments, online)?;
        ensure!(words.starts_with(if *is_allowed { "allowed: " } else { "refused: " }), "{arguments:?}: {words}");
        ensure!(words.contains(names), "{arguments:?}: {words}");
        let json = told(&[arguments.as_slice(), &["--json"]].concat(), online)?;
        let json: Value = serde_json::from_str(&json)?;
        let rules = if *is_allowed { &json["grantedBy"] } else { &json["wouldBeGrantedBy"] };
        let has_rule = rules.to_string().contains("rule 2 of bp.system.govern_project");
        ensure!(json["allowed"] == *is_allowed && has_rule == (*names == "ro.contributor"), "{json}");
        answers.push((json, words));
    }

    server.stop()?;
    let data = server.data().to_string_lossy().into_owned();
    for ((arguments, ..), (json, words)) in cases.iter().zip(&answers) {
        let place = ["--data", data.as_str()];
        ensure!(told(&[arguments.as_slice(), &place].concat(), &[])? == *words, "{arguments:?}");
        let offline = told(&[arguments.as_slice(), &place, &["--json"]].concat(), &[])?;
        let mut offline: Value = serde_json::from_str(&offline)?;
        // The journey of an earlier command may have moved the head.
        offline["position"] = json["position"].clone();
        ensure!(offline == *json, "{arguments:?}: {offline} {json}");
    }
    let nobody = run(&["audit", "why", "nobody", "read", &item, "--data", &data], &[])?;
    ensure!(nobody.status.code() == Some(1), "{}", String::from_utf8_lossy(&nobody.stderr));
    Ok(())
}
