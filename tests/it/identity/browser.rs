//! What a browser does with a session: keeps the cookie, sends it back, and repeats the token.

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::{Answer, Api, Server};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Good enough for everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody at a browser.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) api: Api,
    /// `name=value`, as it is sent back.
    pub(crate) cookie: String,
    pub(crate) token: String,
}

impl Browser {
    /// With nothing yet.
    pub(crate) fn new(api: &Api) -> Self {
        Self { api: api.without_key(), cookie: String::new(), token: String::new() }
    }

    /// Of a person who is made for this and signed in.
    pub(crate) async fn of(server: &Server, login: &str) -> Result<Self> {
        server.admin().post("/users", json!({"login": login, "password": PASSWORD})).await?;
        Self::signed_in(&server.admin(), login, PASSWORD).await
    }

    /// Signed in.
    pub(crate) async fn signed_in(api: &Api, login: &str, password: &str) -> Result<Self> {
        let mut browser = Self::new(api);
        let answer = browser.sign_in(login, password).await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.json());
        Ok(browser)
    }

    /// Signs in; the answer, whatever it is.
    pub(crate) async fn sign_in(&mut self, login: &str, password: &str) -> Result<Answer> {
        let body = json!({"login": login, "password": password});
        let answer = self.api.send(self.with_cookie(Method::POST, "/session").json(&body)).await?;
        self.take(&answer)?;
        Ok(answer)
    }

    /// Keeps what an answer says.
    pub(crate) fn take(&mut self, answer: &Answer) -> Result<()> {
        if let Some(cookie) = answer.headers.get("set-cookie") {
            cookie.to_str()?.split(';').next().context("a cookie")?.clone_into(&mut self.cookie);
        }
        if let Some(token) = answer.json().get("csrfToken").and_then(Value::as_str) {
            token.clone_into(&mut self.token);
        }
        Ok(())
    }

    /// Goes to an address, as a browser that is sent there does.
    pub(crate) async fn ask_bare(&mut self, path: &str) -> Result<Answer> {
        let answer = self.api.send(self.with_cookie(Method::GET, path)).await?;
        self.take(&answer)?;
        Ok(answer)
    }

    /// A request with the cookie and without the token.
    pub(crate) fn with_cookie(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.api.request(method, path);
        if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) }
    }

    /// A request as the UI makes it.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.with_cookie(method, path).header("X-CSRF-Token", &self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.api.send(request).await
    }

    /// Reads `/session` again, and its token.
    pub(crate) async fn read(&mut self) -> Result<Answer> {
        let answer = self.ask(Method::GET, "/session", None).await?;
        self.take(&answer)?;
        Ok(answer)
    }
}
