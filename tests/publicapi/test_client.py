"""What the client does by itself, before anything is asked."""

import conftest
import dataikuapi
import pytest
import requests
import templates
from dataikuapi.govern import artifact_search, users_container


def test_a_client_without_a_key_is_refused_by_itself(url):
    with pytest.raises(ValueError, match="API Key is required"):
        dataikuapi.GovernClient(url)


def test_the_service_under_test_answers_the_administrator(native):
    assert native.get("/me")["admin"] is True


def test_what_is_abstract_builds_nothing():
    abstract = [
        artifact_search.GovernArtifactFilter("x"),
        artifact_search.GovernArtifactSearchSort("x", "ASC"),
        artifact_search.GovernArtifactSearchSource("x"),
        users_container.GovernUsersContainer("x"),
    ]
    for one in abstract:
        with pytest.raises(NotImplementedError):
            one.build()


def test_a_host_with_a_slash_at_its_end_is_the_same_host(url):
    assert dataikuapi.GovernClient(url + "/", conftest.ADMIN_KEY).get_instance_info().node_type == "GOVERN"


def test_both_prefixes_answer_with_any_password_and_slashes_and_redirect_nothing(url):
    ways = ["/dip/publicapi/admin/groups", "/dip/publicapi/admin/groups/", "/public/api//admin/groups", "//public/api/admin/groups/"]
    answers = [
        requests.get(url + way, auth=(conftest.ADMIN_KEY, "any password"), allow_redirects=False, timeout=60) for way in ways
    ]
    assert [answer.status_code for answer in answers] == [200] * len(ways)
    assert len({answer.text for answer in answers}) == 1
    made = requests.post(
        url + "/dip/publicapi/admin/groups///", data='{"name": "slashes"}', auth=(conftest.ADMIN_KEY, ""), allow_redirects=False, timeout=60
    )
    assert made.status_code == 200, made.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/no-such-route", None),
        ("PATCH", "/users", None),
        ("POST", "/admin/groups/", "{"),
        ("POST", "/admin/groups/", "[]"),
        ("PUT", "/admin/general-settings", "x" * 2_000_000),
        ("GET", "/admin/users/?includeSettings=perhaps", None),
    ],
)
def test_every_refusal_is_an_object_with_words_and_without_nulls(url, method, path, body):
    answer = requests.request(method, f"{url}/dip/publicapi{path}", data=body, auth=(conftest.ADMIN_KEY, ""), timeout=60)
    assert 400 <= answer.status_code < 500
    told = answer.json()
    assert told["errorType"] and told["message"] and told["detailedMessage"]
    assert None not in told.values()


def test_flags_are_read_whatever_their_case(client):
    for flag in ["True", "true", "TRUE", "False"]:
        assert client._perform_json("GET", "/admin/users/", params={"includeSettings": flag}) is not None


def test_what_lists_of_the_designer_hold_is_shown_raw(client, unique):
    blueprint = templates.blueprint(client, unique)
    gate = {"title": "Gate", "feedbackUsersGroups": [], "approvers": []}
    version = templates.version(client, blueprint, status="DRAFT", review=gate)
    raw = [item.get_raw()["blueprint"] for item in client.get_blueprint_designer().list_blueprints()]
    assert blueprint in [one["id"] for one in raw]
    handle = client.get_blueprint_designer().get_blueprint(blueprint)
    [listed] = [item.get_raw()["blueprintVersion"]["id"]["versionId"] for item in handle.list_versions()]
    assert listed == version
    [configured] = handle.get_version(version).list_signoff_configurations()
    assert configured.get_raw()["id"]["stepId"] == "review" and configured.get_raw()["title"] == "Gate"
