"""People: made, changed, deleted, one by one and in bulk."""

import pytest
from dataikuapi.utils import DataikuException

PASSWORD = "correct horse battery"


def user_of(native, login):
    return native.get(f"/users/{login}")


def test_a_person_is_made_with_all_that_the_client_says(client, native, unique):
    login, group = unique("ana"), unique("readers")
    client.create_group(group)
    handle = client.create_user(login, PASSWORD, "Ana", groups=[group], profile="DESIGNER", email="ana@example.org")
    raw = handle.get_settings().get_raw()
    assert raw["login"] == login
    assert (raw["displayName"], raw["email"], raw["groups"]) == ("Ana", "ana@example.org", [group])
    assert (raw["userProfile"], raw["sourceType"], raw["enabled"]) == ("DESIGNER", "LOCAL", True)
    assert (raw["userProperties"], raw["adminProperties"]) == ({}, {})
    assert "password" not in raw
    seen = user_of(native, login)
    assert (seen["displayName"], seen["email"], seen["groups"]) == ("Ana", "ana@example.org", [group])
    assert (seen["profile"], seen["enabled"]) == ("DESIGNER", True)


def test_a_person_needs_no_more_than_login_and_password(client, native, unique):
    login = unique("bare")
    client.create_user(login, PASSWORD)
    assert client.get_user(login).get_settings().creation_date.year >= 2020
    assert user_of(native, login)["displayName"] is None


def test_what_everybody_sees_of_people(client, connect, key, person, unique):
    login = person(display_name="Bo", email="bo@example.org")
    other = connect(key())
    info = other.get_user(login).get_info()
    assert info.get_raw()["login"] == info.login == login
    assert (info.display_name, info.email, info.groups, info.enabled) == ("Bo", "bo@example.org", [], True)
    assert "adminProperties" not in info.get_raw()
    assert login in [one.login for one in other.list_users_info()]


def test_settings_are_changed_and_come_back(client, native, person):
    login = person()
    settings = client.get_user(login).get_settings()
    settings.get_raw()["displayName"] = "Changed"
    settings.user_properties["theme"] = {"dark": [1, None, "é"]}
    settings.admin_properties["cost centre"] = 42
    settings.get_raw()["unknownKey"] = {"nested": [True]}
    settings.save()
    again = client.get_user(login).get_settings()
    assert again.get_raw()["displayName"] == "Changed" == user_of(native, login)["displayName"]
    assert again.user_properties == {"theme": {"dark": [1, None, "é"]}}
    assert again.admin_properties == {"cost centre": 42}
    assert again.get_raw()["unknownKey"] == {"nested": [True]}
    before = again.get_raw()
    again.save()
    assert client.get_user(login).get_settings().get_raw() == before
    again.get_raw().pop("unknownKey")
    again.save()
    assert "unknownKey" not in client.get_user(login).get_settings().get_raw()


def test_the_deprecated_definition_is_the_same(client, person):
    handle = client.get_user(person())
    with pytest.warns(DeprecationWarning):
        definition = handle.get_definition()
    definition["email"] = "new@example.org"
    with pytest.warns(DeprecationWarning):
        handle.set_definition(definition)
    assert handle.get_settings().get_raw()["email"] == "new@example.org"


def test_a_disabled_person_stops_acting_and_an_enabled_one_acts_again(client, native, person, refused):
    login = person()
    acting = client.get_user(login).get_client_as()
    assert acting.get_auth_info()["authIdentifier"] == login
    settings = client.get_user(login).get_settings()
    assert settings.enabled is True
    settings.enabled = False
    settings.save()
    assert client.get_user(login).get_settings().enabled is False
    assert user_of(native, login)["enabled"] is False
    with refused("unknown or disabled"):
        acting.get_auth_info()
    settings.enabled = True
    settings.save()
    assert acting.get_auth_info()["authIdentifier"] == login


def test_a_deleted_person_is_not_found_any_more(client, person, refused):
    login = person()
    client.get_user(login).delete()
    with refused("NotFoundException", login):
        client.get_user(login).get_settings()
    with refused("NotFoundException", login):
        client.get_user(login).get_info()
    assert login not in [user["login"] for user in client.list_users()]
    with refused("NotFoundException"):
        client.get_user(login).delete()


def test_nobody_deletes_himself_without_saying_so(client, person, refused):
    login = person("administrators")
    himself = client.get_user(login).get_client_as()
    with refused("allowSelfDeletion"):
        himself.get_user(login).delete()
    [outcome] = himself.delete_users([login])
    assert (outcome["login"], outcome["status"]) == (login, "FAILURE") and "allowSelfDeletion" in outcome["error"]
    himself.get_user(login).delete(allow_self_deletion=True)
    assert login not in [user["login"] for user in client.list_users()]


def test_people_are_listed_with_their_settings_when_asked_for(client, person):
    login = person()
    plain = next(user for user in client.list_users() if user["login"] == login)
    whole = next(user for user in client.list_users(include_settings=True) if user["login"] == login)
    assert "adminProperties" not in plain and whole["adminProperties"] == {}
    assert login in [user.login for user in client.list_users(as_objects=True)]


