//! The command line on whole logs: taken out, made again elsewhere, replayed; people without a service; the relay's streams.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::nats::NatsServer;
use countersign_tests::server::{ADMIN_KEY, Api, Options, Server, run};
use reqwest::Method;
use serde_json::{Value, json};

/// Nothing takes this long, except when it hangs.
const TIME_MAX: Duration = Duration::from_secs(60);

fn done(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Value> {
    let output = run(arguments, environment)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {} {said}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("{arguments:?}: {said}"))
}

fn code(arguments: &[&str]) -> Result<i32> {
    Ok(run(arguments, &[])?.status.code().unwrap_or(-1))
}

#[tokio::test]
async fn an_imported_log_is_equal_and_serves_with_a_new_key() -> Result<()> {
    let mut server = Server::start()?;
    let made =
        server.admin().post("/items", json!({"blueprintId": "bp.system.business_initiative", "name": "x"})).await?;
    server.stop()?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (data, file) = (server.data().to_string_lossy().into_owned(), path("log.jsonl.zst"));
    done(&["log", "export", "--output", &file, "--json", "--data", &data], &[])?;
    let new = path("new");
    let told = done(&["log", "import", &file, "--data", &new, "--json"], &[])?;
    for command in [["log", "verify"], ["projections", "digest"]] {
        let of = |data: &str| done(&[&command[..], &["--json", "--data", data]].concat(), &[]);
        ensure!(of(&new)? == of(&data)?, "{command:?}");
    }
    ensure!(told["leaves"] == done(&["log", "verify", "--json", "--data", &new], &[])?["leaves"], "{told}");
    ensure!(code(&["log", "import", &file, "--data", &new])? == 1, "a log was replaced");
    let key = done(&["key", "create", "--label", "new", "--admin", "--json", "--data", &new], &[])?;

    // The new directory takes the old one's place.
    let old = server.data().to_path_buf();
    std::fs::rename(&old, path("old"))?;
    std::fs::rename(&new, &old)?;
    server.restart()?;
    let admin = Api::new(server.url(), key["secret"].as_str().unwrap_or_default());
    let id = made["id"].as_str().unwrap_or_default();
    ensure!(admin.get(&format!("/items/{id}")).await?["name"] == "x");
    server.admin().refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn an_export_that_is_not_whole_becomes_no_log() -> Result<()> {
    let mut server = Server::start()?;
    server.stop()?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (data, file, new) = (server.data().to_string_lossy().into_owned(), path("log.jsonl"), path("new"));
    done(&["log", "export", "--output", &file, "--json", "--data", &data], &[])?;
    let text = std::fs::read_to_string(&file)?;
    let without: Vec<&str> = text.lines().enumerate().filter(|(n, _)| *n != 5).map(|(_, line)| line).collect();
    std::fs::write(&file, without.join("\n"))?;
    let refused = run(&["log", "import", &file, "--data", &new, "--json"], &[])?;
    let said: Value = serde_json::from_slice(&refused.stdout)?;
    ensure!(refused.status.code() == Some(3) && said["code"] == "event_misplaced", "{refused:?}");
    ensure!(std::fs::read_dir(&new)?.next().is_none(), "something was left behind");
    std::fs::write(&file, "")?;
    ensure!(
        code(&["log", "import", &file, "--data", &new])? == 1
            && code(&["log", "import", "/none", "--data", &new])? == 1
    );
    Ok(())
}

#[tokio::test]
async fn an_items_history_and_its_state_then_are_the_same_from_a_service_and_from_its_directory() -> Result<()> {
    let mut server = Server::start()?;
    let (url, admin) = (server.url().to_owned(), server.admin());
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let data = server.data().to_string_lossy().into_owned();
    let made = admin.post("/items", json!({"blueprintId": "bp.system.business_initiative", "name": "one"})).await?;
    let (id, position) = (made["id"].as_str().unwrap_or_default().to_owned(), made["position"].to_string());
    admin.patch(&format!("/items/{id}"), json!({"name": "two"})).await?;
    let (now, then) = (["audit", "replay", &id, "--json"], ["audit", "replay", &id, "--json", "--at", &position]);
    let online = [done(&now, there)?, done(&then, there)?];
    ensure!(online[0]["item"]["name"] == "two" && online[1]["item"]["name"] == "one", "{online:?}");
    ensure!(online.iter().map(|found| found["events"].as_array().map_or(0, Vec::len)).eq([2, 1]), "{online:?}");
    admin.delete(&format!("/items/{id}")).await?;
    server.stop()?;
    let then = done(&[&then[..], &["--data", &data]].concat(), &[])?;
    ensure!(then == online[1], "{then} {}", online[1]);
    let deleted = done(&[&now[..], &["--data", &data]].concat(), &[])?;
    ensure!(deleted["item"].is_null() && deleted["events"][2]["type"] == "ItemDeleted", "{deleted}");
    ensure!(code(&["audit", "replay", "ar.9999", "--data", &data])? == 1);
    ensure!(code(&["audit", "replay", &id, "--at", "999999", "--data", &data])? == 1);
    Ok(())
}

#[tokio::test]
async fn people_are_made_listed_disabled_and_let_in_again_offline_and_over_http() -> Result<()> {
    let mut server = Server::start()?;
    let url = server.url().to_owned();
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let data = server.data().to_string_lossy().into_owned();
    let folder = tempfile::tempdir()?;
    let password = folder.path().join("password").to_string_lossy().into_owned();
    std::fs::write(&password, "correct horse battery\n")?;
    let create = |login| {
        [
            "user",
            "create",
            login,
            "--name",
            "Some One",
            "--group",
            "contributors",
            "--password-file",
            &password,
            "--json",
        ]
    };
    let online = done(&create("ana"), there)?;
    ensure!(online["login"] == "ana" && online["groups"] == json!(["contributors"]), "{online}");
    ensure!(done(&["user", "disable", "ana", "--json"], there)?["enabled"] == false);
    server.admin().acting_as("ana").refused(Method::GET, "/me", None, 401, "proxy_user_unknown").await?;
    server.stop()?;
    let offline = |arguments: &[&str]| done(&[arguments, &["--data", &data]].concat(), &[]);
    ensure!(offline(&create("bo"))?["displayName"] == "Some One");
    offline(&["user", "enable", "ana", "--json"])?;
    offline(&["user", "disable", "bo", "--json"])?;
    let listed = offline(&["user", "list", "--json"])?;
    let listed: Vec<_> =
        listed.as_array().context("people")?.iter().map(|one| (&one["login"], &one["enabled"])).collect();
    ensure!(listed == [(&json!("ana"), &json!(true)), (&json!("bo"), &json!(false))], "{listed:?}");
    ensure!(
        code(&["user", "create", "ana", "--data", &data])? == 1
            && code(&["user", "disable", "cy", "--data", &data])? == 1
    );
    server.restart()?;
    let body = json!({"login": "ana", "password": "correct horse battery"});
    ensure!(server.admin().without_key().post("/session", body).await?["user"]["login"] == "ana");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_foreign_streams_up_and_the_log_that_is_there_takes_their_place() -> Result<()> {
    let nats = NatsServer::start()?;
    let options = Options { nats: Some(nats.url()), ..Options::default() };
    let mut before = Server::start_with(options.clone())?;
    ready(&before, 200, "").await?;
    before.stop()?;
    let after = Server::start_with(options)?;
    ready(&after, 503, "relay_stream_foreign").await?;
    let told = done(&["relay", "recreate", "--nats", &nats.url(), "--json"], &[])?;
    ensure!(told["messages"].as_u64() > Some(0), "{told}");
    ready(&after, 200, "").await?;
    let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await?);
    let stream = jetstream.get_stream("GOVERN_EVENTS").await?;
    // The relay is ready as soon as there is a stream; what it holds comes right after that.
    let told = async {
        loop {
            if let Ok(first) = stream.get_raw_message(1).await {
                return first;
            }
            tokio::task::yield_now().await;
        }
    };
    let first = tokio::time::timeout(TIME_MAX, told).await.context("the first event is never told")?;
    let event = after.admin().get("/events?limit=1").await?["items"][0].clone();
    let told: Value = serde_json::from_slice(&first.payload)?;
    ensure!(first.subject.as_str() == "govern.events.log.-.log_created" && told["id"] == event["id"], "{told} {event}");
    ensure!(code(&["relay", "recreate", "--nats", "not an address"])? == 2);
    Ok(())
}

/// Until the service says so.
async fn ready(server: &Server, status: u16, reason: &str) -> Result<()> {
    let admin = server.admin();
    let asking = async {
        loop {
            let answer = admin.ask(Method::GET, "//readyz", None).await?;
            if answer.status == status && String::from_utf8_lossy(&answer.bytes).contains(reason) {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIME_MAX, asking).await.with_context(|| format!("never {status} {reason}"))?
}
