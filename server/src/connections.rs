//! Connections: taken one by one, with TLS when it is configured, bounded in number and patience, ended gracefully.
//!
//! HTTP/1.1. What is served is `http`'s concern; here nothing knows a route.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::shutdown::FINISH_SECONDS_MAX;

/// Most connections at the same time; more wait to be taken.
const CONNECTIONS_MAX: usize = 4096;
/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to send the head of a request, and a connection may stay idle.
const HEAD_TIME_MAX: Duration = Duration::from_secs(60);
/// Most bytes of a request's head that are read; `http` refuses far fewer in words.
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// The pause after the system refused to give a connection: too many files are open, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopping`, then finishes what runs.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router, stopping: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut tasks = JoinSet::new();
    loop {
        let Some(place) = stopping.run_until_cancelled(Arc::clone(&places).acquire_owned()).await else { break };
        let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        let door = Door { router: router.clone(), peer, watcher: graceful.watcher(), stopping: stopping.clone() };
        let tls = tls.clone();
        tasks.spawn(async move {
            door.open(stream, tls).await;
            drop(place);
        });
        while tasks.try_join_next().is_some() {}
    }
    drop(listener);
    let finishing = async {
        graceful.shutdown().await;
        while tasks.join_next().await.is_some() {}
    };
    if tokio::time::timeout(Duration::from_secs(FINISH_SECONDS_MAX), finishing).await.is_err() {
        tracing::warn!("requests that did not finish in time are cut off");
    }
}

/// A client that went away before it was taken is nobody's trouble; a system without files needs a pause.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection could be taken");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// One connection, from its first byte to its end.
struct Door {
    router: Router,
    peer: SocketAddr,
    watcher: Watcher,
    stopping: CancellationToken,
}

impl Door {
    async fn open(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Answers are small and wanted at once; without this they are delayed, not lost.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let Some(tls) = tls else { return self.serve(stream).await };
        let handshake = tokio::time::timeout(HANDSHAKE_TIME_MAX, tls.accept(stream));
        match self.stopping.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => self.serve(stream).await,
            Some(Ok(Err(error))) => tracing::debug!(%error, "a TLS handshake failed"),
            Some(Err(_elapsed)) => tracing::debug!("a TLS handshake took too long"),
            None => {}
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { router, peer, watcher, .. } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let router = router.clone();
            async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}
