//! The tutorial, played by itself: every step is done through the real doors and its outcome is checked.

mod arrive;
mod govern;
mod keep;
mod signoff;

use std::path::Path;

use anyhow::Result;

use super::api::Api;
use super::parts::{NatsServer, Service};
use super::verdicts::Verdicts;

/// The person who plays all parts.
pub(super) const ANA: &str = "ana";

/// What the steps hand on to each other.
pub(super) struct Stage<'a> {
    pub(super) data: &'a Path,
    pub(super) nats: &'a NatsServer,
    pub(super) admin: Api,
    pub(super) ana: Api,
    pub(super) verdicts: Verdicts,
    steps: u32,
}

impl Stage<'_> {
    /// Prints a step that has been seen to work.
    pub(super) fn seen(&mut self, what: &str) {
        self.steps += 1;
        super::say(&format!("{:>3}  {what}", self.steps));
    }
}

/// Plays the whole tutorial; the service is killed and started again on the way.
pub(super) async fn play(data: &Path, nats: &NatsServer, service: Service, admin: Api) -> Result<()> {
    let verdicts = Verdicts::subscribe(&nats.url).await?;
    let ana = admin.acting_as(ANA);
    let mut stage = Stage { data, nats, admin, ana, verdicts, steps: 0 };
    let fraud = arrive::arrive(&mut stage).await?;
    let governed = govern::govern(&mut stage, &fraud).await?;
    govern::govern_one_version(&mut stage).await?;
    signoff::first_cycle(&mut stage, &governed).await?;
    signoff::second_cycle(&mut stage, &governed).await?;
    keep::look_back(&mut stage, &governed).await?;
    keep::survive(&mut stage, service, &governed).await
}
