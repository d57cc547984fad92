//! The streams that ingest needs, created when absent and otherwise left as an operator made them.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::CreateStreamError;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};

/// Where nodes publish.
pub const SYNC: &str = "GOVERN_SYNC";
/// What lies in [`SYNC`].
pub const SYNC_SUBJECTS: &str = "govern.sync.>";
/// Where messages go that can never be taken in.
pub const DEAD: &str = "GOVERN_DEAD";
/// What lies in [`DEAD`]: `govern.dead.<reason>`.
pub const DEAD_SUBJECTS: &str = "govern.dead.>";

/// The stream of sync messages.
pub async fn sync(context: &Context) -> Result<Stream, CreateStreamError> {
    context.get_or_create_stream(stream(SYNC, SYNC_SUBJECTS, "Sync messages of nodes, for Countersign")).await
}

/// The stream of dead letters.
pub async fn dead(context: &Context) -> Result<Stream, CreateStreamError> {
    let what = "Sync messages that Countersign can never take in, each with its reason";
    context.get_or_create_stream(stream(DEAD, DEAD_SUBJECTS, what)).await
}

fn stream(name: &str, subjects: &str, description: &str) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subjects.to_owned()],
        description: Some(description.to_owned()),
        storage: StorageType::File,
        // A full stream refuses the newest, which its publisher then still holds, instead of dropping the oldest.
        discard: DiscardPolicy::New,
        num_replicas: 1,
        allow_direct: true,
        ..Config::default()
    }
}
