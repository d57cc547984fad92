"""Uploaded files, time series and custom pages."""

import io
import os

import pytest
import templates


def holder(client, unique, **fields):
    """A fresh artifact with a file field and a series field."""
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    return blueprint, templates.artifact(client, blueprint, **fields)


@pytest.mark.parametrize("name", ["report.pdf", 'a "quoted" né.txt', "日本.bin", "100%.txt"])
def test_a_file_comes_back_byte_for_byte_under_its_name(client, name):
    content = os.urandom(70_000) + b"\r\n--boundary\x00"
    made = client.upload_file(name, io.BytesIO(content))
    shown = made.get_description()
    assert shown["id"] == made.uploaded_file_id and shown["id"].startswith("uf.")
    assert shown["name"] == name and shown["size"] == len(content)
    assert made.download().read() == content


def test_real_files_texts_and_nothing_are_files_too(client, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"on disk")
    with path.open("rb") as file:
        assert client.upload_file("a.txt", file).download().read() == b"on disk"
    assert client.upload_file("empty", io.BytesIO(b"")).download().read() == b""
    assert client.upload_file("b.txt", io.BytesIO("né".encode())).download().read() == "né".encode()


def test_a_deleted_file_is_gone_and_one_in_use_stays(client, unique, refused):
    made = client.upload_file("a", io.BytesIO(b"x"))
    _, artifact = holder(client, unique, contract=made.uploaded_file_id)
    with refused("in use"):
        made.delete()
    definition = artifact.get_definition()
    assert definition.get_raw()["fields"]["contract"] == made.uploaded_file_id
    del definition.get_raw()["fields"]["contract"]
    definition.save()
    made.delete()
    for gone in (made.get_description, made.download, made.delete, client.get_uploaded_file("nope").get_description):
        with refused("NotFoundException"):
            gone()


def test_a_file_that_nothing_holds_is_its_owners(client, native, unique, refused):
    login = templates.person(native, unique)
    ada, bo = templates.acting(client, login), templates.acting(client, templates.person(native, unique))
    made = ada.upload_file("a", io.BytesIO(b"x"))
    assert made.get_description()["owner"] == login
    assert client.get_uploaded_file(made.uploaded_file_id).get_description()["owner"] == login
    other = bo.get_uploaded_file(made.uploaded_file_id)
    for hidden in (other.get_description, other.download, other.delete):
        with refused("NotFoundException", made.uploaded_file_id):
            hidden()
    blueprint, _ = holder(client, unique)
    templates.artifact(client, blueprint, contract=made.uploaded_file_id)
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {"read": True}})
    assert other.download().read() == b"x"
    with refused("ForbiddenException"):
        other.delete()


def points(series, **window):
    return [(point["timestamp"], point["value"]) for point in series.get_values(**window)]


def point(timestamp, value):
    return {"timestamp": timestamp, "value": value}


def test_points_come_in_the_order_of_time_between_both_ends(client):
    series = client.create_time_series([point(3, {"auc": 0.9}), point(1, 0.5), point(2, None)])
    assert points(series) == [(1, 0.5), (2, None), (3, {"auc": 0.9})]
    assert series.get_values()[0] == {"timestamp": 1, "value": 0.5, "timeSeriesId": series.time_series_id}
    assert points(series, min_timestamp=2, max_timestamp=3) == [(2, None), (3, {"auc": 0.9})]
    assert points(series, min_timestamp=2) == points(series, min_timestamp=2, max_timestamp=9)
    assert points(series, max_timestamp=1) == [(1, 0.5)] and points(series, min_timestamp=4) == []
    assert points(client.get_time_series(series.time_series_id)) == points(series)


def test_an_empty_series_is_one_and_a_push_replaces_or_keeps(client):
    series = client.create_time_series()
    assert points(series) == []
    series.push_values([point(1_700_000_000_000, "a"), point(1_700_000_000_001, [1])])
    series.push_values([point(1_700_000_000_000, "b"), point(5, "c")], upsert=False)
    assert points(series) == [(5, "c"), (1_700_000_000_000, "a"), (1_700_000_000_001, [1])]
    series.push_values([point(1_700_000_000_000, "b")])
    assert points(series)[1] == (1_700_000_000_000, "b")
    series.push_values([])


def test_points_are_deleted_between_both_ends_and_the_series_stays(client):
    series = client.create_time_series([point(at, at) for at in range(1, 7)])
    series.delete(min_timestamp=2, max_timestamp=3)
    assert [at for at, _ in points(series)] == [1, 4, 5, 6]
    series.delete(min_timestamp=6)
    series.delete(max_timestamp=1)
    assert [at for at, _ in points(series)] == [4, 5]
    series.delete()
    assert points(series) == []
    series.push_values([point(1, 1)])
    assert points(series) == [(1, 1)]


def test_a_large_push_arrives_whole(client):
    series = client.create_time_series([point(at, "x" * 100) for at in range(3_000)])
    assert len(series.get_values()) == 3_000


@pytest.mark.parametrize(
    "body, word",
    [
        ({"timestamp": 1}, "list"),
        ([1], "[0]"),
        ([{"timestamp": "now", "value": 1}], "[0].timestamp"),
        ([{"timestamp": 1.5, "value": 1}], "[0].timestamp"),
        ([{"timestamp": 10**18, "value": 1}], "[0].timestamp"),
        ([{"timestamp": 1}], "[0].value"),
        ([{"timestamp": 1, "value": "x" * 5000}], "5002 bytes"),
    ],
)
def test_wrong_points_are_refused_by_place(client, refused, body, word):
    with refused("ValidationException", word):
        client._perform_json("POST", "/time-series", body=body)
    series = client.create_time_series()
    with refused("ValidationException"):
        client._perform_json("PUT", f"/time-series/{series.time_series_id}", body=body)
    with refused("ValidationException", "another time series"):
        body = [{"timestamp": 1, "value": 1, "timeSeriesId": "ts.0"}]
        client._perform_json("PUT", f"/time-series/{series.time_series_id}", body=body)
    assert series.get_values() == []


