"""Oneself, and acting as somebody else."""

import dataikuapi
import pytest
import requests


def test_a_plain_key_is_nobody_with_settings(client, refused):
    with refused("no person"):
        client.get_own_user().get_settings()


def test_a_person_changes_what_is_his_own_and_nothing_else(client, person, refused):
    login = person(display_name="Ana")
    admin_side = client.get_user(login).get_settings()
    admin_side.admin_properties["secret remark"] = "late"
    admin_side.save()
    acting = client.get_user(login).get_client_as()
    own = acting.get_own_user().get_settings()
    assert own.get_raw()["login"] == login and "adminProperties" not in own.get_raw()
    own.user_properties["theme"] = "dark"
    own.save()
    again = acting.get_own_user().get_settings()
    assert again.user_properties == {"theme": "dark"}
    seen = client.get_user(login).get_settings()
    assert (seen.user_properties, seen.admin_properties) == ({"theme": "dark"}, {"secret remark": "late"})
    again.get_raw()["groups"] = ["administrators"]
    with refused("ForbiddenException", "groups"):
        again.save()
    with refused("adminProperties"):
        acting._perform_empty("PUT", "/current-user", body={"adminProperties": {}})


def test_who_asks_is_told_who_he_is(client, connect, key, person, unique):
    group = unique("group")
    client.create_group(group)
    info = connect(key(group)).get_auth_info()
    assert info["authIdentifier"].startswith("api:") and info["groups"] == [group]
    login = person(group)
    info = client.get_user(login).get_client_as().get_auth_info()
    assert (info["authIdentifier"], info["groups"]) == (login, [group])


def test_acting_as_somebody_gives_his_rights_only(client, person, refused):
    acting = client.get_user(person()).get_client_as()
    with refused("ForbiddenException"):
        acting.list_users()
    assert acting.list_users_info()


def test_only_administrators_act_as_somebody_who_is_there(client, connect, key, person, refused):
    with refused("only an administrator's key"):
        connect(key()).get_user(person()).get_client_as().get_auth_info()
    with refused("unknown or disabled"):
        client.get_user("nobody-here").get_client_as().get_auth_info()


def test_a_ticket_is_as_good_as_a_key(url, client, key, person, refused):
    by_ticket = dataikuapi.GovernClient(url, internal_ticket=key(admin=True))
    assert by_ticket.get_auth_info()["authIdentifier"].startswith("api:")
    login = person()
    assert by_ticket.get_user(login).get_client_as().get_auth_info()["authIdentifier"] == login
    with refused("UnauthorizedException"):
        dataikuapi.GovernClient(url, internal_ticket="wrong").get_auth_info()


def test_signing_in_is_seen_in_the_activity_and_a_key_of_ones_own_acts_as_oneself(url, client, connect, unique, refused):
    login, password = unique("ana"), "correct horse battery"
    client.create_user(login, password)
    browser = requests.Session()
    told = browser.post(url + "/api/v1/session", json={"login": login, "password": password}, timeout=60)
    assert told.status_code == 200, told.text
    activity = client.get_user(login).get_activity()
    assert activity.last_successful_login == activity.last_session_activity is not None
    assert activity.last_failed_login is None
    browser.headers["X-CSRF-Token"] = told.json()["csrfToken"]
    made = browser.post(url + "/api/v1/me/keys", json={"label": "mine"}, timeout=60)
    assert made.status_code == 201, made.text
    own = connect(made.json()["secret"])
    assert own.get_auth_info()["authIdentifier"] == login
    settings = own.get_own_user().get_settings()
    settings.user_properties["theme"] = "dark"
    settings.save()
    assert client.get_user(login).get_settings().user_properties == {"theme": "dark"}
    with refused("ForbiddenException"):
        own.list_global_api_keys()
    assert made.json()["id"] not in [key.id for key in client.list_global_api_keys()]
    with refused("NotFoundException"):
        client.get_global_api_key_by_id(made.json()["id"])


def test_a_wrong_key_is_refused(connect, refused):
    for wrong in ["wrong", "clé", "x" * 300]:
        with refused("UnauthorizedException"):
            connect(wrong).get_auth_info()


def test_a_client_without_key_and_ticket_cannot_act_as_somebody(client):
    client.api_key = None
    with pytest.raises(ValueError):
        client.get_user("ana").get_client_as()
