//! Sessions in memory and on a real disk.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use super::*;

const LIFETIME: Lifetime = Lifetime { idle: Duration::from_secs(60), whole: Duration::from_secs(600) };

fn record(user: u32) -> Record {
    let login = serde_json::json!({"user": user, "position": 7, "csrf": "token", "is_oidc": false});
    let data = HashMap::from([(LOGIN.to_owned(), login)]).into_iter().collect();
    Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() }
}

async fn begun(sessions: &Sessions, user: u32) -> Id {
    let mut record = record(user);
    sessions.create(&mut record).await.unwrap();
    record.id
}

#[tokio::test]
async fn a_session_survives_a_restart_and_its_file_does_not_hold_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let id = begun(&Sessions::open(folder.path(), LIFETIME), 1).await;
    let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
    assert!(text.contains(&digest(id).to_string()) && !text.contains(&id.to_string()), "{text}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(folder.path().join(FILE)).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = Sessions::open(folder.path(), LIFETIME);
    assert!(again.load(&id).await.unwrap().unwrap().data.contains_key(LOGIN));
    again.delete(&id).await.unwrap();
    let again = Sessions::open(folder.path(), LIFETIME);
    assert!(again.load(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_has_ended_is_not_brought_back_by_a_request_that_still_runs() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Sessions::open(folder.path(), LIFETIME);
    let id = begun(&sessions, 1).await;
    let running = sessions.load(&id).await.unwrap().unwrap();
    sessions.delete(&id).await.unwrap();
    sessions.save(&running).await.unwrap();
    assert!(sessions.load(&id).await.unwrap().is_none() && !sessions.is_open(digest(id)));
}

#[tokio::test]
async fn a_session_ends_idle_or_old() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Sessions::open(folder.path(), LIFETIME);
    let now = SystemClock.now();
    let before = |seconds: i64| Timestamp::from_millis(now.millis() - seconds * 1_000);
    let login: Login = serde_json::from_value(record(1).data.get(LOGIN).unwrap().clone()).unwrap();
    let entry = |made, seen| Entry { data: HashMap::new(), login: Some(login.clone()), made, seen };
    assert!(sessions.lives(&entry(before(599), before(59)), now));
    assert!(!sessions.lives(&entry(before(599), before(60)), now));
    assert!(!sessions.lives(&entry(before(600), now), now));
    let pending = Entry { login: None, ..entry(before(601), now) };
    assert!(!sessions.lives(&pending, now));
}

#[tokio::test]
async fn one_person_has_so_many_sessions_and_another_persons_stay() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Sessions::open(folder.path(), LIFETIME);
    let other = begun(&sessions, 2).await;
    for _ in 0..SESSIONS_OF_ONE_MAX + 3 {
        begun(&sessions, 1).await;
    }
    assert_eq!(sessions.table().len(), SESSIONS_OF_ONE_MAX + 1);
    assert!(sessions.is_open(digest(other)));
}

#[test]
fn a_damaged_file_signs_everybody_out_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "{\"format\":2}").unwrap();
    assert_eq!(Sessions::open(folder.path(), LIFETIME).table().len(), 0);
}
