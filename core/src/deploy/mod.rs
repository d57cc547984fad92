//! Infrastructures and the gate before them.

mod approval;
mod command;
mod decide;
mod demand;
mod event;
mod evolve;
pub mod gate;
mod health;
mod overrides;
mod report;
mod stage;
mod state;
mod who;

pub use command::Command;
pub use decide::{Rejection, STAGE_BYTES_MAX};
pub use demand::{CHECKS_FIELD, DEMAND_NAME_BYTES_MAX, DEMANDS_MAX, Demand};
pub use event::{Event, Loosening};
pub use health::{Health, health_of};
pub use overrides::REASON_BYTES_MAX;
pub use report::asked_subjects;
pub use stage::{Effective, STAGE_WITH_DEMANDS_BYTES_MAX, effective, of_stage};
pub use state::{Deployed, InfraKey, InfraKind, Infrastructure, Infrastructures, Override, Policy};
pub use who::{Next, who_can};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;
pub(crate) use report::{INFRA_FIELD, report};
pub(crate) use stage::{check_setting, setting_changed};

#[cfg(test)]
mod tests;