def test_unknown_people_and_wrong_logins_are_refused(client, person, unique, refused):
    with refused("NotFoundException", "nobody-here"):
        client.get_user("nobody-here").get_settings()
    for wrong in ["actions", "a b", "a/b", "x" * 200]:
        with refused("login"):
            client.create_user(wrong, PASSWORD)
    taken = person()
    with refused("taken"):
        client.create_user(taken, PASSWORD)
    with refused("password"):
        client.create_user(unique("short"), "short")
    with refused("no-such-group"):
        client.create_user(unique("ana"), PASSWORD, groups=["no-such-group"])
    settings = client.get_user(taken).get_settings()
    settings.get_raw()["login"] = "another"
    with refused("login"):
        settings.save()


def test_only_administrators_see_and_change_people(client, connect, key, person, unique, refused):
    login, other = person(), connect(key())
    for forbidden in [
        lambda: other.list_users(),
        lambda: other.get_user(login).get_settings(),
        lambda: other.create_user(unique("ana"), PASSWORD),
        lambda: other.create_users([{"login": unique("ana"), "password": PASSWORD}]),
        lambda: other.edit_users([{"login": login}]),
        lambda: other.delete_users([login]),
        lambda: other.get_user(login).delete(),
        lambda: other._perform_json("PUT", f"/admin/users/{login}", body={"email": "x@example.org"}),
    ]:
        with refused("ForbiddenException"):
            forbidden()


def test_bulk_calls_tell_each_outcome_and_never_fail_as_a_whole(client, native, person, unique):
    taken, fresh = person(), unique("bulk")
    wishes = [
        {"login": fresh, "password": PASSWORD, "displayName": "Fresh", "adminProperties": {"a": 1}},
        {"login": taken, "password": PASSWORD},
        {"password": PASSWORD},
        {"login": unique("ana"), "password": PASSWORD, "groups": ["no-such-group"]},
    ]
    made = client.create_users(wishes)
    assert [one["status"] for one in made] == ["SUCCESS", "FAILURE", "FAILURE", "FAILURE"]
    assert made[0] == {"login": fresh, "status": "SUCCESS", "error": ""}
    assert all(one["error"] for one in made[1:])
    assert user_of(native, fresh)["displayName"] == "Fresh"

    changed = client.edit_users(
        [
            {"login": fresh, "email": "fresh@example.org", "userProperties": {"b": 2}},
            {"login": "nobody-here", "email": "x@example.org"},
            {"login": taken, "enabled": "perhaps"},
        ]
    )
    assert [one["status"] for one in changed] == ["SUCCESS", "FAILURE", "FAILURE"]
    settings = client.get_user(fresh).get_settings()
    assert settings.get_raw()["displayName"] == "Fresh", "what a partial change leaves out stays"
    assert (settings.admin_properties, settings.user_properties) == ({"a": 1}, {"b": 2})

    gone = client.delete_users([fresh, "nobody-here", taken])
    assert [one["status"] for one in gone] == ["SUCCESS", "FAILURE", "SUCCESS"]
    with pytest.raises(DataikuException):
        client.get_user(fresh).get_info()


def test_the_activity_of_people_is_told(client, connect, key, person, refused):
    login = person()
    activity = client.get_user(login).get_activity()
    assert activity.get_raw()["login"] == login
    # Nobody signs in with a key, and acting as somebody is no sign-in of his.
    client.get_user(login).get_client_as().get_auth_info()
    assert activity.last_successful_login is None
    assert activity.last_failed_login is None
    assert activity.last_session_activity is None
    settings = client.get_user(login).get_settings()
    settings.enabled = False
    settings.save()
    assert login in [one.get_raw()["login"] for one in client.list_users_activity()]
    assert login not in [one.get_raw()["login"] for one in client.list_users_activity(enabled_users_only=True)]
    with refused("ForbiddenException"):
        connect(key()).list_users_activity()
    with refused("NotFoundException"):
        client.get_user("nobody-here").get_activity()


def test_the_last_administrator_stays(tmp_path, refused):
    import conftest
    import dataikuapi

    service = conftest.Service(tmp_path)
    try:
        client = dataikuapi.GovernClient(service.url, conftest.ADMIN_KEY)
        client.create_user("root", PASSWORD, groups=["administrators"])
        [first] = client.list_global_api_keys(as_type="objects")
        root = client.get_user("root").get_client_as()
        spare = client.create_global_api_key("spare", admin=True)
        first.delete()
        client = dataikuapi.GovernClient(service.url, spare.key)
        client.get_user("root").delete()
        with refused("nobody would be left who administers"):
            spare_again = client.get_global_api_key_by_id(spare.id_)
            spare_again.delete()
        definition = client.get_global_api_key_by_id(spare.id_).get_definition()
        definition["globalPermissions"] = {"admin": False}
        with refused("nobody would be left who administers"):
            definition.save()
        assert root is not None
    finally:
        service.stop()
