//! The authorization matrix: every route × every kind of caller, against the table in `fixtures/authorization.tsv`.
//!
//! A row is one route with a request that succeeds for whoever is entitled; a cell is the status that one identity gets,
//! `ok` for any 2xx. A route without a row fails the test, and a row without a route too. `COUNTERSIGN_WRITE_MATRIX=1`
//! writes the statuses as they are into the table, for a person to look over.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use countersign_server::http::root_paths;
use countersign_server::publicapi;
use countersign_tests::server::Api;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use world::{IDENTITIES, World};

/// What a cell says of any success.
const ENTITLED: &str = "ok";
/// Method, path, target, body, then one column per identity.
const FIRST_CELL: usize = 4;

/// One route.
struct Row {
    method: Method,
    path: String,
    /// With placeholders, `<project>`.
    target: String,
    body: String,
    cells: Vec<String>,
}

fn table() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/authorization.tsv")
}

fn rows() -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(table())?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.skip(1).map(row).collect()
}

fn row(line: &str) -> Result<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [method, path, target, body, cells @ ..] = columns.as_slice() else { bail!("too few columns: {line}") };
    ensure!(cells.len() == IDENTITIES.len(), "{} cells in {line}", cells.len());
    let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
    let [path, target, body] = [path, target, body].map(|text| (*text).to_owned());
    Ok(Row { method: method.parse()?, path, target, body, cells })
}

/// Every route that the code knows: the native API by its document, the root by its router.
async fn routes(admin: &Api) -> Result<BTreeSet<(String, String)>> {
    let document: Value = admin.ask(Method::GET, "//api/v1/openapi.json", None).await?.json();
    let paths = document["paths"].as_object().context("the document has paths")?;
    let methods = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];
    let mut routes: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, operations) in paths {
        let of = methods.iter().filter(|method| operations[**method].is_object());
        routes.extend(of.map(|method| (method.to_uppercase(), path.clone())));
    }
    routes.extend(root_paths().into_iter().map(|path| ("GET".to_owned(), path.to_owned())));
    // Of the public API what is served: whatever is not asks for no key.
    let public = publicapi::routes::ROUTES.into_iter().chain(publicapi::deployers::DEPLOYER_ROUTES);
    for (method, path) in public {
        let path = format!("{}{path}", publicapi::PREFIX);
        let target = format!("//{}", path.trim_start_matches('/').replace(['{', '}'], ""));
        let refused = admin.without_key().ask(method.parse()?, &target, None).await?;
        if refused.status != StatusCode::NOT_FOUND && refused.status != StatusCode::METHOD_NOT_ALLOWED {
            ensure!(refused.status == StatusCode::UNAUTHORIZED, "{method} {path}: {} without a key", refused.status);
            routes.insert((method.to_owned(), path));
        }
    }
    Ok(routes)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_identity_as_the_matrix_says() -> Result<()> {
    let mut world = World::start().await?;
    let rows = rows()?;
    let known: BTreeSet<(String, String)> = rows.iter().map(|row| (row.method.to_string(), row.path.clone())).collect();
    let routes = routes(&world.admin).await?;
    let missing: Vec<_> = routes.difference(&known).collect();
    ensure!(missing.is_empty(), "routes without a row in {}: {missing:#?}", table().display());
    let gone: Vec<_> = known.difference(&routes).collect();
    ensure!(gone.is_empty(), "rows without a route in {}: {gone:#?}", table().display());
    ensure!(known.len() == rows.len(), "a route has two rows");

    let (mut cells, mut wrong) = (0_usize, String::new());
    let mut found = Vec::new();
    for row in &rows {
        let mut statuses = Vec::new();
        for (number, identity) in IDENTITIES.iter().enumerate() {
            let status =
                world.ask(identity, row).await.with_context(|| format!("{identity}: {} {}", row.method, row.path))?;
            let told = if status.is_success() { ENTITLED.to_owned() } else { status.as_str().to_owned() };
            let expected = row.cells.get(number).map_or("", String::as_str);
            if told != expected {
                writeln!(wrong, "{identity}: {} {}: {told} instead of {expected}", row.method, row.target)?;
            }
            statuses.push(told);
            cells += 1;
        }
        found.push(statuses);
    }
    #[expect(clippy::print_stdout, reason = "the figure of this test")]
    {
        println!("authorization matrix: {} routes × {} identities = {cells} cells", rows.len(), IDENTITIES.len());
    }
    if std::env::var_os("COUNTERSIGN_WRITE_MATRIX").is_some() {
        write(&found)?;
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

fn write(found: &[Vec<String>]) -> Result<()> {
    let text = std::fs::read_to_string(table())?;
    let mut found = found.iter();
    let mut written = String::new();
    for line in text.lines() {
        let is_row = !line.starts_with('#') && !line.starts_with("method\t") && !line.trim().is_empty();
        match is_row.then(|| found.next()).flatten() {
            Some(statuses) => {
                let kept: Vec<&str> = line.split('\t').take(FIRST_CELL).collect();
                writeln!(written, "{}\t{}", kept.join("\t"), statuses.join("\t"))?;
            }
            None => writeln!(written, "{line}")?,
        }
    }
    Ok(std::fs::write(table(), written)?)
}
