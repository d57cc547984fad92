//! Long tasks: started by a call, asked about until they have a result. Kept in memory; a restart forgets them, and
//! whoever asks then is told that there is no such task, which ends his waiting.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::routing::get;
use axum::{Extension, Router};
use countersign_core::context::Principal;
use countersign_core::time::Timestamp;
use countersign_engine::clock::{Clock as _, SystemClock};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::call::{Call, Reply};
use super::object::keys;
use crate::api::ask::Ask;
use crate::api::params::Segments;
use crate::app::App;
use crate::problem::Problem;

/// Most tasks that are remembered; the oldest that has ended is forgotten for a new one.
const FUTURES_MAX: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/futures", get(list)).route("/futures/{id}", get(state).delete(abort))
}

/// All tasks since the start; a clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Futures(Arc<Mutex<Tasks>>);

#[derive(Debug, Default)]
struct Tasks {
    last: u64,
    by_number: BTreeMap<u64, Task>,
}

#[derive(Debug)]
struct Task {
    title: &'static str,
    owner: Principal,
    started: Timestamp,
    ended: Option<End>,
    abort: CancellationToken,
}

#[derive(Debug, Clone)]
enum End {
    Result(Json),
    Failed(String),
    Aborted,
}

impl Futures {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a task of the caller's and gives what the client waits with.
    pub(super) fn start(
        &self,
        ask: &Ask,
        title: &'static str,
        work: impl Future<Output = Result<Json, Problem>> + Send + 'static,
    ) -> Result<Json, Problem> {
        let number = self.begin(ask.who.principal.clone(), ask.app.stopping.child_token(), title, work)?;
        Ok(json!({ "jobId": id(number), "hasResult": false, "alive": true, "aborted": false }))
    }

    fn begin(
        &self,
        owner: Principal,
        abort: CancellationToken,
        title: &'static str,
        work: impl Future<Output = Result<Json, Problem>> + Send + 'static,
    ) -> Result<u64, Problem> {
        let number = {
            let mut tasks = self.lock();
            make_room(&mut tasks)?;
            tasks.last += 1;
            let task = Task { title, owner, started: SystemClock.now(), ended: None, abort: abort.clone() };
            let number = tasks.last;
            tasks.by_number.insert(number, task);
            number
        };
        let futures = self.clone();
        tokio::spawn(async move {
            let end = match abort.run_until_cancelled(work).await {
                Some(Ok(result)) => End::Result(result),
                Some(Err(problem)) => End::Failed(problem.tell().detail),
                None => End::Aborted,
            };
            if let Some(task) = futures.lock().by_number.get_mut(&number) {
                task.ended = Some(end);
            }
        });
        Ok(number)
    }

    fn abort(&self, number: u64) {
        if let Some(task) = self.lock().by_number.get(&number) {
            task.abort.cancel();
        }
    }
}

fn make_room(tasks: &mut Tasks) -> Result<(), Problem> {
    if tasks.by_number.len() < FUTURES_MAX {
        return Ok(());
    }
    let oldest = tasks.by_number.iter().find(|(_, task)| task.ended.is_some()).map(|(number, _)| *number);
    let oldest = oldest.ok_or_else(|| Problem::later("too_many_futures", "too many tasks are running"))?;
    tasks.by_number.remove(&oldest);
    Ok(())
}

fn id(number: u64) -> String {
    format!("job-{number}")
}

/// What is told of a task; of one that failed or was aborted a refusal, or the client would ask for ever.
fn told(number: u64, task: &Task, is_peek: bool) -> Result<Json, Problem> {
    let id = id(number);
    let mut told = keys(json!({
        "jobId": id,
        "jobDisplayName": task.title,
        "startTime": task.started.millis(),
        "hasResult": task.ended.is_some(),
        "alive": task.ended.is_none(),
        "aborted": false,
    }));
    match &task.ended {
        Some(End::Result(result)) if !is_peek => _ = told.insert("result".to_owned(), result.clone()),
        None | Some(End::Result(_)) => {}
        Some(End::Failed(why)) => return Err(Problem::invalid("future_failed", format!("{id} failed: {why}"))),
        Some(End::Aborted) => return Err(Problem::invalid("future_aborted", format!("{id} was aborted"))),
    }
    Ok(Json::Object(told))
}

fn is_of(task: &Task, ask: &Ask) -> bool {
    task.owner == ask.who.principal || ask.is_admin()
}

async fn list(Extension(futures): Extension<Futures>, call: Call) -> Reply {
    let ask = call.ask();
    let is_for_all = call.flag("allUsers")?.unwrap_or_default();
    let is_listed = |task: &Task| task.owner == ask.who.principal || (is_for_all && ask.is_admin());
    let tasks = futures.lock();
    // What ended in failure is no task any more that somebody could wait for.
    let listed = tasks.by_number.iter().filter(|(_, task)| is_listed(task));
    let told: Json = listed.filter_map(|(number, task)| told(*number, task, true).ok()).collect();
    Ok(ask.answer(told))
}

/// The number of a task that is the caller's to ask about.
fn wanted(tasks: &Tasks, ask: &Ask, id: &str) -> Result<u64, Problem> {
    let number = id.strip_prefix("job-").and_then(|number| number.parse().ok());
    let is_there = |number: &u64| tasks.by_number.get(number).is_some_and(|task| is_of(task, ask));
    number.filter(is_there).ok_or_else(|| ask.missing(format_args!("the future {id}")))
}

async fn state(Extension(futures): Extension<Futures>, Segments(id): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let is_peek = call.flag("peek")?.unwrap_or_default();
    let tasks = futures.lock();
    let number = wanted(&tasks, &ask, &id)?;
    let found = tasks.by_number.get(&number).map(|task| told(number, task, is_peek));
    Ok(ask.answer(found.ok_or_else(|| ask.missing(format_args!("the future {id}")))??))
}

async fn abort(Extension(futures): Extension<Futures>, Segments(id): Segments<String>, call: Call) -> Reply {
    let ask = call.ask();
    let number = wanted(&futures.lock(), &ask, &id)?;
    futures.abort(number);
    Ok(ask.answer(json!({})))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]

    use super::*;

    #[tokio::test]
    async fn a_running_task_that_is_aborted_does_no_more_and_ends_the_waiting_for_it() {
        let futures = Futures::default();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let work = async move {
            let _held = held;
            std::future::pending().await
        };
        let stopping = CancellationToken::new();
        let number = futures.begin(Principal::System, stopping.child_token(), "wait", work).unwrap();
        let state = || futures.lock().by_number.get(&number).map(|task| told(number, task, true)).unwrap();
        let running = state().unwrap();
        assert_eq!((running.get("alive"), running.get("hasResult")), (Some(&json!(true)), Some(&json!(false))));
        futures.abort(number);
        assert!(dropped.await.is_err(), "the work is given up, not finished");
        while state().is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(state().unwrap_err().code(), "future_aborted");
        assert!(!stopping.is_cancelled(), "other tasks go on");
    }
}
