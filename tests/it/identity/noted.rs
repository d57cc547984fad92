//! Audit entries: what leaves the instance, and keys that come from somewhere new.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Api, Server};
use reqwest::Method;
use serde_json::{Value, json};

async fn entries(admin: &Api) -> Result<Vec<Value>> {
    let told = admin.get("/events?type=AuditEntryAdded").await?;
    Ok(told["items"].as_array().context("events")?.clone())
}

#[tokio::test]
async fn the_log_tells_who_took_a_file_or_a_template_and_only_administrators_read_it() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    admin.post("/users", json!({"login": "ana"})).await?;
    admin.upload("evidence.txt", b"seen".to_vec()).await?;
    let ana = admin.acting_as("ana");
    ana.refused(Method::GET, "/files/uf.1/content", None, 404, "not_found").await?;
    // With an idempotency key too: a second download is not a repetition of the first.
    for _ in 0..2 {
        let request = admin.request(Method::GET, "/files/uf.1/content").header("idempotency-key", "the-same");
        ensure!(admin.send(request).await?.bytes == b"seen");
    }
    ana.get("/blueprints/bp.system.govern_project/versions/bv.system.default/export").await?;
    let told = entries(&admin).await?;
    let taken: Vec<_> = told.iter().filter(|entry| entry["data"]["kind"] != "key_used").collect();
    let kinds: Vec<_> = taken.iter().map(|entry| (&entry["data"]["kind"], &entry["data"]["name"])).collect();
    let template = json!("bp.system.govern_project bv.system.default");
    let (download, export, file) = (json!("download"), json!("export"), json!("uf.1"));
    ensure!(kinds == [(&download, &file), (&download, &file), (&export, &template)], "{kinds:?}");
    ensure!(taken[0]["actor"]["id"] == "ak.1" && taken[2]["actor"]["id"] == "ana", "{taken:?}");
    ensure!(!ana.get("/events").await?.to_string().contains("AuditEntryAdded"));
    Ok(())
}

#[tokio::test]
async fn a_key_from_a_new_address_is_told_once_also_after_a_restart() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    let made = admin.post("/keys", json!({"label": "script"})).await?;
    let script = Api::new(server.url(), made["secret"].as_str().context("a secret")?);
    for _ in 0..3 {
        script.get("/me").await?;
    }
    let wrong = Api::new(server.url(), "nobody-knows-this-key");
    wrong.refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    let told = entries(&admin).await?;
    let names: Vec<_> = told.iter().map(|entry| entry["data"]["name"].clone()).collect();
    ensure!(names == ["ak.1", "ak.2"], "{told:?}");
    ensure!(told[1]["data"]["kind"] == "key_used" && told[1]["actor"]["type"] == "system", "{told:?}");
    let address = told[1]["data"]["address"].to_string();
    ensure!(address.contains("127.0.0.1"), "{address}");
    server.stop()?;
    server.restart()?;
    Api::new(server.url(), made["secret"].as_str().context("a secret")?).get("/me").await?;
    ensure!(entries(&server.admin()).await?.len() == 2);

    // A key that comes in one of the forms of the public API is told as well.
    let admin = server.admin();
    let made = admin.post("/keys", json!({"label": "ticket"})).await?;
    let ticket = made["secret"].as_str().context("a secret")?;
    let anybody = admin.without_key();
    let request = anybody.request(Method::GET, "//dip/publicapi/auth/info").header("x-dku-apiticket", ticket);
    ensure!(anybody.send(request).await?.status == 200);
    ensure!(entries(&admin).await?.len() == 3);
    Ok(())
}
