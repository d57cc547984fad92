"""Long tasks, and people from elsewhere, who are not built."""

import pytest
from dataikuapi.govern.future import GovernFuture
from dataikuapi.utils import DataikuException


@pytest.fixture
def elsewhere(client, person):
    """Somebody whom LDAP supplies."""
    login = person(source_type="LDAP")
    yield login
    client.get_user(login).delete()


def test_a_result_that_is_there_at_once_is_not_asked_for(client):
    future = client.start_resync_users_from_supplier([])
    assert future.job_id is None and future.has_result()
    assert future.wait_for_result() == []


def test_a_task_is_asked_about_until_it_has_its_result(client, person):
    logins = [person(), person()]
    future = client.start_resync_users_from_supplier(logins)
    assert future.job_id
    assert future.wait_for_result() == [{"login": login, "status": "UNCHANGED"} for login in logins]
    assert future.has_result() and future.get_result() == future.wait_for_result()
    assert future.peek_state()["hasResult"] is True and "result" not in future.peek_state()
    assert future.get_state()["result"] == future.get_result()
    assert GovernFuture.get_result_wait_if_needed(client, {"jobId": future.job_id}) == future.get_result()
    assert client.get_future(future.job_id).get_result() == future.get_result()
    [only] = client.start_resync_all_users_from_supplier().wait_for_result()[:1]
    assert only["status"] == "UNCHANGED"
    assert client.get_user(logins[0]).start_resync_from_supplier().wait_for_result()[0]["login"] == logins[0]


def test_a_task_that_fails_ends_the_waiting_for_it(client, elsewhere):
    future = client.get_user(elsewhere).start_resync_from_supplier()
    with pytest.raises(DataikuException, match="not built"):
        future.wait_for_result()
    with pytest.raises(DataikuException, match="LDAP"):
        client.start_resync_all_users_from_supplier().wait_for_result()


def test_tasks_are_listed_for_whom_they_are(client, connect, key, person, refused):
    future = client.start_resync_users_from_supplier([person()])
    future.wait_for_result()
    assert future.job_id in [one["jobId"] for one in client.list_futures()]
    assert future.job_id in [one.job_id for one in client.list_futures(as_objects=True, all_users=True)]
    other = connect(key())
    assert future.job_id not in [one["jobId"] for one in other.list_futures(all_users=True)]
    with refused("NotFoundException", future.job_id):
        other.get_future(future.job_id).get_state()
    with refused("NotFoundException", future.job_id):
        other.get_future(future.job_id).abort()


def test_a_finished_task_is_aborted_without_harm_and_an_unknown_one_not(client, person, refused):
    future = client.start_resync_users_from_supplier([person()])
    future.wait_for_result()
    future.abort()
    assert future.get_state()["hasResult"] is True
    for wrong in ["job-99999", "nonsense"]:
        with refused("NotFoundException", wrong):
            client.get_future(wrong).abort()


def test_people_and_groups_from_elsewhere_are_said_not_to_be_built(client, refused):
    for source in ["LDAP", "AZURE_AD", "CUSTOM"]:
        with refused("not built", source):
            client.start_fetch_external_groups(source)
        with refused("not built", source):
            client.start_fetch_external_users(source, login="ana", email=None, group_name="g")
        with refused("not built", source):
            client.start_provision_users(source, [{"login": "ana"}])


def test_unknown_people_are_not_synchronised(client, connect, key, refused):
    with refused("nobody-here"):
        client.start_resync_users_from_supplier(["nobody-here"])
    with refused("nobody-here"):
        client.get_user("nobody-here").start_resync_from_supplier()
    with refused("ForbiddenException"):
        connect(key()).start_resync_all_users_from_supplier()
