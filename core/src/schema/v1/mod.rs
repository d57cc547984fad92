//! Frozen shapes, one file per module of the domain. Nothing here is ever edited; new shapes are added.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod deploy;
pub(crate) mod header;
pub(crate) mod item;
pub(crate) mod log;
pub(crate) mod pieces;
pub(crate) mod rules;
pub(crate) mod series;
pub(crate) mod settings;
pub(crate) mod signoff;
pub(crate) mod subscription;
pub(crate) mod sync;
pub(crate) mod template;
pub(crate) mod value;
