//! Scripts: Python of templates that is asked about a change before it is made, and the instance's about what is governed.
//!
//! A script runs outside the engine, in a process of its own ([`run`], [`sandbox`]); what it says is a proposal that the
//! core decides on ([`consult`], [`policies`]). Off unless the operator wants it: it is the execution of code that architects write.

pub mod consult;
pub mod door;
pub mod lists;
mod migration;
pub mod policies;
pub mod run;
pub mod sandbox;

use std::sync::Mutex;

use axum::Router;
use countersign_core::context::{Caller, Principal};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use self::door::Guests;
use self::run::{Handler, Interpreter, Job, RunError};
use crate::api::shape::people;
use crate::app::App;

/// The interpreter, and who its scripts speak for.
#[derive(Debug)]
pub struct Hooks {
    interpreter: Interpreter,
    /// Where scripts are told that the service is.
    host: String,
    /// What they may ask of it.
    routes: Mutex<Option<Router>>,
    /// For whom each running script asks.
    pub guests: Guests,
}

impl Hooks {
    /// With an interpreter that was seen to be confined.
    #[must_use]
    pub fn new(interpreter: Interpreter, host: String) -> Self {
        Self { interpreter, host, routes: Mutex::new(None), guests: Guests::default() }
    }

    /// Opens the API to scripts, or closes it.
    pub fn open(&self, routes: Option<Router>) {
        *self.routes.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = routes;
    }

    /// Runs a script that is told this, and the caller for whom it speaks.
    async fn run<A: DeserializeOwned>(
        &self,
        app: &App,
        caller: &Caller,
        script: Script<'_>,
        told: Json,
    ) -> Result<A, RunError> {
        let mut input = told;
        if let Json::Object(input) = &mut input {
            let name = people::name(&app.latest().state, &caller.principal);
            let is_key = matches!(caller.principal, Principal::Key(_));
            let identifier = if is_key { format!("api:{name}") } else { name };
            input.insert("authCtx".to_owned(), json!({ "authIdentifier": identifier }));
        }
        let routes = self.routes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let guest = self.guests.admit(caller);
        let door = routes.map(|routes| door::open(routes, &app.stopping)).transpose()?;
        let Script { name, text, handler } = script;
        let job = Job { name, script: text, handler, input, host: &self.host, key: guest.key() };
        self.interpreter.run(&job, door).await
    }
}

/// A script and what it is for.
#[derive(Debug, Clone, Copy)]
struct Script<'a> {
    /// What it is called in its own error messages.
    name: &'a str,
    text: &'a str,
    handler: Handler,
}
