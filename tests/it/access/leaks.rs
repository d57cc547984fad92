//! What may not be read does not exist: hidden fields and unreadable items in every answer that could tell of them.

use anyhow::{Result, ensure};
use countersign_tests::server::{Api, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

use super::{INITIATIVE, person, rights};
use crate::estate::Estate;

const PROJECT: &str = "bp.system.govern_project";

/// A rated and refused project below an initiative; ben may read, but not these fields of projects.
async fn world(admin: &Api, hidden: &[&str]) -> Result<(Api, String, String)> {
    let ben = person(admin, "ben", &[]).await?;
    let initiative = made(admin, json!({"blueprintId": INITIATIVE, "name": "Fewer frauds"})).await?;
    let fields = json!({"business_initiative": initiative, "scope": "xylophones", "objectives": "marimbas",
        "qualification_value_rating": "High", "qualification_risk_rating": "Low",
        "qualification_resulting_decision": "No go"});
    let project = made(admin, json!({"blueprintId": PROJECT, "name": "Cards", "fields": fields})).await?;
    hide(admin, PROJECT, hidden).await?;
    Ok((ben, project, initiative))
}

async fn made(api: &Api, body: Value) -> Result<String> {
    Ok(api.post("/items", body).await?["id"].as_str().unwrap_or_default().to_owned())
}

async fn hide(admin: &Api, blueprint: &str, fields: &[&str]) -> Result<()> {
    let fields: Value = fields.iter().map(|field| json!({"field": field, "read": false})).collect();
    let hidden = json!({"everyone": rights(&["read"]), "roles": [], "fields": fields});
    admin.put(&format!("/permissions/{blueprint}"), hidden).await?;
    Ok(())
}

async fn lock(admin: &Api, blueprint: &str) -> Result<()> {
    admin.put(&format!("/permissions/{blueprint}"), json!({"everyone": {}, "roles": []})).await?;
    Ok(())
}

fn count(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn words_of_a_hidden_field_find_nothing() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (ben, ..) = world(&admin, &["scope"]).await?;
    for path in ["/search?q=", "/items?q=", "/governed-projects?q=", "/items?blueprint=bp.system.govern_project&q="] {
        for (word, is_hidden) in [("xylo", true), ("cards%20xylophones", true), ("marimbas", false), ("cards", false)] {
            let path = format!("{path}{word}");
            ensure!(count(&admin.get(&path).await?) == 1, "{path}");
            ensure!((count(&ben.get(&path).await?) == 0) == is_hidden, "{path}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn board_matrix_and_gauges_do_not_tell_hidden_ratings_and_decisions() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let hidden = ["qualification_value_rating", "qualification_risk_rating", "qualification_resulting_decision"];
    let (ben, ..) = world(&admin, &hidden).await?;
    let stopped = |board: &Value| {
        let gauges = board["gauges"].as_array().cloned().unwrap_or_default();
        gauges.iter().find(|gauge| gauge["progress"] == "STOPPED").map(|gauge| gauge["count"].clone())
    };
    let told = admin.get("/board").await?;
    ensure!(told["matrix"][0]["valueScore"] == 80 && told["matrix"][0]["riskScore"] == 80, "{told}");
    ensure!(stopped(&told) == Some(json!(1)), "{told}");
    let told = ben.get("/board").await?;
    ensure!(told["matrix"][0]["valueScore"].is_null() && told["matrix"][0]["riskScore"].is_null(), "{told}");
    ensure!(stopped(&told) == Some(json!(0)), "{told}");
    ensure!(!told.to_string().contains("STOPPED\",\"valueScore\":80"), "{told}");
    let row = ben.get("/governed-projects").await?["items"][0].clone();
    ensure!(row["valueScore"].is_null() && row["riskScore"].is_null() && row["progress"] == "NOT_STARTED", "{row}");
    let row = admin.get("/governed-projects").await?["items"][0].clone();
    ensure!(row["valueScore"] == 80 && row["riskScore"] == 80 && row["progress"] == "STOPPED", "{row}");
    Ok(())
}

#[tokio::test]
async fn the_score_of_a_hidden_rating_is_hidden_and_that_of_a_hidden_score_as_well() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (ben, project, _) = world(&admin, &["qualification_value_rating", "qualification_risk_score"]).await?;
    let fields = ben.get(&format!("/items/{project}")).await?["fields"].clone();
    ensure!(fields["qualification_value_score"].is_null(), "{fields}");
    ensure!(fields["qualification_risk_score"].is_null() && fields["qualification_risk_rating"] == "Low", "{fields}");
    let row = ben.get("/governed-projects").await?["items"][0].clone();
    ensure!(row["valueScore"].is_null() && row["riskScore"].is_null(), "{row}");
    Ok(())
}

#[tokio::test]
async fn the_roll_up_of_an_initiative_counts_no_hidden_rating_and_no_hidden_membership() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (ben, project, initiative) = world(&admin, &["qualification_value_rating"]).await?;
    let roll_up = ben.get("/initiatives").await?["items"][0]["rollUp"].clone();
    ensure!(roll_up["value"]["rated"] == 0 && roll_up["value"]["max"].is_null(), "{roll_up}");
    ensure!(roll_up["risk"]["max"] == 20 && roll_up["projects"] == json!([project]), "{roll_up}");
    hide(&admin, PROJECT, &["business_initiative"]).await?;
    let roll_up = ben.get("/initiatives").await?["items"][0]["rollUp"].clone();
    ensure!(roll_up["projects"] == json!([]) && roll_up["risk"]["rated"] == 0, "{roll_up}");
    let told = ben.get(&format!("/items/{project}")).await?;
    ensure!(told["parent"].is_null(), "{told}");
    // The initiative lists its projects by that field of theirs.
    let told = ben.get(&format!("/items/{initiative}")).await?.to_string();
    ensure!(!told.contains(&format!("{project:?}")), "{told}");
    let told = admin.get(&format!("/items/{initiative}")).await?.to_string();
    ensure!(told.contains(&format!("{project:?}")), "{told}");
    Ok(())
}

#[tokio::test]
async fn the_id_of_an_unreadable_item_stands_in_no_field_and_in_no_event() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (ben, project, first) = world(&admin, &[]).await?;
    let second = made(&admin, json!({"blueprintId": INITIATIVE, "name": "More frauds"})).await?;
    admin.patch(&format!("/items/{project}"), json!({"fields": {"business_initiative": second}})).await?;
    let events = admin.get(&format!("/items/{project}/timeline")).await?;
    let before = events["items"][0]["position"].as_u64().unwrap_or_default() - 1;
    let paths = [
        format!("/items/{project}"),
        format!("/items?blueprint={PROJECT}"),
        "/governed-projects".to_owned(),
        format!("/items/{project}/timeline"),
        "/timeline?limit=1000".to_owned(),
        format!("/events?limit=1000&after={before}"),
    ];
    for is_locked in [false, true] {
        for path in &paths {
            let told = ben.get(path).await?.to_string();
            let names = [&first, &second].iter().any(|id| told.contains(&format!("{id:?}")));
            ensure!(names != is_locked, "{path}: {told}");
        }
        lock(&admin, INITIATIVE).await?;
    }
    // An edit of nothing but unseen references did not happen; the rest of a creation is told.
    let told = ben.get(&format!("/items/{project}/timeline")).await?;
    ensure!(count(&told) == 1 && told["items"][0]["data"].to_string().contains("xylophones"), "{told}");
    let position = before + 1;
    problem(&ben.ask(Method::GET, &format!("/events/{position}/leaf"), None).await?, 404, "not_found")?;
    let mut stream = ben.request(Method::GET, &format!("/events/stream?after={before}")).send().await?;
    let mut sent = String::new();
    while !sent.contains("xylophones") {
        let chunk = stream.chunk().await?;
        ensure!(chunk.is_some(), "the stream ended: {sent}");
        sent.push_str(&String::from_utf8_lossy(&chunk.unwrap_or_default()));
    }
    ensure!(![&first, &second].iter().any(|id| sent.contains(&format!("{id:?}"))), "{sent}");
    Ok(())
}

#[tokio::test]
async fn who_saves_a_list_takes_nothing_out_of_it_that_he_does_not_see() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let coe = person(&admin, "coe", &["contributors"]).await?;
    let initiative = made(&admin, json!({"blueprintId": INITIATIVE, "name": "Fewer frauds"})).await?;
    let fields = json!({"business_initiative": initiative});
    let project = made(&admin, json!({"blueprintId": PROJECT, "name": "Cards", "fields": fields})).await?;
    let path = format!("/items/{project}");
    lock(&admin, INITIATIVE).await?;
    let saved = coe.patch(&path, json!({"fields": {"business_initiative": null, "scope": "all"}})).await?;
    ensure!(saved["item"]["fields"] == json!({"scope": "all"}), "{saved}");
    ensure!(admin.get(&path).await?["fields"]["business_initiative"] == initiative);
    // What is there is no more to be guessed than what is not.
    for guess in [initiative.as_str(), "ar.9999"] {
        let body = json!({"fields": {"business_initiative": guess}});
        let refused = coe.refused(Method::PATCH, &path, Some(&body), 422, "fields_invalid").await?;
        ensure!(refused["fields"][0]["code"] == "dangling_reference", "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_in_a_hidden_field_is_not_given_out() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let (ben, project, _) = world(&admin, &[]).await?;
    let file = admin.upload("plan.txt", b"secret".to_vec()).await?.json()["id"].clone();
    admin.patch(&format!("/items/{project}"), json!({"fields": {"progress_docs": [file]}})).await?;
    let path = format!("/files/{}", file.as_str().unwrap_or_default());
    ensure!(ben.get(&path).await?["name"] == "plan.txt");
    hide(&admin, PROJECT, &["progress_docs"]).await?;
    for path in [path.clone(), format!("{path}/content")] {
        problem(&ben.ask(Method::GET, &path, None).await?, 404, "not_found")?;
    }
    Ok(())
}

#[tokio::test]
async fn an_explanation_names_no_holder_and_no_item_that_its_reader_may_not_see() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    let ana = person(&admin, "ana", &[]).await?;
    person(&admin, "bo", &[]).await?;
    let (_, project, _) = world(&admin, &[]).await?;
    let people = json!({"fields": {"business_reviewers": ["ana", "bo"]}});
    admin.patch(&format!("/items/{project}"), people).await?;
    let read = json!({"everyone": {}, "roles": [{"role": "ro.business_reviewer", "rights": rights(&["read"])}]});
    let read = admin.ask(Method::PUT, &format!("/permissions/{PROJECT}"), Some(&read)).await?;
    ensure!(read.status == 200, "{}", read.json());
    let why = ana.get(&format!("/access/why?action=read&item={project}")).await?;
    ensure!(why["allowed"] == true && why["grantedBy"].to_string().contains("ana"), "{why}");
    ensure!(!why["grantedBy"].to_string().contains("bo\""), "{why}");
    let why = admin.get(&format!("/access/why?user=ana&action=read&item={project}")).await?;
    ensure!(why["grantedBy"].to_string().contains("bo\""), "{why}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_tells_no_hidden_field_of_a_version_and_finds_nothing_by_it() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let admin = estate.admin();
    let ben = person(&admin, "ben", &[]).await?;
    let version = |models: &Value| models["projects"][0]["models"][0]["versions"][1].clone();
    let told = version(&ben.get("/registry/models").await?);
    ensure!(told["algorithm"] == "RANDOM_FOREST" && told["metrics"]["auc"] == 0.87, "{told}");
    ensure!(ben.get("/registry/models?q=mlflow").await?["projects"][0]["models"][0]["origin"] == "mlflow");
    let id = told["id"].as_str().unwrap_or_default().to_owned();
    let synced = format!("/items/{id}/timeline?type=ItemSynced");
    ensure!(ben.get(&synced).await?.to_string().contains("RANDOM_FOREST"));

    hide(&admin, "bp.system.dataiku_saved_model_version", &["algorithm", "evaluation_metrics_auc"]).await?;
    let told = version(&ben.get("/registry/models").await?);
    ensure!(told["algorithm"].is_null() && told["metrics"]["auc"].is_null(), "{told}");
    ensure!(told["metric"]["initial"].is_null(), "{told}");
    hide(&admin, "bp.system.dataiku_saved_model", &["origin"]).await?;
    ensure!(ben.get("/registry/models?q=mlflow").await?["projects"] == json!([]));
    ensure!(ben.get("/registry/models").await?["projects"][0]["models"][0]["origin"].is_null());
    let told = ben.get(&synced).await?;
    ensure!(count(&told) == 1 && !told.to_string().contains("RANDOM_FOREST"), "{told}");
    ensure!(!told.to_string().contains("0.87"), "{told}");
    let told = version(&admin.get("/registry/models").await?);
    ensure!(told["algorithm"] == "RANDOM_FOREST" && told["metric"]["initial"] == 0.87, "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_item_governs_is_told_by_a_field_and_hidden_with_it() -> Result<()> {
    let estate = Estate::start().await?;
    estate.told().await?;
    let admin = estate.admin();
    let ben = person(&admin, "ben", &[]).await?;
    let source = admin.get("/registry/models").await?["projects"][0]["id"].as_str().unwrap_or_default().to_owned();
    let govern = admin.post(&format!("/items/{source}/govern"), json!({})).await?;
    let govern = govern["governItem"].as_str().unwrap_or_default().to_owned();
    for is_hidden in [false, true] {
        let told = ben.get(&format!("/items/{govern}")).await?;
        ensure!((told["governs"] == json!([])) == is_hidden, "{told}");
        let told = ben.get(&format!("/items/{source}")).await?;
        ensure!(told["governedBy"].is_null() == is_hidden, "{told}");
        let told = ben.get("/registry/models").await?["projects"][0].clone();
        ensure!(told["governedBy"].is_null() == is_hidden, "{told}");
        let told = ben.get(&format!("/items/{govern}/timeline")).await?;
        ensure!(told.to_string().contains(&format!("{source:?}")) != is_hidden, "{told}");
        hide(&admin, PROJECT, &["dataiku_item"]).await?;
    }
    Ok(())
}
