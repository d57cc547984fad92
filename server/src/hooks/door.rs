//! How a script asks the service: over a connection that was handed to it, with a key that dies with it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Request};
use countersign_core::context::Caller;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What marks a script's requests: they may ask, not change. From outside it only takes from whoever sends it.
pub const FROM_SCRIPT: HeaderName = HeaderName::from_static("govern-from-script");

/// Scripts that are running, by their keys.
#[derive(Debug, Clone, Default)]
pub struct Guests(Arc<Mutex<HashMap<String, Caller>>>);

impl Guests {
    /// A script asks on behalf of whoever caused the change, until the guest is dropped.
    #[must_use]
    pub fn admit(&self, caller: &Caller) -> Guest {
        let key = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        self.lock().insert(key.clone(), caller.clone());
        Guest { guests: self.clone(), key }
    }

    /// For whom the holder of this key asks.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Caller> {
        self.lock().get(key).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Caller>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One running script.
#[derive(Debug)]
pub struct Guest {
    guests: Guests,
    key: String,
}

impl Guest {
    /// What it shows the service.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.lock().remove(&self.key);
    }
}

/// The script's end of a connection to these routes. It is served until the script closes it, which it does by ending.
pub(super) fn open(routes: Router, stopping: &CancellationToken) -> io::Result<OwnedFd> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let ours = UnixStream::from_std(ours)?;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        request.headers_mut().insert(FROM_SCRIPT, HeaderValue::from_static("1"));
        let routes = routes.clone();
        async move { Ok::<_, Infallible>(routes.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let stopping = stopping.clone();
    tokio::spawn(async move {
        let connection = http1::Builder::new().serve_connection(TokioIo::new(ours), service);
        if let Some(Err(error)) = stopping.run_until_cancelled(connection).await {
            tracing::debug!(%error, "the connection of a script ended");
        }
    });
    Ok(theirs.into())
}
