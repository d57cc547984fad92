//! People in groups, initiatives, infrastructures.

use anyhow::Result;
use countersign_core::artifact;
use countersign_core::deploy::{self, InfraKey, InfraKind, Policy};
use countersign_core::ids::NodeId;
use countersign_core::input::Input;

use super::{Making, Sink, initiative};

const FIRST: [&str; 8] = ["Ana", "Bo", "Chloe", "Dmitri", "Eda", "Farid", "Grace", "Hiro"];
const THEMES: [&str; 6] = [
    "Fewer card frauds",
    "Faster claims",
    "Churn below five percent",
    "Spare parts on time",
    "Fair credit",
    "Safe grid",
];

/// One business initiative for so many projects.
pub(super) const PROJECTS_PER_INITIATIVE: u32 = 40;

pub(super) fn make<S: Sink>(making: &mut Making<'_, S>) -> Result<()> {
    for number in 0..making.sizes.users {
        let first = making.dice.one(&FIRST).copied().unwrap_or_default().to_lowercase();
        let login = format!("{first}.{number}");
        let mut groups = vec![format!("team-{}", number % making.sizes.groups.max(1))];
        if number % 10 == 1 {
            groups.push("contributors".to_owned());
        }
        if number % 50 == 2 {
            groups.push("project_managers".to_owned());
        }
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        making.world.user_in(&login, &groups);
        making.logins.push(login);
    }
    let admin = making.world.admin();
    for number in 0..making.sizes.projects.div_ceil(PROJECTS_PER_INITIATIVE) {
        let theme = making.dice.one(&THEMES).copied().unwrap_or_default();
        let name = format!("{theme} {}", 2024 + number % 4).into();
        let objectives = vec![("objectives".into(), Input::Text(format!("{theme}, measured every quarter.").into()))];
        making.world.run(
            &admin,
            artifact::Command::Create {
                blueprint: initiative(),
                version: None,
                name,
                fields: objectives,
                steps: vec![],
            },
        );
    }
    for (infra, stage, policy) in [
        ("dev", "Development", Policy::NoCheck),
        ("staging", "Staging", Policy::Warn),
        ("prod", "Production", Policy::Prevent),
    ] {
        let infra = InfraKey { node: NodeId::from("deployer"), infra: infra.into() };
        let (kind, stage, policy) = (Some(InfraKind::Project), Some(stage.into()), Some(policy));
        making.world.run(&admin, deploy::Command::SetInfrastructure { infra, kind, stage, policy, demands: None });
    }
    making.hand_over()
}
