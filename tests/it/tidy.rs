//! The layout and the direction of dependencies, as tests.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null and never panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Most lines of a Rust file; a longer one stands in [`LONGER_FILES`] with its reason.
const FILE_LINES_MAX: usize = 400;

/// Files that may be longer, each with its reason.
const LONGER_FILES: &[(&str, &str)] = &[];

/// Which of our packages each package may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("countersign-core", &[]),
    ("countersign-engine", &["countersign-core"]),
    ("countersign-projections", &["countersign-core", "countersign-engine"]),
    ("countersign-ingest", &["countersign-core", "countersign-engine"]),
    (
        "countersign-server",
        &["countersign-core", "countersign-engine", "countersign-ingest", "countersign-projections"],
    ),
];

/// What the core must stay free of.
const NOT_IN_CORE: &[&str] = &["tokio", "sled", "async-nats", "axum", "tracing", "rand", "getrandom", "reqwest"];

/// What the root may hold besides dotfiles.
const ROOT: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "core",
    "ingest",
    "projections",
    "rust-toolchain.toml",
    "server",
    "tests",
];

fn root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the tests lie in the root")?.to_owned())
}

fn metadata() -> Result<serde_json::Value> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root()?)
        .output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The dependencies of every package, those for its tests left out.
fn dependencies() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().context("packages")?;
    Ok(packages
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().into_iter().flatten();
            (text(&package["name"]), used.filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect())
        })
        .collect())
}

/// Every Rust file of the project, by its path from the root.
fn sources() -> Result<Vec<(String, String)>> {
    let root = root()?;
    let mut folders: Vec<PathBuf> =
        ["core", "projections", "ingest", "server", "tests", "benches"].iter().map(|name| root.join(name)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                let is_build = path.file_name().is_some_and(|name| name == "target" || name == "node_modules");
                if !is_build {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root)?.to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn packages_depend_on_each_other_in_one_direction_only() -> Result<()> {
    let dependencies = dependencies()?;
    for (package, allowed) in EDGES {
        let used = dependencies.get(*package).with_context(|| format!("{package} is in the workspace"))?;
        for name in used.iter().filter(|name| name.starts_with("countersign-")) {
            ensure!(allowed.contains(&name.as_str()), "{package} must not depend on {name}");
        }
    }
    Ok(())
}

#[test]
fn the_core_is_free_of_clocks_io_and_async() -> Result<()> {
    let dependencies = dependencies()?;
    let used = dependencies.get("countersign-core").context("the core is in the workspace")?;
    for name in NOT_IN_CORE {
        ensure!(!used.contains(*name), "core must not depend on {name}");
    }
    let is_pure = |file: &str| file.starts_with("core/src/") && !file.contains("/tests");
    for (file, text) in sources()?.iter().filter(|(file, _)| is_pure(file)) {
        for clock in
            ["SystemTime::now", "Instant::now", "Timestamp::now", "Uuid::new_v", "Uuid::now_v", "std::fs", "std::net"]
        {
            ensure!(!text.contains(clock), "{file} uses {clock}");
        }
    }
    Ok(())
}

#[test]
fn only_the_engine_names_sled_and_only_ingest_and_relay_name_nats() -> Result<()> {
    for (file, text) in sources()? {
        let is_product = !file.starts_with("tests/") && !file.starts_with("benches/");
        if is_product && !file.starts_with("core/engine/") {
            ensure!(!text.contains("sled::"), "{file} names sled");
        }
        if is_product && !file.starts_with("ingest/") && !file.starts_with("server/src/relay/") {
            ensure!(!text.contains("async_nats::"), "{file} names async-nats");
        }
    }
    Ok(())
}

#[test]
fn no_file_is_longer_than_it_should_be_without_a_reason() -> Result<()> {
    let too_long: Vec<String> = sources()?
        .into_iter()
        .map(|(file, text)| (text.lines().count(), file))
        .filter(|(lines, file)| *lines > FILE_LINES_MAX && !LONGER_FILES.iter().any(|(name, _)| name == file))
        .map(|(lines, file)| format!("{file}: {lines}"))
        .collect();
    ensure!(too_long.is_empty(), "split these or give a reason: {too_long:?}");
    Ok(())
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() -> Result<()> {
    let marks = [concat!("#[ig", "nore"), concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("FIX", "ME")];
    for (file, text) in sources()? {
        for mark in marks {
            ensure!(!text.contains(mark), "{file} holds {mark}");
        }
    }
    Ok(())
}

#[test]
fn the_root_holds_what_the_layout_says_and_nothing_else() -> Result<()> {
    let root = root()?;
    let output = std::process::Command::new("git").args(["ls-files"]).current_dir(&root).output()?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let tracked = String::from_utf8(output.stdout)?;
    let names: BTreeSet<&str> =
        tracked.lines().filter_map(|path| path.split('/').next()).filter(|name| !name.starts_with('.')).collect();
    let expected: BTreeSet<&str> = ROOT.iter().copied().collect();
    ensure!(names == expected, "the root holds {names:?}");
    Ok(())
}

#[test]
fn the_catalogue_of_decisions_is_numbered_without_gaps() -> Result<()> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(root()?.join("core/docs/adr"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        numbers.push(name.get(..4).context("four digits")?.parse::<usize>()?);
    }
    numbers.sort_unstable();
    ensure!(numbers.iter().copied().eq(1..=numbers.len()), "decision records are numbered {numbers:?}");
    Ok(())
}
