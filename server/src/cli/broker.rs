//! The NATS server as the command line reaches it.

use countersign_ingest::Broker;

use super::output::Failure;
use crate::admission::Given;

/// Which one, and how it lets us in.
#[derive(Debug, clap::Args)]
pub(super) struct ToBroker {
    /// The NATS server
    #[arg(long, env = "COUNTERSIGN_NATS", value_name = "URL", hide_env_values = true)]
    nats: String,
    /// How NATS lets us in
    #[command(flatten)]
    admission: Given,
}

impl ToBroker {
    /// Connects under this name.
    pub(super) async fn connect(self, name: &str) -> Result<Broker, Failure> {
        let admission = self.admission.admission().map_err(|error| Failure::Usage(error.into()))?;
        Broker::connect_with(&admission, &self.nats, name).await.map_err(|error| Failure::Usage(error.into()))
    }
}
