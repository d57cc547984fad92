"""Last: nothing of the client was left out, and nothing that it asked failed on our side."""

import pathlib
import re

import pytest
import record

ROUTES = pathlib.Path(__file__).parents[2] / "server/src/publicapi/routes.rs"
WIRE = pathlib.Path(__file__).parents[2] / "tests/it/publicapi.rs"
HERE = pathlib.Path(__file__).parent
#: What the client calls the things of which pairs are still to come.
WORDS = {"custom-page": "custompage", "time-series": "timeseries", "uploaded-file": "uploadfile|uploadedfile"}


@pytest.fixture(autouse=True)
def whole_suite(request):
    """Only the whole suite can be complete."""
    ran = {item.path.name for item in request.session.items}
    missing = {path.name for path in HERE.glob("test_*.py")} - ran
    if missing or request.config.getoption("keyword"):
        pytest.skip(f"not all tests were run: {sorted(missing)}")


def pairs():
    return re.findall(r'\("(GET|POST|PUT|DELETE)", "([^"]+)"\)', ROUTES.read_text())


def to_come():
    """Pairs that are still to be built, as the tests of the raw wire list them."""
    listed = re.search(r'const TO_COME: &str = "\n(.*?)"', WIRE.read_text(), re.DOTALL)
    return {tuple(line.split()) for line in listed[1].splitlines() if line.strip()} if listed else set()


def is_of(path, pattern):
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) is not None


def pair_of(method, path):
    """The pair that a request went to: words before placeholders."""
    found = [pattern for known, pattern in pairs() if known == method and is_of(path, pattern)]
    return min(found, key=lambda pattern: pattern.count("{"), default=None)


def test_all_pairs_of_method_and_path_were_requested():
    known = set(pairs())
    assert len(known) == 124
    seen = {(method, pair_of(method, path)) for method, path in record.requested}
    print(f"{len(seen & known)} of {len(known)} pairs of method and path, {len(record.requested)} different requests")
    assert known - seen == to_come()


def test_every_public_method_of_the_client_was_called():
    wanted = set(record.titles())
    print(f"{len(wanted & record.called)} of {len(wanted)} public methods and properties of the client")
    lacking = {title: title.replace("_", "").lower() for title in wanted - record.called}
    excused = [words for part, words in WORDS.items() if any(part in path for _, path in to_come())]
    assert [title for title, plain in lacking.items() if not re.search("|".join(excused) or "$^", plain)] == []


def test_no_request_met_a_failure_of_ours():
    assert record.failed == []
