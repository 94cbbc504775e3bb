"""Imports follow the sound: files → library → model → clips → export, and never back. This walks every file's syntax tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "studio").rglob("*.py"))

LAYERS = (  # each part may import itself, what stands above it, and, where its line says so, its neighbours
    {"errors", "events", "fields", "settings"},
    {"audio"},
    {"project"},
    {"library", "models", "explore"},
    {"training", "generate", "augment", "evaluate", "metrics", "export"},
    {"engine", "cli", "doctor"},
    {"gui"},
    {"__main__"},
)
NEIGHBOURS = {  # in the same line of LAYERS, and yet the first builds on the second
    ("events", "errors"),
    ("fields", "errors"),
    ("settings", "fields"),
    ("library", "models"),  # the reader hands out what models.base asks for
    ("generate", "training"),
    ("evaluate", "generate"),
    ("evaluate", "metrics"),
    ("augment", "generate"),
    ("augment", "evaluate"),
    ("cli", "doctor"),
}
TORCH_FREE_MODELS = {"studio/models/__init__.py", "studio/models/controls.py"}
TORCH = {  # beside models/ and training/, and engine/ inside functions
    *("library/reader.py", "generate.py", "evaluate/__init__.py", "evaluate/again.py"),
}
NO_TORCH_TRAINING = {  # the window reads runs with these
    *("ranks.py", "run.py", "plan.py", "queue.py", "verdict.py", "curves.py"),
    *("process.py", "pulse.py", "power.py", "reserve.py", "goals.py", "trouble.py"),
    *("space.py", "searches.py", "presets.py", "trial.py", "study.py", "search.py", "children.py"),
}


class Import(NamedTuple):
    """One import of `target` at `line` of `path`. late: inside a function; typing: only for type checkers."""

    path: Path
    line: int
    target: str
    late: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.target}"


def imports(path: Path) -> Iterator[Import]:
    """Every import in a file, names of submodules included (`from studio.audio import files` gives studio.audio.files)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    def walk(node: ast.AST, late: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(path, child.lineno, name.name, late, typing) for name in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: relative imports hide where things come from"
                base = child.module or ""
                for name in child.names:
                    whole = f"{base}.{name.name}"
                    inside = base == "studio" or _is_module(whole)
                    yield Import(path, child.lineno, whole if inside else base, late, typing)
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            only_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from walk(child, late or function, typing or only_types)

    yield from walk(tree, False, False)


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


ALL = [found for path in FILES for found in imports(path)]


def part(name: str) -> str:
    """studio.audio.files → audio; studio/generate.py → generate."""
    pieces = name.split(".")
    return pieces[1] if len(pieces) > 1 else ""


def part_of(path: Path) -> str:
    inside = path.relative_to(ROOT / "studio")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def layer(name: str) -> int:
    return next(n for n, line in enumerate(LAYERS) if name in line)


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in FILES} - {"__init__"}
    assert parts <= set.union(*LAYERS), parts - set.union(*LAYERS)
    assert not {(there, here) for here, there in NEIGHBOURS} & NEIGHBOURS


def test_imports_never_go_back() -> None:
    wrong = []
    for found in ALL:
        here, there = part_of(found.path), part(found.target)
        if not found.target.startswith("studio.") or here in ("__init__", there) or found.typing:
            continue
        if there not in set.union(*LAYERS):
            continue  # a name of the package itself, such as its version
        if layer(there) > layer(here) or (layer(there) == layer(here) and (here, there) not in NEIGHBOURS):
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_torch_stays_where_models_live() -> None:
    wrong = []
    for found in ALL:
        if found.target.split(".")[0] not in ("torch", "onnxruntime", "onnx", "onnxscript", "safetensors") or found.typing:
            continue
        inside = found.path.relative_to(ROOT / "studio").as_posix()
        here = part_of(found.path)
        allowed = (
            (here == "models" and f"studio/{inside}" not in TORCH_FREE_MODELS)
            or (here == "training" and found.path.name not in NO_TORCH_TRAINING)
            or inside in TORCH
            or (here in ("engine", "cli") and found.late)
        )
        if not allowed:
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_qt_begins_at_the_engine() -> None:
    wrong = []
    for found in ALL:
        if found.target.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            here = part_of(found.path)
            core = found.target in ("PySide6.QtCore", "PySide6")
            if not (here == "gui" or (here == "engine" and core)):
                wrong.append(str(found))
            assert "QtMultimedia" not in found.target, found
    assert not wrong, "\n".join(wrong)


def test_one_door_to_each_outside_library() -> None:
    doors = {"soundfile": {"audio/files.py"}, "rtmixer": {"audio/output.py"}, "sounddevice": {"audio/output.py"}}
    wrong = [
        str(found)
        for found in ALL
        if found.target.split(".")[0] in doors
        and found.path.relative_to(ROOT / "studio").as_posix() not in doors[found.target.split(".")[0]]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("studio.gui.app", ("torch", "onnxruntime", "rtmixer", "scipy.signal")),
        ("studio.__main__", ("torch", "PySide6", "numpy")),
        ("studio.cli", ("torch", "PySide6", "onnxruntime")),
        ("studio.training.run", ("torch", "PySide6")),
        ("studio.doctor", ("torch", "PySide6", "sounddevice")),
        ("studio.library.importer", ("torch", "PySide6")),
        ("studio.explore.axes", ("torch", "PySide6")),
    ],
)
def test_importing_stays_light(module: str, without: tuple[str, ...]) -> None:
    """The window must paint before torch is imported; so nothing on its way there may pull it in."""
    code = f"import sys, {module}; print([name for name in {without!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
