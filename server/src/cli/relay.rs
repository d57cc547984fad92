//! `countersign relay`.

use countersign_ingest::Broker;
use serde_json::json;

use super::output::{Failure, fact};
use crate::admission::Given;
use crate::relay::stream;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Throw GOVERN_EVENTS and GOVERN_APPROVALS away; the service makes them anew and publishes its whole log
    Recreate {
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
    let Command::Recreate { nats, admission, json } = command;
    let admission = admission.admission().map_err(|error| Failure::Usage(error.into()))?;
    let broker = Broker::connect_with(&admission, &nats, "countersign-relay-recreate").await;
    let broker = broker.map_err(|error| Failure::Usage(error.into()))?;
    let thrown_away = stream::throw_away(&broker).await?;
    let (events, approvals) = (stream::EVENTS, stream::APPROVALS);
    let told = json!({"recreated": [events, approvals], "messages": thrown_away});
    let words = format!("{events} and {approvals} are gone, with {thrown_away} messages; the service makes them anew");
    fact(json, &told, words);
    Ok(())
}
