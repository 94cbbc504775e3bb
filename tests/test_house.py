"""What holds for the whole house: no code from strangers runs, nothing speaks to a network, every room has a sign."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.test_imports import ALL, FILES, ROOT

DANGEROUS_MODULES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
NETWORK_MODULES = {"socket", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "websockets", "xmlrpc"}
NETWORK_ALLOWED = {"urllib.parse", "socket.gethostname"}  # taking names apart, and our own name for the lock
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__"}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Every call in a file with the name it is made by, such as torch.load."""
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_nothing_unpacks_strangers_objects() -> None:
    wrong = [str(found) for found in ALL if found.target.split(".")[0] in DANGEROUS_MODULES]
    for path, tree in TREES.items():
        for name, call in calls(tree):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            if name in ("torch.load", "torch.save", "torch.jit.load") or name in DANGEROUS_CALLS:
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} calls {name}")
            if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} calls {name} without allow_pickle=False")
            if given.get("shell") == "True" or name == "os.system":
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno} hands a string to a shell")
    assert not wrong, "\n".join(wrong)


def test_nothing_speaks_to_a_network() -> None:
    wrong = []
    for found in ALL:
        if found.target.split(".")[0] in NETWORK_MODULES and found.target not in NETWORK_ALLOWED:
            text = found.path.read_text(encoding="utf-8")
            uses = {f"{found.target}.{name}" for name in re.findall(rf"\b{found.target}\.(\w+)", text)}
            if not uses or not uses <= NETWORK_ALLOWED:
                wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path, tree in TREES.items() if not ast.get_docstring(tree)]
    assert not silent, silent


def test_nothing_unfinished_is_shipped() -> None:
    words = re.compile(r"\b(TODO|FIXME|HACK|coming soon)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert not found, found


def test_constraints_name_every_dependency() -> None:
    """What pyproject.toml asks for is pinned, so that two set-ups a year apart are the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0].lower().replace("_", "-") for line in wanted}
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    assert names <= pinned, names - pinned


def test_the_readme_begins_with_the_two_commands() -> None:
    top = (ROOT / "README.md").read_text(encoding="utf-8")[:1500]
    assert "python3 packaging/dev.py demo" in top
    assert "python3 packaging/dev.py test" in top
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1].endswith("python3 packaging/dev.py test")


def test_pictures_and_files_named_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:studio|resources|packaging|tests)/[\w./-]+)`", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, missing


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_calls_keep_their_hands_off_none(qtbot: QtBot) -> None:
    """PySide6 6.12 takes a reference to None away with every call that returns nothing, until Python 3.11 aborts."""
    from PySide6.QtWidgets import QWidget

    widget = QWidget()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for number in range(1000):
        widget.setObjectName(str(number))
        widget.update()
        widget.setEnabled(number % 2 == 0)
    assert abs(sys.getrefcount(None) - before) < 500


def test_json_on_disk_is_json(project_once: Path) -> None:
    """A project's files open with any other program."""
    for path in project_once.rglob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        assert data["kind"]
        assert isinstance(data["format"], int)
