"""What the tests asked of the service, and which of the client's methods they called."""

import functools
import importlib
import inspect
import pkgutil
import urllib.parse

import dataikuapi.govern
import requests

PREFIX = "/dip/publicapi"

#: (method, path without the prefix) of every request.
requested = set()
#: (method, path, status) of every answer that says that the service failed.
failed = []
#: `Class.method` of everything that was called.
called = set()


def modules():
    """The client's modules about Govern."""
    yield importlib.import_module("dataikuapi.govern_client")
    for found in pkgutil.iter_modules(dataikuapi.govern.__path__):
        yield importlib.import_module(f"dataikuapi.govern.{found.name}")


def public():
    """Every public method and property of those modules' classes, as (class, name, what it is)."""
    for module in modules():
        for kind in vars(module).values():
            if not inspect.isclass(kind) or kind.__module__ != module.__name__:
                continue
            for name, member in list(vars(kind).items()):
                if not name.startswith("_") and (callable(member) or isinstance(member, (property, staticmethod, classmethod))):
                    yield kind, name, member


def watch():
    """From now on everything is written down."""
    for kind, name, member in public():
        title = f"{kind.__name__}.{name}"
        if isinstance(member, property):
            wrapped = property(
                noted(title, member.fget), member.fset and noted(f"{title}=", member.fset), doc=member.__doc__
            )
        elif isinstance(member, staticmethod):
            wrapped = staticmethod(noted(title, member.__func__))
        elif isinstance(member, classmethod):
            wrapped = classmethod(noted(title, member.__func__))
        else:
            wrapped = noted(title, member)
        setattr(kind, name, wrapped)
    send = requests.Session.send

    @functools.wraps(send)
    def sent(session, request, **more):
        path = urllib.parse.urlsplit(request.url).path
        answer = send(session, request, **more)
        if PREFIX in path:
            short = path.partition(PREFIX)[2]
            requested.add((request.method, "/" + "/".join(part for part in short.split("/") if part)))
            if answer.status_code >= 500:
                failed.append((request.method, path, answer.status_code))
        return answer

    requests.Session.send = sent


def noted(title, function):
    @functools.wraps(function)
    def note(*arguments, **named):
        called.add(title)
        return function(*arguments, **named)

    return note


def titles():
    """What `called` should hold in the end."""
    for kind, name, member in public():
        yield f"{kind.__name__}.{name}"
        if isinstance(member, property) and member.fset:
            yield f"{kind.__name__}.{name}="
