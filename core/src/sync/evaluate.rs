//! Evaluations of model versions: each counts once, and only from a store in the model's own project.

use super::command::Evaluate;
use super::decide::{Rejection, check_speaker, item_of, register};
use super::event::{Event, SeriesMeasure};
use super::state::SyncObject;
use super::{METRIC_FIELD_PREFIX, bounds};
use crate::draft::Draft;
use crate::ids::{Digest, ItemId, SeriesId};
use crate::state::State;
use crate::value::Value;

pub(super) fn decide(draft: &mut Draft<'_>, evaluation: &Evaluate) -> Result<(), crate::Rejection> {
    check_speaker(draft, &evaluation.version.node)?;
    check(evaluation)?;
    register(draft, &evaluation.version.node);
    let fingerprint = fingerprint(evaluation);
    if draft.state().nodes.evaluations.contains(&fingerprint) {
        return Ok(());
    }
    let item = item_of(draft, &evaluation.version);
    let (store, name) = (evaluation.store.clone(), evaluation.evaluation.clone());
    if !evaluation.is_synced {
        let (evaluation, fingerprint) = (Some(name), Some(fingerprint));
        draft.emit(Event::EvaluationOptedOut { item, store, evaluation, fingerprint, is_out: true });
        return Ok(());
    }
    let metrics = series(draft.state(), item, evaluation);
    draft.emit(Event::EvaluationRecorded {
        item,
        store,
        evaluation: name,
        fingerprint,
        evaluated_at: evaluation.evaluated_at,
        metrics,
        drift: evaluation.drift.clone(),
        url: evaluation.url.clone(),
    });
    Ok(())
}

fn check(evaluation: &Evaluate) -> Result<(), crate::Rejection> {
    bounds::check_key(&evaluation.version)?;
    for (what, part) in [
        ("store project", &evaluation.store_project),
        ("store", &evaluation.store),
        ("evaluation", &evaluation.evaluation),
    ] {
        bounds::check_text(what, part, bounds::KEY_PART_BYTES_MAX)?;
    }
    bounds::check_url(evaluation.url.as_deref())?;
    bounds::check_measures("metrics", &evaluation.metrics)?;
    bounds::check_measures("drift values", &evaluation.drift)?;
    let SyncObject::ModelVersion { project, .. } = &evaluation.version.object else {
        return Err(Rejection::EvaluationOfNoVersion.into());
    };
    if *project != evaluation.store_project {
        let (store_project, model_project) = (evaluation.store_project.to_string(), project.to_string());
        return Err(Rejection::EvaluationForeignStore { store_project, model_project }.into());
    }
    Ok(())
}

// The parts hold no control characters, so a line break between them cannot be part of one.
fn fingerprint(evaluation: &Evaluate) -> u128 {
    let Evaluate { version, store_project, store, evaluation, .. } = evaluation;
    let text = format!("{}\n{store_project}\n{store}\n{evaluation}", version.node);
    u128::from_be_bytes(Digest::of(text.as_bytes()).0.first_chunk::<16>().copied().unwrap_or_default())
}

/// One series per item and metric, made in the order in which metrics are first seen.
fn series(state: &State, item: ItemId, evaluation: &Evaluate) -> Vec<SeriesMeasure> {
    let held = state.items.by_id.get(&item);
    let mut last = state.nodes.last_series;
    let measures = evaluation.metrics.iter().map(|metric| {
        let field = format!("{METRIC_FIELD_PREFIX}{}", metric.name);
        let series = match held.and_then(|item| item.fields.get(field.as_str())) {
            Some(Value::Series(series)) => *series,
            _ => {
                last = last.saturating_add(1);
                SeriesId(last)
            }
        };
        SeriesMeasure { name: metric.name.clone(), value: metric.value, series }
    });
    measures.collect()
}
