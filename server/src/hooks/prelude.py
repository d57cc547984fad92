"""Runs one script, with the modules that such scripts import.

Standard input: one JSON object {"name", "script", "handler", "input", "host", "key",
"packages"}. File descriptor 3: the answer, one JSON object.
File descriptor 4: a connection to the service's own API, the only one there is. What the script prints goes to standard output.
"""

import copy
import json
import os
import socket
import sys
import traceback
import types

ANSWER, DOOR = 3, 4


class _Document:
    """A JSON document with a view on it."""

    def __init__(self, raw):
        self.json = raw

    @property
    def id(self):
        return self.json.get("id")

    def get_raw(self):
        return self.json


class _Artifact(_Document):
    @property
    def name(self):
        return self.json.get("name")

    @name.setter
    def name(self, name):
        self.json["name"] = name

    @property
    def fields(self):
        return self.json.setdefault("fields", {})

    @fields.setter
    def fields(self, fields):
        self.json["fields"] = fields


class _Enriched:
    """An artifact with its blueprint and the version that it is of."""

    def __init__(self, raw):
        self.artifact = _Artifact(raw["artifact"])
        self.blueprint = _Document(raw.get("blueprint"))
        self.blueprintVersion = _Document(raw.get("blueprintVersion"))
        self.blueprint_version = self.blueprintVersion


def _over_the_door(host, key):
    """The official client, speaking over the connection that is already there."""
    try:
        from dataikuapi import GovernClient
        from requests.adapters import HTTPAdapter
        from urllib3.connection import HTTPConnection
        from urllib3.connectionpool import HTTPConnectionPool
    except ImportError as missing:
        raise RuntimeError("handler.client needs the package dataiku-api-client beside the interpreter: %s" % missing)

    class Connection(HTTPConnection):
        def _new_conn(self):
            return socket.socket(fileno=os.dup(DOOR))

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *_, **__):
            super().init_poolmanager(1, 1, block=True)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    client = GovernClient(host, key)
    client._session.trust_env = False
    client._session.mount("http://", Adapter())
    return client


class _Handler:
    def __init__(self, given):
        self._given = given
        self._client = None
        self.authCtx = given["input"].get("authCtx", {})

    @property
    def client(self):
        if self._client is None:
            self._client = _over_the_door(self._given["host"], self._given["key"])
        return self._client


class _HookHandler(_Handler):
    """What a hook sees of the change, and what it says about it."""

    def __init__(self, given):
        super().__init__(given)
        told = given["input"]
        self.hookPhase = told["phase"]
        enriched = _Enriched(told)
        self.artifact = enriched.artifact
        self.newEnrichedArtifact = None if self.hookPhase == "DELETE" else enriched
        self.status = "SUCCESS"
        self.message = ""
        self.fieldMessages = {}
        self.artifactIdsToUpdate = []

    def fail(self, message):
        self.status = "ERROR"
        self.message = message

    def answer(self):
        return {
            "status": self.status,
            "message": self.message or "",
            "fieldMessages": self.fieldMessages,
            "name": self.artifact.name,
            "fields": self.artifact.fields,
            "artifactIdsToUpdate": list(self.artifactIdsToUpdate),
        }


class _MigrationHandler(_Handler):
    """What a migration sees of an item, and what it makes of a copy of it for the version that it goes to."""

    def __init__(self, given):
        super().__init__(given)
        told = given["input"]
        self.source_enriched_artifact = _Enriched(told["source"])
        self.target_artifact = _Artifact(copy.deepcopy(told["source"]["artifact"]))
        self.target_blueprint_version = _Document(told["target"])
        self._failure = None

    def fail(self, message):
        self._failure = message

    def answer(self):
        return {"failure": self._failure, "artifact": self.target_artifact.json}


class _Output:
    """What a script fills in, by attribute or by key; a plain object in its place is as good."""

    def __init__(self, **members):
        self.__dict__.update(members)

    def __getitem__(self, key):
        return self.__dict__[key]

    def __setitem__(self, key, value):
        self.__dict__[key] = value

    def get(self, key, default=None):
        return self.__dict__.get(key, default)


def _plain(value):
    """As JSON knows it."""
    if isinstance(value, _Output):
        return value.__dict__
    if isinstance(value, _Document):
        return value.json
    raise TypeError("script_output holds a %s, which is no JSON" % type(value).__name__)


class _PolicyHandler(_Handler):
    """What a script sees of a synced item, and what it decides about it."""

    def __init__(self, given):
        super().__init__(given)
        self.enrichedArtifact = _Enriched(given["input"])
        self.script_output = _Output(
            action="DO_NOTHING",
            status=None,
            blueprintVersionId=None,
            artifactPrefill=_Output(fields={}),
            projectExistingArtifactId=None,
            projectBusinessInitiativeArtifactId=None,
            childrenConfiguration=_Output(bundlesConfig=None, modelsConfig=None, modelVersionsConfig=None),
        )
        self._error = None

    def fail(self, message):
        self._error = message

    def answer(self):
        return {"error": self._error, "output": self.script_output}


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


# By what a script is for: the module that it imports, the function that it calls there, and what this gives it. A handler
# is told by `fail` what went wrong, and gives the `answer`.
HANDLERS = {
    "hook": ("handler", "get_handler", _HookHandler),
    "migration": ("migration_handler", "get_migration_handler", _MigrationHandler),
    "policy": ("autogovernance_handler", "get_autogovernance_handler", _PolicyHandler),
}


def main():
    given = json.loads(sys.stdin.buffer.read())
    if given["packages"]:
        sys.path.append(given["packages"])
    module, entry, kind = HANDLERS[given["handler"]]
    handler = kind(given)
    core = _module("govern.core")
    setattr(core, module, _module("govern.core." + module, **{entry: lambda: handler}))
    _module("govern", core=core)
    try:
        exec(compile(given["script"], given["name"], "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code not in (None, 0):
            handler.fail("the script ended with %s" % end.code)
    except BaseException as raised:
        traceback.print_exc()
        handler.fail(str(raised) or type(raised).__name__)
    answer = json.dumps(handler.answer(), allow_nan=False, default=_plain)
    with os.fdopen(ANSWER, "w") as out:
        out.write(answer)


main()
