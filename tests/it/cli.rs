//! The command line: exit codes, facts as JSON, directories in use.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{ADMIN_KEY, Api, Server, run};
use reqwest::Method;
use serde_json::Value;

fn json(output: &Output) -> Result<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).with_context(|| format!("{text} {}", String::from_utf8_lossy(&output.stderr)))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_offline_and_over_http() -> Result<()> {
    let mut server = Server::start()?;
    let url = server.url().to_owned();
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let made = run(&["key", "create", "--label", "one", "--group", "contributors", "--json"], there)?;
    ensure!(code(&made) == 0, "{}", String::from_utf8_lossy(&made.stderr));
    let made = json(&made)?;
    ensure!(Api::new(&url, made["secret"].as_str().unwrap_or_default()).get("/me").await?["id"] == made["id"]);

    let data = server.data().to_string_lossy().into_owned();
    let busy = run(&["key", "create", "--label", "two", "--data", &data], &[])?;
    let said = String::from_utf8_lossy(&busy.stderr).into_owned();
    ensure!(code(&busy) == 1 && said.contains("in use"), "{said}");

    server.stop()?;
    let made = json(&run(&["key", "create", "--label", "two", "--admin", "--json", "--data", &data], &[])?)?;
    let listed = json(&run(&["key", "list", "--json", "--data", &data], &[])?)?;
    ensure!(listed.as_array().map(Vec::len) == Some(3) && listed[2]["label"] == "two", "{listed}");
    server.restart()?;
    let two = Api::new(server.url(), made["secret"].as_str().unwrap_or_default());
    ensure!(two.get("/me").await?["admin"] == true);
    server.stop()?;
    let id = made["id"].as_str().unwrap_or_default();
    ensure!(code(&run(&["key", "revoke", id, "--data", &data], &[])?) == 0);
    ensure!(code(&run(&["key", "revoke", "nonsense", "--data", &data], &[])?) == 2);
    Ok(())
}

