use super::{Command, REFUSED_MAX, Refused};
use crate::context::Principal;
use crate::ids::{KeyId, UserId};
use crate::testing::{Spec, World};
use crate::time::Timestamp;

fn refused(times: u32) -> Refused {
    let (who, since) = (Principal::User(UserId(1)), Timestamp::from_millis(0));
    Refused { who, via: None, code: "forbidden".into(), times, since }
}

fn count(refused: Vec<Refused>) -> Command {
    Command::CountRefusals { refused }
}

#[test]
fn counts_are_told_one_by_one_and_none_for_nothing() {
    let world = World::bootstrapped();
    let told = Spec::given(world).as_system().when(count(vec![refused(3), refused(0), refused(1)]));
    let world = told.then(&["RefusalsCounted", "RefusalsCounted"]);
    Spec::given(world.clone()).as_system().when(count(vec![refused(0)])).then_already_so();
    Spec::given(world).as_system().when(count(Vec::new())).then_already_so();
}

#[test]
fn only_the_system_tells_and_not_without_bound() {
    let world = World::bootstrapped();
    let asked = Spec::given(world.clone()).as_key(KeyId(1)).when(count(vec![refused(1)]));
    asked.then_rejected("forbidden");
    let many = vec![refused(1); REFUSED_MAX + 1];
    Spec::given(world).as_system().when(count(many)).then_rejected("too_many_counts");
}
