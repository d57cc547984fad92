//! Governing over HTTP, on what nodes told over NATS.
#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

mod templates;
mod world;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use world::{Estate, bundle, project};

const DATAIKU_BUNDLE: &str = "bp.system.dataiku_bundle";

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_wish_answers_for_each_item_and_a_repetition_makes_nothing_new() -> Result<()> {
    let estate = Estate::start().await?;
    estate.tell(&[project("design-1", "A", &[], "", 1), project("design-1", "B", &[], "", 1)]).await;
    estate.tell(&[bundle("design-1", "A", "b1")]).await;
    let (a, b) = (estate.project("A").await?, estate.project("B").await?);
    let b1 = estate.find(DATAIKU_BUNDLE, "b1").await?;
    let body = json!({"items": [b1, a, b1, "ar.999999"], "how": {"children": {}}});
    let post = || {
        let request = estate.admin.request(Method::POST, "/items/bulk/govern").json(&body);
        estate.admin.send(request.header("Idempotency-Key", "bulk-1"))
    };
    let first = post().await?.json();
    let results = &first["results"];
    ensure!(results[0]["status"] == 409 && results[0]["code"] == "parent_not_governed", "{first}");
    ensure!(results[1]["status"] == 201 && results[1]["events"][0]["type"] == "ItemGoverned", "{first}");
    ensure!(results[2]["status"] == 201 && results[2]["governItem"].is_string(), "{first}");
    ensure!(results[3]["status"] == 404 && results[3]["code"] == "not_found", "{first}");
    let again = post().await?.json();
    ensure!(again["results"][1] == results[1] && again["results"][2]["governItem"] == results[2]["governItem"]);

    let hidden = estate.admin.post("/items/bulk/hide", json!({"items": [a, b]})).await?;
    ensure!(hidden["results"][0]["code"] == "already_governed", "{hidden}");
    ensure!(hidden["results"][1]["events"][0]["type"] == "ItemHidden", "{hidden}");
    let governed = results[1]["governItem"].as_str().unwrap_or_default();
    let archived = estate.admin.post("/items/bulk/archive", json!({"items": [governed, a]})).await?;
    ensure!(archived["results"][0]["status"] == 200, "{archived}");
    ensure!(archived["results"][1]["code"] == "blueprint_locked", "{archived}");

    let many: Vec<String> = (0..201).map(|n| format!("ar.{n}")).collect();
    let refuse = async |body| {
        estate.admin.refused(Method::POST, "/items/bulk/hide", Some(&body), 422, "count_out_of_range").await
    };
    refuse(json!({"items": many})).await?;
    refuse(json!({"items": []})).await?;
    let unknown = json!({"items": [a], "children": {}});
    estate.admin.refused(Method::POST, "/items/bulk/govern", Some(&unknown), 422, "unknown_field").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_an_item_is_told_when_it_is_archived_or_deleted() -> Result<()> {
    let estate = Estate::start().await?;
    estate.tell(&[project("design-1", "A", &[], "", 1), bundle("design-1", "A", "b1")]).await;
    let initiative = json!({"blueprintId": "bp.system.business_initiative", "name": "Fewer frauds"});
    let initiative = estate.admin.post("/items", initiative).await?["id"].clone();
    let a = estate.project("A").await?;
    let governed = estate.govern(&a, json!({"initiative": initiative, "children": {"bundles": "all"}})).await?;
    let path = format!("/items/{governed}");
    let problem = estate.admin.refused(Method::DELETE, &path, None, 409, "governs_below").await?;
    let below = estate.find("bp.system.govern_bundle", "b1").await?;
    ensure!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&below)), "{problem}");

    let archived = estate.admin.post(&format!("{path}/archive"), json!({})).await?;
    ensure!(archived["referrers"] == json!([{"item": below, "field": "govern_project"}]), "{archived}");
    estate.admin.post(&format!("{path}/restore"), json!({})).await?;
    let initiative = initiative.as_str().unwrap_or_default().to_owned();
    let deleted = estate.admin.delete(&format!("/items/{initiative}")).await?;
    ensure!(deleted["referrers"] == json!([{"item": governed, "field": "business_initiative"}]), "{deleted}");
    ensure!(estate.admin.get(&path).await?["fields"]["business_initiative"].is_null());
    estate.admin.delete(&format!("/items/{below}")).await?;
    ensure!(estate.admin.delete(&path).await?["referrers"] == json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_projects_of_several_nodes_are_attached_to_one_made_before_them() -> Result<()> {
    let estate = Estate::start().await?;
    let made = json!({"blueprintId": "bp.system.govern_project", "name": "Planned"});
    let made = estate.admin.post("/items", made).await?["id"].as_str().unwrap_or_default().to_owned();
    estate.tell(&[project("design-1", "A", &[], "", 1), project("automation-1", "B", &[], "", 1)]).await;
    let (a, b) = (estate.project("A").await?, estate.project("B").await?);
    for source in [&a, &b] {
        ensure!(estate.govern(source, json!({"attachTo": made})).await? == made);
    }
    let shown = estate.admin.get(&format!("/items/{made}")).await?;
    ensure!(shown["governs"] == json!([a, b]) && shown["name"] == "Planned", "{shown}");
    ensure!(estate.admin.get("/governable").await?["items"] == json!([]));
    let other = json!({"attachTo": a});
    let path = format!("/items/{b}/govern");
    estate.admin.refused(Method::POST, &path, Some(&other), 409, "already_governed").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_hidden_with_its_children_and_shown_again_with_them() -> Result<()> {
    let estate = Estate::start().await?;
    estate.tell(&[project("design-1", "A", &[], "", 1), bundle("design-1", "A", "b1")]).await;
    let (a, b1) = (estate.project("A").await?, estate.find(DATAIKU_BUNDLE, "b1").await?);
    estate.admin.post(&format!("/items/{a}/hide"), json!({})).await?;
    ensure!(estate.admin.get(&format!("/items/{b1}")).await?["hidden"] == true);
    ensure!(estate.admin.get("/governable").await?["items"] == json!([]));
    let hidden = estate.admin.get("/governable?hidden=true").await?;
    ensure!(hidden["items"].as_array().map(Vec::len) == Some(2), "{hidden}");
    let how = json!({"governParents": true});
    estate.admin.refused(Method::POST, &format!("/items/{b1}/govern"), Some(&how), 409, "item_hidden").await?;
    estate.admin.refused(Method::POST, &format!("/items/{b1}/show"), Some(&json!({})), 409, "hidden_by_parent").await?;
    estate.admin.post(&format!("/items/{a}/show"), json!({})).await?;
    estate.govern(&b1, how).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiative_adds_up_what_its_projects_are() -> Result<()> {
    let estate = Estate::start().await?;
    estate.tell(&[project("design-1", "A", &[], "", 1), project("design-1", "B", &[], "", 1)]).await;
    estate.tell(&[bundle("design-1", "A", "b1"), bundle("design-1", "A", "b2")]).await;
    let initiative = json!({"blueprintId": "bp.system.business_initiative", "name": "Fewer frauds"});
    let initiative = estate.admin.post("/items", initiative).await?["id"].clone();
    let how = json!({"initiative": initiative, "children": {"bundles": "all"}});
    let a = estate.govern(&estate.project("A").await?, how.clone()).await?;
    let b = estate.govern(&estate.project("B").await?, how).await?;
    for (item, risk, value) in [(&a, "High", "Low"), (&b, "Low", "Medium low")] {
        let fields = json!({"qualification_risk_rating": risk, "qualification_value_rating": value});
        estate.admin.patch(&format!("/items/{item}"), json!({"fields": fields})).await?;
    }
    estate.admin.post(&format!("/items/{a}/steps/exploration/finish"), json!({})).await?;
    let b1 = estate.find("bp.system.govern_bundle", "b1").await?;
    let signoff = format!("/items/{b1}/steps/review/signoff");
    estate.admin.post("/users", json!({"login": "ana"})).await?;
    estate.admin.patch(&format!("/items/{a}"), json!({"fields": {"final_approvers": ["ana"]}})).await?;
    estate.admin.post(&format!("/items/{b1}/steps/development/finish"), json!({})).await?;
    estate.admin.post(&format!("{signoff}/request-approval"), json!({})).await?;

    let list = estate.admin.get("/initiatives").await?;
    let roll_up = &list["items"][0]["rollUp"];
    ensure!(roll_up["projects"] == json!([a, b]), "{list}");
    let steps = json!([{"step": null, "count": 1}, {"step": "qualification", "count": 1}]);
    ensure!(roll_up["steps"] == steps, "{roll_up}");
    ensure!(roll_up["signoffs"] == json!({"waiting": 1, "approved": 0, "rejected": 0}), "{roll_up}");
    ensure!(roll_up["risk"] == json!({"rated": 2, "max": 80, "average": 50.0}), "{roll_up}");
    ensure!(roll_up["value"] == json!({"rated": 2, "max": 40, "average": 30.0}), "{roll_up}");
    let ana = estate.admin.acting_as("ana");
    let approval = json!({"status": "APPROVED"});
    ana.post(&format!("{signoff}/approval"), approval).await?;
    let list = estate.admin.get("/initiatives").await?;
    let signoffs = &list["items"][0]["rollUp"]["signoffs"];
    ensure!(*signoffs == json!({"waiting": 0, "approved": 1, "rejected": 0}), "{list}");
    estate.admin.post(&format!("/items/{a}/archive"), json!({})).await?;
    let list = estate.admin.get("/initiatives").await?;
    ensure!(list["items"][0]["rollUp"]["projects"] == json!([b]), "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_govern_what_is_there_and_what_comes_and_recommend_apart() -> Result<()> {
    let estate = Estate::start().await?;
    let old: Vec<_> = (0..120).map(|n| project("design-1", &format!("P{n:03}"), &["old"], "/Old", 1)).collect();
    estate.tell(&old).await;
    let last = estate.project("P119").await?;
    let rules = json!({
        "project": [
            {"governing": "AUTOMATIC", "tag": "old", "template": "bv.system.default", "children": {"bundles": "all"}},
            {"governing": "RECOMMENDED", "folder": "/Risk", "node": "design-1"},
        ],
        "saved_model": [],
    });
    estate.admin.refused(Method::PUT, "/governance-rules", Some(&rules), 422, "unknown_field").await?;
    let rules = json!({"project": rules["project"], "savedModel": []});
    let set = estate.admin.put("/governance-rules", rules.clone()).await?;
    ensure!(set["events"].as_array().map(Vec::len) == Some(1) && set["events"][0]["type"] == "GovernanceRuleSet");
    let all = "/items?blueprint=bp.system.govern_project&limit=1000";
    estate.until(all, |list| list["items"].as_array().map(Vec::len) == Some(120)).await?;
    let events = estate.admin.get("/events?limit=1000").await?;
    let governed = events["items"].as_array().into_iter().flatten().filter(|event| event["type"] == "ItemGoverned");
    ensure!(governed.clone().count() == 120 && governed.into_iter().all(|event| event["actor"]["type"] == "system"));

    let told = [project("design-1", "NEW", &["old"], "", 1), project("design-1", "EU", &[], "/Risk/EU", 1)];
    estate.tell(&told).await;
    estate.tell(&[bundle("design-1", "NEW", "b1"), project("other", "EU2", &[], "/Risk", 1)]).await;
    estate.find("bp.system.govern_bundle", "b1").await?;
    let (eu, eu2) = (estate.project("EU").await?, estate.project("EU2").await?);
    let recommended = estate.admin.get("/governable?recommended=true").await?;
    ensure!(recommended["items"].as_array().map(Vec::len) == Some(1), "{recommended}");
    let entry = &recommended["items"][0];
    ensure!(entry["id"] == eu && entry["recommended"] == true, "{entry}");
    let rule = &entry["rule"];
    ensure!(rule["scope"].is_null() && rule["governing"] == "RECOMMENDED" && rule["folder"] == "/Risk", "{entry}");
    let others = estate.admin.get("/governable?recommended=false").await?;
    ensure!(others["items"][0]["id"] == eu2 && others["items"][0]["rule"].is_null(), "{others}");

    let own = format!("/items/{eu}/governance-rules");
    estate.admin.put(&own, json!({"project": [{"governing": "AUTOMATIC"}]})).await?;
    estate.find("bp.system.govern_project", "EU").await?;
    let read = estate.admin.get(&own).await?;
    ensure!(read["applies"]["scope"] == eu && read["rules"]["project"][0]["governing"] == "AUTOMATIC", "{read}");
    let back = estate.admin.get("/governance-rules").await?;
    ensure!(back["rules"]["project"][0]["children"]["bundles"] == "all" && back["rules"]["bundle"] == json!([]));
    estate.admin.post("/users", json!({"login": "rob"})).await?;
    let rob = estate.admin.acting_as("rob");
    rob.refused(Method::GET, "/governance-rules", None, 403, "forbidden").await?;
    rob.refused(Method::PUT, "/governance-rules", Some(&rules), 403, "forbidden").await?;
    rob.refused(Method::PUT, &own, Some(&json!({"project": []})), 403, "forbidden").await?;
    let path = format!("/items/{last}/governance-rules");
    let unknown = json!({"bundle": [{"governing": "AUTOMATIC", "template": "bv.none"}]});
    estate.admin.refused(Method::PUT, &path, Some(&unknown), 422, "rule_version_unknown").await?;
    Ok(())
}