#[tokio::test]
async fn keys_expire_act_as_nodes_and_get_another_secret_offline_and_over_http() -> Result<()> {
    let mut server = Server::start()?;
    let url = server.url().to_owned();
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let data = server.data().to_string_lossy().into_owned();
    let expiring = ["key", "create", "--label", "one", "--architect", "--expires", "2030-01-01T00:00:00Z", "--json"];
    let made = json(&run(&expiring, there)?)?;
    let node = json(&run(&["key", "create", "--label", "two", "--node", "deployer-1", "--json"], there)?)?;
    let rotate = ["key", "rotate", made["id"].as_str().unwrap_or_default(), "--json"];
    let rotated = json(&run(&rotate, there)?)?;
    ensure!(rotated["id"] == made["id"] && rotated["secret"] != made["secret"], "{rotated}");
    let with = |url: &str, key: &Value| Api::new(url, key["secret"].as_str().unwrap_or_default());
    ensure!(with(&url, &rotated).get("/me").await?["id"] == made["id"]);
    with(&url, &made).refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    with(&url, &node).refused(Method::GET, "/me", None, 403, "node_key_gate_only").await?;

    server.stop()?;
    let offline = [&rotate[..], &["--expires", "2020-01-01T00:00:00Z", "--data", &data]].concat();
    let past = run(&offline, &[])?;
    let offline = [&rotate[..], &["--data", &data]].concat();
    let again = json(&run(&offline, &[])?)?;
    let listed = json(&run(&["key", "list", "--json", "--data", &data], &[])?)?;
    ensure!(listed[1]["expiresAt"] == "2030-01-01T00:00:00.000Z" && listed[1]["architect"] == true, "{listed}");
    ensure!(listed[2]["node"] == "deployer-1", "{listed}");
    ensure!(code(&past) == 1 && code(&run(&["key", "rotate", "ak.99", "--data", &data], &[])?) == 1);
    ensure!(code(&run(&["key", "create", "--label", "x", "--expires", "soon", "--data", &data], &[])?) == 2);
    server.restart()?;
    ensure!(with(server.url(), &again).get("/me").await?["id"] == made["id"]);
    with(server.url(), &rotated).refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn the_log_is_verified_offline_and_of_a_running_service() -> Result<()> {
    let mut server = Server::start()?;
    let url = server.url().to_owned();
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let online = run(&["log", "verify", "--json"], there)?;
    ensure!(code(&online) == 0 && json(&online)?["ok"] == true, "{}", String::from_utf8_lossy(&online.stderr));
    let data = server.data().to_string_lossy().into_owned();
    ensure!(code(&run(&["log", "verify", "--data", &data], &[])?) == 1, "a directory in use");
    server.stop()?;
    let offline = run(&["log", "verify", "--json", "--data", &data], &[])?;
    ensure!(code(&offline) == 0 && json(&offline)?["leaves"] == json(&online)?["leaves"]);
    ensure!(code(&run(&["log", "verify", "--data", "/nonexistent"], &[])?) == 1);
    ensure!(code(&run(&["log", "verify", "--colour"], &[])?) == 2);
    Ok(())
}

#[tokio::test]
async fn a_changed_log_is_violated_and_does_not_start() -> Result<()> {
    let mut server = Server::start()?;
    server.stop()?;
    let store = server.data().join("log");
    let database = find(&store, "db")?.context("sled's file")?;
    let mut bytes = std::fs::read(&database)?;
    let place = bytes.windows(20).position(|window| window == b"bp.system.govern_pro").context("a known text")?;
    *bytes.get_mut(place).context("in range")? ^= 0x20;
    std::fs::write(&database, &bytes)?;
    let data = server.data().to_string_lossy().into_owned();
    let verified = run(&["log", "verify", "--json", "--data", &data], &[])?;
    ensure!(code(&verified) == 3 && json(&verified)?["ok"] == false, "{verified:?}");
    ensure!(std::fs::read(&database)? == bytes, "the damaged original was changed");
    ensure!(server.restart().is_err(), "a damaged log was served");
    Ok(())
}

fn find(folder: &std::path::Path, name: &str) -> Result<Option<std::path::PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.file_name().is_some_and(|found| found == name) {
            return Ok(Some(path));
        }
        if path.is_dir()
            && let Some(found) = find(&path, name)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[tokio::test]
async fn an_export_holds_every_event_and_tail_the_last() -> Result<()> {
    let mut server = Server::start()?;
    let head = server.admin().get("/events?limit=1").await?["position"].as_u64().context("a position")?;
    server.stop()?;
    let data = server.data().to_string_lossy().into_owned();
    let plain = server.data().with_extension("jsonl").to_string_lossy().into_owned();
    let packed = server.data().with_extension("jsonl.zst").to_string_lossy().into_owned();
    for file in [&plain, &packed] {
        let done = run(&["log", "export", "--output", file, "--json", "--data", &data], &[])?;
        ensure!(code(&done) == 0 && json(&done)?["events"] == head, "{}", String::from_utf8_lossy(&done.stderr));
    }
    let text = std::fs::read_to_string(&plain)?;
    ensure!(text.lines().count() as u64 == head, "{head} events");
    for line in text.lines() {
        ensure!(serde_json::from_str::<Value>(line)?["leaf"].is_object(), "{line}");
    }
    ensure!(std::fs::metadata(&packed)?.len() * 2 < text.len() as u64, "it was not compressed");
    ensure!(code(&run(&["log", "export", "--output", &plain, "--data", &data], &[])?) == 1, "it was written over");
    let tail = run(&["log", "tail", "-n", "3", "--data", &data], &[])?;
    let positions: Vec<u64> = String::from_utf8_lossy(&tail.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["position"].as_u64())
        .collect();
    ensure!(positions == [head - 2, head - 1, head], "{positions:?}");
    Ok(())
}

#[tokio::test]
async fn a_running_service_gives_its_log_out_to_administrators_and_tells_so_first() -> Result<()> {
    let mut server = Server::start()?;
    let (url, admin) = (server.url().to_owned(), server.admin());
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (plain, packed) = (file("log.jsonl"), file("log.jsonl.zst"));
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    for output in [&plain, &packed] {
        let done = run(&["log", "export", "--output", output, "--json"], there)?;
        ensure!(code(&done) == 0, "{}", String::from_utf8_lossy(&done.stderr));
        let text = match output.ends_with(".zst") {
            true => String::from_utf8(zstd::decode_all(std::fs::File::open(output)?)?)?,
            false => std::fs::read_to_string(output)?,
        };
        ensure!(json(&done)?["events"] == text.lines().count() as u64, "{done:?}");
        let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let told = lines.iter().filter(|line| line["data"]["kind"] == "export" && line["data"]["name"] == "log");
        ensure!(told.count() == if output == &plain { 1 } else { 2 }, "{text}");
    }
    ensure!(code(&run(&["log", "export", "--output", &plain], there)?) == 1, "it was written over");
    let ordinary = admin.post("/keys", serde_json::json!({"label": "ordinary"})).await?;
    let secret = ordinary["secret"].as_str().unwrap_or_default();
    let refused = run(&["log", "export", "--output", &file("none")], &[there[0], ("COUNTERSIGN_KEY", secret)])?;
    ensure!(code(&refused) == 1 && !folder.path().join("none").exists(), "{refused:?}");

    let online = admin.ask(Method::GET, "/log/export", None).await?;
    server.stop()?;
    let (data, same) = (server.data().to_string_lossy().into_owned(), file("same.jsonl"));
    ensure!(code(&run(&["log", "export", "--output", &same, "--data", &data], &[])?) == 0);
    ensure!(std::fs::read(&same)?.starts_with(&online.bytes), "one line of the log is two");
    ensure!(std::fs::read_dir(folder.path())?.count() == 3, "something was left behind");
    Ok(())
}

#[tokio::test]
async fn digests_agree_between_a_running_service_and_its_directory() -> Result<()> {
    let mut server = Server::start()?;
    let url = server.url().to_owned();
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let online = json(&run(&["projections", "digest", "--json"], there)?)?;
    ensure!(code(&run(&["projections", "list"], there)?) == 0);
    ensure!(json(&run(&["projections", "rebuild", "--json"], there)?)?["equal"] == true);
    let data = server.data().to_string_lossy().into_owned();
    server.stop()?;
    let offline = json(&run(&["projections", "digest", "--json", "--data", &data], &[])?)?;
    ensure!(online["items"] == offline["items"], "{online} {offline}");
    Ok(())
}

#[test]
fn the_configuration_is_printed_without_secrets() -> Result<()> {
    let there: &[(&str, &str)] =
        &[("COUNTERSIGN_NATS", "nats://ann:s3cret@broker:4222"), ("COUNTERSIGN_ADMIN_KEY", "a-secret-of-the-test")];
    let printed = run(&["serve", "--print-config", "--listen", "127.0.0.1:1234"], there)?;
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    ensure!(code(&printed) == 0 && text.contains("127.0.0.1:1234") && text.contains("broker:4222"), "{text}");
    ensure!(!text.contains("s3cret") && !text.contains("a-secret"), "{text}");
    Ok(())
}
