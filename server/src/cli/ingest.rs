//! `countersign ingest`.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign_ingest::publish;
use serde_json::json;
use tokio::io::BufReader;

use super::broker::ToBroker;
use super::output::{Failure, fact};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Publish sync messages from a file of JSON lines
    Publish {
        /// The file; - is standard input
        file: PathBuf,
        #[command(flatten)]
        to: ToBroker,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    let Command::Publish { file, to, json } = command;
    let broker = to.connect("countersign-publish").await?;
    let published = if file.as_os_str() == "-" {
        publish(&broker, BufReader::new(tokio::io::stdin())).await?
    } else {
        let opened = tokio::fs::File::open(&file).await.with_context(|| format!("opening {}", file.display()))?;
        publish(&broker, BufReader::new(opened)).await?
    };
    let told = json!({"messages": published.messages, "duplicates": published.duplicates});
    let words = format!("{} messages published, {} of them known already", published.messages, published.duplicates);
    fact(json, &told, words);
    Ok(())
}
