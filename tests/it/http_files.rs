//! Uploads and downloads.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Result, ensure};
use countersign_tests::server::{Options, Server, problem};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_file_comes_back_byte_for_byte_as_an_attachment_that_runs_nowhere() -> Result<()> {
    let mut server = Server::start()?;
    let admin = server.admin();
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).take(3_000_001).collect();
    let uploaded = admin.upload("réquirements \"1\".html", bytes.clone()).await?;
    ensure!(uploaded.status == 201, "{}", uploaded.json());
    let (uploaded, id) = (uploaded.json(), uploaded.json()["id"].as_str().unwrap_or_default().to_owned());
    ensure!(uploaded["size"] == 3_000_001 && uploaded["name"] == "réquirements \"1\".html", "{uploaded}");
    server.kill()?;
    server.restart()?;
    let admin = server.admin();
    let described = admin.get(&format!("/files/{id}")).await?;
    ensure!(described["sha256"] == uploaded["sha256"] && described["size"] == 3_000_001, "{described}");
    let content = admin.ask(Method::GET, &format!("/files/{id}/content"), None).await?;
    ensure!(content.bytes == bytes, "other bytes");
    ensure!(content.header("content-disposition").starts_with("attachment"), "{:?}", content.headers);
    ensure!(content.header("x-content-type-options") == "nosniff", "{:?}", content.headers);
    ensure!(content.header("content-security-policy").contains("sandbox"), "{:?}", content.headers);
    Ok(())
}

#[tokio::test]
async fn a_file_beyond_the_bound_and_a_form_without_one_are_refused() -> Result<()> {
    let arguments = vec!["--upload-bytes-max".to_owned(), "1000".to_owned()];
    let server = Server::start_with(Options { arguments, ..Options::default() })?;
    let admin = server.admin();
    ensure!(admin.upload("fits", vec![b'x'; 1000]).await?.status == 201);
    problem(&admin.upload("large", vec![b'x'; 1001]).await?, 413, "file_too_large")?;
    problem(&admin.upload("", vec![b'x'; 10]).await?, 422, "name_invalid")?;
    let form = reqwest::multipart::Form::new().text("other", "x");
    let answer = admin.send(admin.request(Method::POST, "/files").multipart(form)).await?;
    problem(&answer, 422, "missing_field")?;
    let answer = admin.ask(Method::POST, "/files", Some(&json!({}))).await?;
    problem(&answer, 400, "multipart_malformed")?;
    Ok(())
}

#[tokio::test]
async fn another_persons_unused_file_does_not_exist() -> Result<()> {
    let server = Server::start()?;
    let admin = server.admin();
    for login in ["ana", "bo"] {
        admin.post("/users", json!({"login": login, "groups": ["contributors"]})).await?;
    }
    let uploaded = admin.acting_as("ana").upload("secret.txt", b"x".to_vec()).await?.json();
    let path = format!("/files/{}", uploaded["id"].as_str().unwrap_or_default());
    admin.acting_as("ana").get(&path).await?;
    admin.acting_as("bo").refused(Method::GET, &path, None, 404, "not_found").await?;
    Ok(())
}
