//! What nodes send, field by field. Unknown fields are ignored (a newer node may send more); what is missing or
//! ill-typed makes the message a dead letter.

mod deployer;
mod node;

pub use deployer::{Deployment, Infrastructure, InfrastructureType, PolicyWord};
pub use node::{
    Bundle, ContentDigest, Dataset, Evaluation, ModelVersion, NodeType, PackagedVersion, Project, SavedModel,
};

/// What a sync message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A project.
    Project,
    /// A saved model.
    SavedModel,
    /// A version of a saved model.
    SavedModelVersion,
    /// A bundle.
    Bundle,
    /// A dataset.
    Dataset,
    /// One run of a model evaluation store.
    Evaluation,
    /// A deployment of a deployer node.
    Deployment,
    /// An infrastructure of a deployer node.
    Infrastructure,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Project,
        Self::SavedModel,
        Self::SavedModelVersion,
        Self::Bundle,
        Self::Dataset,
        Self::Evaluation,
        Self::Deployment,
        Self::Infrastructure,
    ];

    /// The word in subjects and types.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::SavedModel => "saved_model",
            Self::SavedModelVersion => "saved_model_version",
            Self::Bundle => "bundle",
            Self::Dataset => "dataset",
            Self::Evaluation => "evaluation",
            Self::Deployment => "deployment",
            Self::Infrastructure => "infrastructure",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
