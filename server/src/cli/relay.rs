//! `countersign relay`.

use serde_json::json;

use super::broker::ToBroker;
use super::output::{Failure, fact};
use crate::relay::stream;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Throw GOVERN_EVENTS and GOVERN_APPROVALS away; the service makes them anew and publishes its whole log
    Recreate {
        #[command(flatten)]
        to: ToBroker,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    let Command::Recreate { to, json } = command;
    let broker = to.connect("countersign-relay-recreate").await?;
    let thrown_away = stream::throw_away(&broker).await?;
    let (events, approvals) = (stream::EVENTS, stream::APPROVALS);
    let told = json!({"recreated": [events, approvals], "messages": thrown_away});
    let words = format!("{events} and {approvals} are gone, with {thrown_away} messages; the service makes them anew");
    fact(json, &told, words);
    Ok(())
}
