"""Global API keys."""

import datetime
import time

DAY = 24 * 60 * 60 * 1000


def key_of(native, id_):
    return next(key for key in native.items("/keys") if key["id"] == id_)


def test_a_key_is_made_and_its_secret_told_once(client, connect, native, unique):
    label = unique("ci")
    made = client.create_global_api_key(label, "For the build", admin=True)
    assert made.key and made.id_
    assert connect(made.key).list_global_api_keys()
    definition = made.get_definition()
    assert (definition.id, definition.label, definition.description) == (made.id_, label, "For the build")
    assert definition["globalPermissions"] == {"admin": True}
    assert not definition["key"], "the secret is not kept"
    assert (definition.groups, definition.user_for_impersonation) == ([], None)
    assert definition.created_on.year >= 2020 and definition.created_by
    assert (definition.expires_on, definition.lifetime) == (None, 0)
    seen = key_of(native, made.id_)
    assert (seen["label"], seen["admin"], seen["groups"]) == (label, True, [])


def test_a_key_with_groups_has_their_rights(client, connect, native, unique, refused):
    group = unique("group")
    client.create_group(group)
    made = client.create_global_api_key_with_groups(unique("key"), groups=[group])
    assert made.get_definition().groups == [group] == key_of(native, made.id_)["groups"]
    with refused("ForbiddenException"):
        connect(made.key).list_users()
    with refused("no-such-group"):
        client.create_global_api_key_with_groups(unique("key"), groups=["no-such-group"])


def test_a_key_needs_no_label(client):
    assert client.create_global_api_key().get_definition().label
    assert client.create_global_api_key_with_groups().get_definition().groups == []


def test_keys_are_listed_as_items_and_as_handles(client, unique):
    label = unique("listed")
    made = client.create_global_api_key(label, "Words")
    item = next(item for item in client.list_global_api_keys() if item.id == made.id_)
    assert (item.label, item.description, item.groups) == (label, "Words", [])
    assert item.key == "" and item.user_for_impersonation is None
    assert item.created_on <= datetime.datetime.now(datetime.timezone.utc) and item.created_by
    assert item.to_global_api_key().get_definition().label == label
    assert made.id_ in [key.id_ for key in client.list_global_api_keys(as_type="objects")]


def test_a_definition_is_changed_and_comes_back_and_the_secret_stays(client, connect, native, unique):
    group = unique("group")
    client.create_group(group)
    made = client.create_global_api_key(unique("key"))
    definition = made.get_definition()
    definition.label, definition.description = unique("renamed"), "Other words"
    definition.groups = [group]
    definition.user_for_impersonation = "somebody"
    definition["unknown"] = {"kept": [1, None]}
    definition.save()
    again = client.get_global_api_key_by_id(made.id_).get_definition()
    assert (again.label, again.description, again.groups) == (definition.label, "Other words", [group])
    assert (again.user_for_impersonation, again["unknown"]) == ("somebody", {"kept": [1, None]})
    assert key_of(native, made.id_)["label"] == definition.label
    before = dict(again)
    made.set_definition(dict(again))
    assert dict(made.get_definition()) == before
    assert connect(made.key).get_auth_info()["groups"] == [group]


def test_an_end_is_set_in_days_or_as_a_time_and_taken_away(client, native, refused):
    made = client.create_global_api_key()
    definition = made.get_definition()
    definition.lifetime = 30
    definition.save()
    again = made.get_definition()
    assert again.lifetime == 30
    assert again.expires_on - again.created_on == datetime.timedelta(days=30)
    assert key_of(native, made.id_)["expiresAt"]
    again["expiresOn"] = again["createdOn"] + 2 * DAY
    again.save()
    assert made.get_definition().lifetime == 2
    ended = made.get_definition()
    ended["expiresOn"] = int(time.time() * 1000) - DAY
    with refused("has passed"):
        ended.save()
    never = made.get_definition()
    never.lifetime = 0
    never.save()
    assert made.get_definition().expires_on is None
    assert key_of(native, made.id_)["expiresAt"] is None


def test_a_deleted_key_opens_nothing_and_is_not_there(client, connect, refused):
    made = client.create_global_api_key(admin=True)
    other = connect(made.key)
    other.get_auth_info()
    made.delete()
    with refused("UnauthorizedException"):
        other.get_auth_info()
    with refused("NotFoundException", made.id_):
        made.get_definition()
    assert made.id_ not in [item.id for item in client.list_global_api_keys()]


def test_a_key_is_found_by_its_secret_which_nothing_tells_or_logs(client, service, refused):
    made = client.create_global_api_key()
    assert client.get_global_api_key(made.key).id_ == made.id_
    wrong = "a-secret-that-opens-nothing"
    with refused("NotFoundException") as refusal:
        client.get_global_api_key(wrong)
    assert wrong not in refusal.text
    assert made.key not in service.log.read_text() and wrong not in service.log.read_text()
    assert made.key not in client.get_log("audit.log")


def test_what_is_fixed_about_a_key_is_refused(client, refused):
    made = client.create_global_api_key()
    with refused("id"):
        made.set_definition({**made.get_definition(), "id": "ak.1"})
    with refused("secret"):
        made.set_definition({**made.get_definition(), "key": "my own secret"})
    with refused("NotFoundException", "ak.99999"):
        client.get_global_api_key_by_id("ak.99999")


def test_only_administrators_see_and_make_keys(client, connect, key, refused):
    other = connect(key())
    made = client.create_global_api_key()
    for forbidden in [
        lambda: other.list_global_api_keys(),
        lambda: other.create_global_api_key("mine", admin=True),
        lambda: other.create_global_api_key_with_groups("mine", groups=["administrators"]),
        lambda: other.get_global_api_key_by_id(made.id_),
        lambda: other.get_global_api_key(made.key),
        lambda: other._perform_empty("PUT", f"/admin/global-api-keys/{made.id_}", body={"globalPermissions": {"admin": True}}),
        lambda: other._perform_empty("DELETE", f"/admin/global-api-keys/{made.id_}"),
    ]:
        with refused("ForbiddenException"):
            forbidden()