def test_a_series_is_its_owners_until_an_artifact_holds_it(client, native, unique, refused):
    ada, bo = (templates.acting(client, templates.person(native, unique)) for _ in range(2))
    series = ada.create_time_series([point(1, 1)])
    other = bo.get_time_series(series.time_series_id)
    hidden = [other.get_values, other.delete, lambda: other.push_values([point(2, 2)])]
    for call in hidden:
        with refused("NotFoundException", series.time_series_id):
            call()
    assert points(client.get_time_series(series.time_series_id)) == [(1, 1)]
    blueprint, _ = holder(client, unique, drift=series.time_series_id)
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {"read": True}})
    assert points(other) == [(1, 1)]
    with refused("ForbiddenException"):
        other.delete()
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {"read": True, "write": True}})
    other.push_values([point(2, 2)])
    assert points(other) == [(1, 1), (2, 2)]
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {}})
    with refused("NotFoundException"):
        series.get_values()
    for nothing in ("ts.999999", "nope"):
        with refused("NotFoundException", nothing):
            client.get_time_series(nothing).get_values()


PAGE = {"type": "custom-html", "name": "Risk", "icon": "warning", "visible": True, "htmlContent": "<p>é</p>", "ours": {"a": [1, None]}}


@pytest.fixture
def handler(client):
    return client.get_custom_pages_handler()


def test_a_page_is_kept_with_all_its_keys(handler, client, unique, refused):
    name = unique("page")
    made = handler.create_custom_page(name, PAGE)
    assert made.custom_page_id == f"cp.{name}"
    definition = made.get_definition()
    assert definition.get_raw() == {"id": made.custom_page_id, **PAGE}
    definition.get_raw()["htmlContent"] = "<b>changed</b>"
    definition.save()
    assert definition.get_raw()["htmlContent"] == "<b>changed</b>"
    assert client.get_custom_page(made.custom_page_id).get_definition().get_raw() == definition.get_raw()
    listed = {item.get_raw()["id"]: item for item in client.list_custom_pages()}
    assert listed[made.custom_page_id].to_custom_page().get_definition().get_raw() == definition.get_raw()
    admin = {item.get_raw()["id"]: item for item in handler.list_custom_pages()}
    assert admin[made.custom_page_id].to_custom_page().get_definition().get_raw() == definition.get_raw()
    assert handler.get_custom_page(made.custom_page_id).get_definition().get_raw() == definition.get_raw()
    with refused("exists"):
        handler.create_custom_page(name, PAGE)
    definition.get_raw()["id"] = "cp.other"
    with refused("do not match"):
        definition.save()
    made.delete()
    for gone in (made.get_definition, made.delete, client.get_custom_page(made.custom_page_id).get_definition):
        with refused("NotFoundException", made.custom_page_id):
            gone()


def test_standard_pages_are_hidden_not_made_or_deleted(handler, client, native, unique, refused):
    person = templates.acting(client, templates.person(native, unique))
    page = handler.get_custom_page("cp.system.bundle-registry")
    with refused("cannot be deleted, only hidden"):
        page.delete()
    with refused("standard"):
        handler.create_custom_page(unique("page"), {**PAGE, "type": "standard-page"})
    shown = lambda client: [item.get_raw()["id"] for item in client.list_custom_pages()]
    assert "cp.system.bundle-registry" in shown(person)
    definition = page.get_definition()
    definition.get_raw()["visible"] = False
    definition.save()
    assert "cp.system.bundle-registry" not in shown(person) and "cp.system.bundle-registry" in shown(client)
    with refused("NotFoundException"):
        person.get_custom_page("cp.system.bundle-registry").get_definition()
    definition.get_raw()["type"] = "custom-html"
    with refused("standard"):
        definition.save()
    definition.get_raw().update(type="standard-page", visible=True)
    definition.save()


def test_the_order_names_every_page_once(handler, client, unique, refused):
    made = handler.create_custom_page(unique("page"), PAGE)
    order = handler.get_custom_pages_order()
    assert made.custom_page_id in order and "cp.system.governable-items" in order
    wanted = [made.custom_page_id] + [page for page in order if page != made.custom_page_id]
    assert handler.save_custom_pages_order(wanted) == wanted == handler.get_custom_pages_order()
    assert [item.get_raw()["id"] for item in client.list_custom_pages()] == wanted
    for wrong in (wanted[1:], wanted + wanted[:1], wanted + ["cp.none"], []):
        with refused("all custom pages"):
            handler.save_custom_pages_order(wrong)
    made.delete()
    assert handler.get_custom_pages_order() == wanted[1:]


def test_pages_are_made_by_those_who_design(client, native, unique, refused):
    handler = templates.acting(client, templates.person(native, unique)).get_custom_pages_handler()
    for forbidden in (
        handler.list_custom_pages,
        handler.get_custom_pages_order,
        lambda: handler.create_custom_page(unique("page"), PAGE),
        lambda: handler.save_custom_pages_order([]),
        handler.get_custom_page("cp.system.bundle-registry").get_definition,
        handler.get_custom_page("cp.system.bundle-registry").delete,
    ):
        with refused("ForbiddenException"):
            forbidden()
    with refused("ValidationException", "newIdentifier"):
        client.get_custom_pages_handler().create_custom_page("a b", PAGE)
