//! `countersign ingest`.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign_ingest::{Broker, publish};
use serde_json::json;
use tokio::io::BufReader;

use super::output::{Failure, fact};
use crate::admission::Given;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Publish sync messages from a file of JSON lines
    Publish {
        /// The file; - is standard input
        file: PathBuf,
        /// The NATS server
        #[arg(long, env = "COUNTERSIGN_NATS", value_name = "URL", hide_env_values = true)]
        nats: String,
        /// How NATS lets us in
        #[command(flatten)]
        admission: Given,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    let Command::Publish { file, nats, admission, json } = command;
    let admission = admission.admission().map_err(|error| Failure::Usage(error.into()))?;
    let broker = Broker::connect_with(&admission, &nats, "countersign-publish").await;
    let broker = broker.map_err(|error| Failure::Usage(error.into()))?;
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
