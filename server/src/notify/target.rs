//! Where webhooks may go: never to an address of our own network, however it is written or resolved.
//!
//! INVARIANT (checked-is-connected): the addresses that are checked are the ones that are connected to; a name is not
//! resolved a second time, redirects are not followed, and no proxy is asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use reqwest::Url;

/// Longest URL of a target, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// Why a URL is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL, or too long a one.
    #[error("not a URL of at most {URL_BYTES_MAX} bytes")]
    NotUrl,
    /// Only what is encrypted is sent.
    #[error("only https is allowed")]
    NotHttps,
    /// Credentials in URLs end up in logs.
    #[error("no user or password may be in the URL")]
    Credentials,
    /// An address of our own network.
    #[error("{0} is not a public address")]
    Address(IpAddr),
    /// A name that gives no address.
    #[error("the name cannot be resolved")]
    Unresolved,
}

impl TargetError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotUrl => "target_invalid",
            Self::NotHttps => "target_not_https",
            Self::Credentials => "target_with_credentials",
            Self::Address(_) => "target_refused",
            Self::Unresolved => "target_unresolved",
        }
    }
}

/// Checks a URL as far as that is possible without resolving its name.
pub fn check(url: &str, may_be_loopback: bool) -> Result<Url, TargetError> {
    if url.len() > URL_BYTES_MAX {
        return Err(TargetError::NotUrl);
    }
    // The parser turns every way of writing an address, `0x7f.1` too, into the usual one.
    let parsed = Url::parse(url).map_err(|_| TargetError::NotUrl)?;
    let host = parsed.host_str().ok_or(TargetError::NotUrl)?;
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(TargetError::Credentials);
    }
    let is_loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    match parsed.scheme() {
        "https" => {}
        "http" if may_be_loopback && is_loopback => {}
        _ => return Err(TargetError::NotHttps),
    }
    match address {
        Some(address) if !is_allowed(address, may_be_loopback) => Err(TargetError::Address(address)),
        _ => Ok(parsed),
    }
}

/// Public, or a loopback address where these are configured.
#[must_use]
pub fn is_allowed(address: IpAddr, may_be_loopback: bool) -> bool {
    let address = address.to_canonical();
    if address.is_loopback() {
        return may_be_loopback;
    }
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = (a, b, c) == (192, 0, 0);
    let is_relay = (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocol
        || is_relay
        || is_benchmark
        || a == 0
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, ..] = address.segments();
    // Only the global unicast space, and in it nothing that carries an IPv4 address along or is for examples.
    let is_global = (0x2000..0x4000).contains(&a);
    let is_teredo_or_protocol = a == 0x2001 && b < 0x0200;
    let is_documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let is_translated = a == 0x2002 || (a, b, c, d) == (0x64, 0xff9b, 0, 0);
    is_global && !is_teredo_or_protocol && !is_documentation && !is_translated
}

/// Resolves names, and gives no address when one of them is not allowed.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// Loopback addresses are allowed.
    pub may_be_loopback: bool,
}

impl tower::Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = TargetError;
    type Future = BoxFuture<'static, Result<Self::Response, TargetError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TargetError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let may_be_loopback = self.may_be_loopback;
        async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| TargetError::Unresolved)?;
            guard(found.collect(), may_be_loopback).map(Vec::into_iter)
        }
        .boxed()
    }
}

fn guard(found: Vec<SocketAddr>, may_be_loopback: bool) -> Result<Vec<SocketAddr>, TargetError> {
    if found.is_empty() {
        return Err(TargetError::Unresolved);
    }
    match found.iter().find(|address| !is_allowed(address.ip(), may_be_loopback)) {
        Some(refused) => Err(TargetError::Address(refused.ip())),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_allowed_and_all_others_are_not() {
        for public in ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111"] {
            assert!(public.parse().is_ok_and(|address| is_allowed(address, false)), "{public}");
        }
        let refused = [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "127.0.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
        ];
        for refused in refused {
            assert!(refused.parse().is_ok_and(|address| !is_allowed(address, false)), "{refused}");
        }
        assert!("127.0.0.1".parse().is_ok_and(|address| is_allowed(address, true)));
        assert!("10.0.0.1".parse().is_ok_and(|address| !is_allowed(address, true)));
    }

    #[test]
    fn a_url_is_https_without_credentials_and_not_of_our_network() {
        let cases = [
            ("https://example.com/hook", Ok(())),
            ("http://example.com/hook", Err("target_not_https")),
            ("ftp://example.com", Err("target_not_https")),
            ("https://ann:secret@example.com", Err("target_with_credentials")),
            ("https://10.0.0.1/", Err("target_refused")),
            ("https://127.0.0.1/", Err("target_refused")),
            ("https://0x7f000001/", Err("target_refused")),
            ("https://2130706433/", Err("target_refused")),
            ("https://[::1]/", Err("target_refused")),
            ("https://[::ffff:169.254.169.254]/", Err("target_refused")),
            ("http://127.0.0.1/", Err("target_not_https")),
            ("nonsense", Err("target_invalid")),
        ];
        for (url, expected) in cases {
            assert_eq!(check(url, false).map(drop).map_err(|error| error.code()), expected, "{url}");
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_only_and_only_when_that_is_configured() {
        assert!(check("http://127.0.0.1:80/", true).is_ok() && check("http://localhost/", true).is_ok());
        assert_eq!(check("http://example.com/", true), Err(TargetError::NotHttps));
        assert_eq!(check("http://localhost/", false), Err(TargetError::NotHttps));
    }

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let found = ["1.1.1.1:0", "10.0.0.1:0"].iter().filter_map(|text| text.parse().ok()).collect();
        assert!(matches!(guard(found, false), Err(TargetError::Address(_))));
        assert_eq!(guard(Vec::new(), false), Err(TargetError::Unresolved));
    }
}
