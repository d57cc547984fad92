# Everything a script must not be able to do, tried; the first that works is the error.
import os
import signal
import socket
import subprocess
import threading

from govern.core.handler import get_handler

handler = get_handler()
told = handler._given["input"]


def refused(what, attempt):
    try:
        attempt()
    except (OSError, ValueError, subprocess.SubprocessError):
        return
    if handler.status != "ERROR":
        handler.fail("a script could " + what)


def connect():
    socket.create_connection(("127.0.0.1", 9), timeout=1)


refused("look into the data directory", lambda: os.listdir(told["kept"]))
refused("write into the data directory", lambda: open(os.path.join(told["kept"], "escaped"), "w"))
refused("write a file", lambda: open("/tmp/countersign-escaped", "w"))
refused("change the mode of a file", lambda: os.chmod(told["kept"], 0o700))
refused("see other processes", lambda: open("/proc/%d/environ" % told["pid"]))
refused("signal other processes", lambda: os.kill(told["pid"], 0))
refused("connect", connect)
refused("open a socket of another kind", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
refused("make a pair of sockets", socket.socketpair)
refused("start a process", lambda: subprocess.run(["true"], check=False))
refused("fork", os.fork)
refused("leave its session", os.setsid)
refused("lift its limits", lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_NOFILE, (1, 1)))
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
