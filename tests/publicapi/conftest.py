"""Dataiku's own client against the real binary: one service for all tests, and a record of what was asked of it.

`cargo xtask publicapi` runs this with everything in place.
"""

import ctypes
import json
import os
import pathlib
import queue
import secrets
import subprocess
import sys
import threading

import pytest

MISSING = "{} is not there: run the tests with `cargo xtask publicapi`, which brings it"

try:
    import dataikuapi
    import requests
except ImportError as error:
    pytest.exit(MISSING.format(error.name), returncode=4)

import record

ADMIN_KEY = "an-administrators-key-for-tests"
START_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 60

record.watch()


class Service:
    """The binary on a fresh directory, on a port of its own."""

    def __init__(self, folder, arguments=()):
        binary = os.environ.get("COUNTERSIGN_BIN", "")
        if not pathlib.Path(binary).is_file():
            pytest.exit(MISSING.format("the binary"), returncode=4)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
        environment["COUNTERSIGN_ADMIN_KEY"] = ADMIN_KEY
        self.log = folder / "service.log"
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data"), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        lines = queue.Queue()
        # Reads on after the line, so that the service never waits for a full pipe.
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        try:
            self.url = lines.get(timeout=START_SECONDS_MAX)
        except queue.Empty:
            self.stop()
            raise AssertionError(f"the service does not listen: {self.log.read_text()}") from None

    def _read(self, lines):
        for line in self.process.stdout:
            if line.startswith("LISTENING "):
                lines.put(line.removeprefix("LISTENING ").strip())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=ANSWER_SECONDS_MAX)


class Native:
    """The native API, which has to tell the same as the client sees."""

    def __init__(self, url, key=ADMIN_KEY, login=None):
        self.root = url + "/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer " + key
        if login:
            self.session.headers["X-DKU-ProxyUser"] = login

    def call(self, method, path, body=None, **more):
        answer = self.session.request(method, self.root + path, json=body, timeout=ANSWER_SECONDS_MAX, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def get(self, path, **query):
        return self.call("GET", path, params=query)

    def items(self, path, **query):
        """All entries of a list that pages."""
        found, cursor = [], None
        while True:
            page = self.get(path, limit=1000, **({"cursor": cursor} if cursor else {}), **query)
            found += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return found


def pytest_terminal_summary(terminalreporter):
    """How much of the client the tests went through."""
    titles = set(record.titles())
    called = f"{len(titles & record.called)} of {len(titles)} public methods and properties of the client called"
    terminalreporter.write_line(f"{called}, {len(record.requested)} different requests")


def has_landlock():
    """Whether this kernel can take files from a process: the version of landlock_create_ruleset."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def start_scripted(folder, seconds, arguments=()):
    """A service that runs scripts, for not longer than that each."""
    if not has_landlock():
        pytest.skip("this kernel has no Landlock: the service runs no hooks on it, which another test holds it to")
    packages = pathlib.Path(dataikuapi.__file__).parent.parent
    settings = folder / "countersign.toml"
    settings.write_text(
        f"[hooks]\nenabled = true\ntime_seconds_max = {seconds}\noutput_bytes_max = 20000\n"
        f"python = {json.dumps(sys.executable)}\npackages = {json.dumps(str(packages))}\n"
    )
    return Service(folder, ["--config", str(settings), *arguments])


@pytest.fixture
def impatient(tmp_path):
    """A service that gives no script time."""
    service = start_scripted(tmp_path, 5)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """The service of all tests that need no other."""
    service = Service(tmp_path_factory.mktemp("service"))
    yield service
    service.stop()


@pytest.fixture(scope="session")
def url(service):
    return service.url


@pytest.fixture
def client(url):
    """Dataiku's client as the administrator."""
    return dataikuapi.GovernClient(url, ADMIN_KEY)


@pytest.fixture
def connect(url):
    """A client with another key."""
    return lambda key: dataikuapi.GovernClient(url, key)


@pytest.fixture
def native(url):
    return Native(url)


@pytest.fixture
def native_as(url):
    """The native API as that person."""
    return lambda login: Native(url, login=login)


@pytest.fixture
def unique():
    """A name that no other test uses."""
    return lambda prefix: f"{prefix}-{secrets.token_hex(4)}"


@pytest.fixture
def person(client, unique):
    """A fresh person in these groups; gives the login."""

    def make(*groups, prefix="person", **more):
        login = unique(prefix)
        client.create_user(login, secrets.token_hex(8), groups=list(groups), **more)
        return login

    return make


@pytest.fixture
def key(client, unique):
    """The secret of a fresh key, of an administrator or with these groups."""

    def make(*groups, admin=False):
        label = unique("key")
        if admin:
            return client.create_global_api_key(label, admin=True).key
        return client.create_global_api_key_with_groups(label, groups=list(groups)).key

    return make


@pytest.fixture
def refused():
    """Fails unless the block is refused with these words: `with refused("not there"):`."""

    def expect(*words):
        return Refusal(words)

    return expect


class Refusal:
    def __init__(self, words):
        self.words = words

    def __enter__(self):
        self.text = ""
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, "it was not refused"
        if not issubclass(kind, dataikuapi.utils.DataikuException):
            return False
        self.text = str(error)
        for word in self.words:
            assert word in self.text, self.text
        # An answer that is no error object is told by the client in these words.
        assert not self.text.startswith("Unknown error"), self.text
        assert "None" not in self.text, self.text
        return True
