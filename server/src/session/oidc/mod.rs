//! Signing in through an identity provider: OpenID Connect, authorization code with PKCE, nonce and state.
//!
//! What the provider says of itself, and its keys, are fetched when first needed, kept for an hour, and fetched again
//! when a token is signed with a key that is not among them. Tokens are signed with RS256 or ES256, or refused. Whom a
//! token makes the person here is in [`person`].

pub mod person;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http;
use futures::StreamExt as _;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, Client,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IdTokenClaims, IdTokenFields, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::config::oidc::Oidc;

/// How long the provider may take for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Largest answer of the provider.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long what the provider says of itself holds.
const KNOWN_TIME_MAX: Duration = Duration::from_secs(3600);
/// How long it holds at least, however many tokens come with unknown keys.
const KNOWN_TIME_MIN: Duration = Duration::from_secs(5);
/// How a token may be signed.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 2] =
    [CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, CoreJwsSigningAlgorithm::EcdsaP256Sha256];

/// Claims beyond the standard ones, as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Further {
    #[serde(flatten)]
    all: HashMap<String, serde_json::Value>,
}

impl AdditionalClaims for Further {}

/// What a provider says of a person, once its signature is proven.
pub type Claims = IdTokenClaims<Further, CoreGenderClaim>;

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Known = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is remembered of somebody who is on his way to the provider.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    pub(crate) state: CsrfToken,
    nonce: Nonce,
    verifier: String,
    pub(crate) back: String,
}

/// Why the provider could not prove who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// It cannot be reached, or does not answer as a provider does.
    #[error("the identity provider does not answer as one")]
    Provider(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not know the code, or any more.
    #[error("the identity provider refuses the code")]
    Code,
    /// Its token is none that counts here.
    #[error("the identity provider's token does not count")]
    Token(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] http::Error),
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

/// What the provider said of itself, and when.
#[derive(Debug, Clone)]
struct Learnt {
    at: Instant,
    known: Arc<Known>,
}

/// The provider, as far as it is known. A clone is another handle on the same.
#[derive(Debug, Clone)]
pub struct Provider {
    settings: Arc<Oidc>,
    http: Http,
    known: Arc<Mutex<Option<Learnt>>>,
}

impl Provider {
    /// Not asked yet; a service starts without its provider too.
    pub fn new(settings: Oidc) -> reqwest::Result<Self> {
        // A redirect could lead anywhere, with the client's secret.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER_TIME_MAX);
        Ok(Self { settings: Arc::new(settings), http: Http(http.build()?), known: Arc::default() })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Oidc {
        &self.settings
    }

    /// Where somebody goes to prove who he is, and what has to be remembered until he comes back.
    pub(crate) async fn way(&self, back: String) -> Result<(String, Pending), ProveError> {
        let known = self.known(KNOWN_TIME_MAX).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let way = known.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["profile", "email"].map(|scope| Scope::new(scope.to_owned()));
        let (url, state, nonce) = way.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok((url.to_string(), Pending { state, nonce, verifier: verifier.into_secret(), back }))
    }

    /// What the provider says of whoever came back with this code.
    pub(crate) async fn prove(&self, code: String, pending: Pending) -> Result<Claims, ProveError> {
        let known = self.known(KNOWN_TIME_MAX).await?;
        let code = AuthorizationCode::new(code);
        let exchange = known.exchange_code(code).map_err(|error| ProveError::Provider(error.into()))?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(pending.verifier));
        let answer = exchange.request_async(&self.http).await.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(_) => ProveError::Code,
            openidconnect::RequestTokenError::Parse(error, _) => ProveError::Token(Box::new(error)),
            error => ProveError::Provider(error.to_string().into()),
        })?;
        let token = answer.id_token().ok_or_else(|| ProveError::Token("there is no ID token".into()))?;
        let claims = |known: &Known| {
            let verifier = known.id_token_verifier().set_allowed_algs(ALGORITHMS);
            token.claims(&verifier, &pending.nonce).cloned()
        };
        match claims(&known) {
            Err(ClaimsVerificationError::SignatureVerification(error))
                if !matches!(error, SignatureVerificationError::DisallowedAlg(_)) =>
            {
                // The provider may have other keys than an hour ago.
                let known = self.known(KNOWN_TIME_MIN).await?;
                claims(&known).map_err(|error| ProveError::Token(Box::new(error)))
            }
            claims => claims.map_err(|error| ProveError::Token(Box::new(error))),
        }
    }

    async fn known(&self, age_max: Duration) -> Result<Arc<Known>, ProveError> {
        let mut known = self.known.lock().await;
        if let Some(learnt) = known.as_ref().filter(|learnt| learnt.at.elapsed() < age_max) {
            return Ok(Arc::clone(&learnt.known));
        }
        let metadata = CoreProviderMetadata::discover_async(self.settings.issuer.clone(), &self.http).await;
        let metadata = metadata.map_err(|error| ProveError::Provider(error.to_string().into()))?;
        let Oidc { client_id, client_secret, redirect, .. } = &*self.settings;
        let found = Known::from_provider_metadata(metadata, client_id.clone(), client_secret.clone());
        let found = Arc::new(found.set_redirect_uri(redirect.clone()));
        *known = Some(Learnt { at: Instant::now(), known: Arc::clone(&found) });
        Ok(found)
    }
}

/// How the provider is asked. Boxed, so that whoever waits for it may wait on any thread.
#[derive(Debug, Clone)]
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = AskError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AskError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Http {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, AskError> {
        let (parts, body) = request.into_parts();
        let asked = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let answer = asked.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let (mut bytes, mut stream) = (Vec::new(), answer.bytes_stream());
        while let Some(part) = stream.next().await {
            bytes.extend_from_slice(&part?);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(AskError::TooLarge);
            }
        }
        let mut response = http::Response::builder().status(status);
        if let Some(into) = response.headers_mut() {
            *into = headers;
        }
        Ok(response.body(bytes)?)
    }
}
