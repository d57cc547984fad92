"""The script of the README runs as it is printed, again and again."""

import os
import pathlib
import re
import subprocess
import sys

import conftest

README = pathlib.Path(__file__).parents[2] / "README.md"
SECONDS_MAX = 60


def script():
    section = README.read_text().partition("## Coming from Dataiku")[2].partition("\n## ")[0]
    [found] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return found


def run(url):
    environment = {**os.environ, "COUNTERSIGN_URL": url, "COUNTERSIGN_KEY": conftest.ADMIN_KEY}
    done = subprocess.run(
        [sys.executable, "-c", script()], env=environment, capture_output=True, text=True, timeout=SECONDS_MAX
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_script_of_the_readme_runs_as_printed(tmp_path):
    service = conftest.Service(tmp_path)
    try:
        first = run(service.url)
        assert first[0] == "a GOVERN node, asked by api:ak.1"
        [found] = first[1:]
        assert found.endswith("Fewer false claims - Find fraud before it is paid")
        assert run(service.url)[1:] and len(run(service.url)) == 4
        [made] = [
            item
            for item in conftest.Native(service.url).items("/items", blueprint="bp.system.business_initiative")
            if item["id"] == found.split()[0]
        ]
        assert made["fields"]["description"] == "Find fraud before it is paid"
    finally:
        service.stop()
