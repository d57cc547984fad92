//! Where a request came from: the network address at the other end of its connection.
//!
//! Behind a proxy that is the proxy's address; headers that claim another one are not believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use countersign_core::audit::{Command, is_known_from};
use countersign_core::context::Caller;
use countersign_core::ids::CorrelationId;

use crate::api::ask::wait;
use crate::app::App;
use crate::auth;

tokio::task_local! {
    static ADDRESS: Option<IpAddr>;
}

/// Remembers the address for whatever handles the request, and tells the log of a key that comes from a new one.
pub async fn noted(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| network(peer.ip()));
    if let Some(address) = peer {
        note_key(&app, request.headers(), address).await;
    }
    ADDRESS.scope(peer, next.run(request)).await
}

/// The address that the request being handled came from; unknown outside of one.
#[must_use]
pub fn address() -> Option<IpAddr> {
    ADDRESS.try_with(|address| *address).ok().flatten()
}

/// What counts as one address: of IPv6 the network, within which a single machine may choose freely.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

// Once per key and address, so the request may wait for it; it is answered also when the log could not be told.
async fn note_key(app: &App, headers: &HeaderMap, address: IpAddr) {
    let latest = app.latest();
    let Some(key) = auth::key_in(app, &latest.state, headers) else { return };
    let address = address.to_string();
    if is_known_from(&latest.state, key, &address) {
        return;
    }
    let command = Command::NoteKey { key, address: address.into() };
    let caller = Caller::system(CorrelationId(uuid::Uuid::new_v4()));
    match app.engine.submit(command.into(), caller).await {
        Ok(receipt) => drop(wait(app, receipt.position).await),
        Err(error) => tracing::warn!(code = error.code(), %key, "the use of a key from a new address is not told"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_chooses_among_its_own_addresses_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::9"));
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
