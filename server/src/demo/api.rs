//! A caller of the native HTTP API, as a script of a user would be one.

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Speaks to one running service, as one person.
#[derive(Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    root: String,
    key: String,
    login: Option<String>,
}

/// What a route answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Api {
    pub(super) fn new(root: &str, key: &str) -> Self {
        Self { http: reqwest::Client::new(), root: root.to_owned(), key: key.to_owned(), login: None }
    }

    /// The same service, acting as this person.
    pub(super) fn acting_as(&self, login: &str) -> Self {
        Self { login: Some(login.to_owned()), ..self.clone() }
    }

    /// Whether the service accepts commands and its streams stand.
    pub(super) async fn is_ready(&self) -> Result<bool> {
        let response = self.http.get(format!("{}/readyz", self.root)).send().await.context("asking /readyz")?;
        Ok(response.status().is_success())
    }

    /// Asks, whatever comes.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.root)).bearer_auth(&self.key);
        if let Some(login) = &self.login {
            request = request.header("X-DKU-ProxyUser", login);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("calling {path}"))?;
        Ok(Answer { status: response.status(), body: response.bytes().await?.to_vec() })
    }

    async fn done(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.ask(method.clone(), path, body).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status.is_success(), "{method} {path} answered {}: {text}", answer.status);
        serde_json::from_slice(&answer.body).with_context(|| format!("{method} {path} answered {text}"))
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.done(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::POST, path, Some(&body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::PUT, path, Some(&body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        self.done(Method::PATCH, path, Some(&body)).await
    }

    /// Uploads a text file and gives its id.
    pub(super) async fn upload(&self, name: &str, text: &'static str) -> Result<String> {
        let part = reqwest::multipart::Part::text(text).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        let mut request = self.http.post(format!("{}/api/v1/files", self.root)).bearer_auth(&self.key).multipart(form);
        if let Some(login) = &self.login {
            request = request.header("X-DKU-ProxyUser", login);
        }
        let response = request.send().await.context("uploading")?;
        let status = response.status();
        let body: Value = response.json().await.context("the answer to an upload")?;
        ensure!(status.is_success(), "the upload answered {status}: {body}");
        text_of(&body, "id")
    }

    /// The wish has to be refused with this code, and nothing else.
    pub(super) async fn refused(&self, method: Method, path: &str, body: Value, code: &str) -> Result<()> {
        let answer = self.ask(method.clone(), path, Some(&body)).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status.is_client_error(), "{method} {path} was not refused: {} {text}", answer.status);
        let problem: Value = serde_json::from_slice(&answer.body).with_context(|| format!("a problem, not {text}"))?;
        ensure!(problem["code"] == code, "{method} {path} was refused with {} instead of {code}", problem["code"]);
        Ok(())
    }
}

/// A text member of an answer.
pub(super) fn text_of(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {value}"))
}

/// The first entry of a list answer whose member is this.
pub(super) fn entry<'a>(list: &'a Value, member: &str, wanted: &str) -> Result<&'a Value> {
    let Some(entries) = list.as_array() else { bail!("no list: {list}") };
    entries
        .iter()
        .find(|one| one[member] == wanted)
        .with_context(|| format!("no entry whose {member} is {wanted:?} in {list}"))
}
