//! Copies of a whole service: made while it serves and while it does not, and made into a service again.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{ADMIN_KEY, Api, Server, run};
use reqwest::Method;
use serde_json::Value;

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn done(output: &Output) -> Result<Value> {
    ensure!(code(output) == 0, "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A service with a file that an item holds and one that was deleted.
async fn filled() -> Result<(Server, PathBuf)> {
    let server = Server::start()?;
    let admin = server.admin();
    for bytes in ["evidence", "deleted"] {
        ensure!(admin.upload("a.txt", bytes.into()).await?.status == 201);
    }
    let deleted = admin.ask(Method::DELETE, "//dip/publicapi/uploaded-file/uf.2", None).await?;
    ensure!(deleted.status.is_success(), "{}", deleted.json());
    let data = server.data().to_path_buf();
    Ok((server, data))
}

/// The server goes on with this directory in the place of its own.
fn serve(server: &mut Server, restored: &Path) -> Result<()> {
    let own = server.data().to_path_buf();
    std::fs::rename(&own, own.with_extension("before"))?;
    std::fs::rename(restored, &own)?;
    server.restart()
}

#[tokio::test]
async fn a_copy_of_a_running_service_is_restored_with_its_files_and_without_its_secrets() -> Result<()> {
    let (mut server, _) = filled().await?;
    let url = server.url().to_owned();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (copy, new) = (path("copy"), path("new"));
    let there: &[(&str, &str)] = &[("COUNTERSIGN_URL", &url), ("COUNTERSIGN_KEY", ADMIN_KEY)];
    let made = done(&run(&["backup", &copy, "--json"], there)?)?;
    ensure!(made["files"] == 2 && made["secrets"] == false, "{made}");
    ensure!(code(&run(&["backup", &copy], there)?) == 1, "a copy was written over");
    ensure!(code(&run(&["backup", &path("other"), "--secrets"], there)?) == 2);
    let position = made["events"].as_u64().context("a position")?;
    let before = server.admin().get("/items").await?["items"].clone();
    server.stop()?;
    let restored = done(&run(&["restore", &copy, "--data", &new, "--json"], &[])?)?;
    ensure!(restored["events"] == position && restored["files"] == 2, "{restored}");
    ensure!(code(&run(&["restore", &copy, "--data", &new], &[])?) == 1, "a data directory was written over");
    let verified = done(&run(&["log", "verify", "--json", "--data", &new], &[])?)?;
    ensure!(verified["leaves"] == restored["leaves"] && verified["events"] == position, "{verified}");
    let key = done(&run(&["key", "create", "--label", "new", "--admin", "--json", "--data", &new], &[])?)?;
    serve(&mut server, Path::new(&new))?;
    let admin = Api::new(server.url(), key["secret"].as_str().unwrap_or_default());
    ensure!(admin.ask(Method::GET, "/files/uf.1/content", None).await?.bytes == b"evidence");
    ensure!(before[0].is_object() && admin.get("/items").await?["items"] == before);
    server.admin().refused(Method::GET, "/me", None, 401, "key_unknown").await?;
    Ok(())
}

#[tokio::test]
async fn a_copy_with_secrets_lets_in_who_was_let_in() -> Result<()> {
    let (mut server, data) = filled().await?;
    let (data, folder) = (data.to_string_lossy().into_owned(), tempfile::tempdir()?);
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (copy, new) = (path("copy"), path("new"));
    ensure!(code(&run(&["backup", &copy, "--data", &data], &[])?) == 1, "the directory is in use");
    server.stop()?;
    let before = done(&run(&["log", "verify", "--json", "--data", &data], &[])?)?;
    done(&run(&["backup", &copy, "--secrets", "--json", "--data", &data], &[])?)?;
    let restored = done(&run(&["restore", &copy, "--data", &new, "--json"], &[])?)?;
    ensure!(restored["secrets"] == true && restored["leaves"] == before["leaves"], "{restored} {before}");
    serve(&mut server, Path::new(&new))?;
    ensure!(server.admin().ask(Method::GET, "/files/uf.1/content", None).await?.bytes == b"evidence");
    Ok(())
}

#[tokio::test]
async fn a_copy_with_a_changed_or_missing_file_or_event_is_not_restored() -> Result<()> {
    let (mut server, data) = filled().await?;
    server.stop()?;
    let (data, folder) = (data.to_string_lossy().into_owned(), tempfile::tempdir()?);
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (copy, new) = (path("copy"), path("new"));
    done(&run(&["backup", &copy, "--json", "--data", &data], &[])?)?;
    let refused = |wanted: &str| {
        let output = run(&["restore", &copy, "--data", &new, "--json"], &[])?;
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        ensure!(code(&output) == 3 && said["code"] == wanted, "{output:?}");
        ensure!(std::fs::read_dir(folder.path())?.count() == 1, "something was left behind");
        Ok(())
    };
    let file = first_file(&folder.path().join("copy/files"))?;
    let bytes = std::fs::read(&file)?;
    std::fs::write(&file, [&bytes[1..], b"?"].concat())?;
    refused("file_changed")?;
    std::fs::remove_file(&file)?;
    refused("file_missing")?;
    std::fs::write(&file, bytes)?;
    let log = folder.path().join("copy/log.jsonl.zst");
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(&log)?)?)?;
    let last = text.trim_end().rfind('\n').context("lines")?;
    let without_second = text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| line);
    let without_second = without_second.collect::<Vec<_>>().join("\n");
    std::fs::write(&log, zstd::encode_all(without_second.as_bytes(), 1)?)?;
    refused("event_misplaced")?;
    std::fs::write(&log, zstd::encode_all(&text.as_bytes()[..last + 40], 1)?)?;
    refused("export_line_invalid")?;
    std::fs::write(&log, zstd::encode_all(text.as_bytes(), 1)?)?;
    done(&run(&["restore", &copy, "--data", &new, "--json"], &[])?)?;
    ensure!(code(&run(&["restore", &path("none"), "--data", &path("x")], &[])?) == 1);
    Ok(())
}

fn first_file(folder: &Path) -> Result<PathBuf> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            return Ok(path);
        }
        if let Ok(found) = first_file(&path) {
            return Ok(found);
        }
    }
    anyhow::bail!("no file in {}", folder.display())
}
