"""What import-linter can't say: what a running gateway loads, who asks which channel it is, how big a file may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import PROJECT
from channels.registry import CHANNELS

HEAVY = ("rasa", "rasa_sdk", "tensorflow", "numpy", "sklearn", "spacy")
PACKAGES = ("bot", "channels", "actions", "sandbox")
LONGEST_FILE = 400  # lines


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in sorted((PROJECT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("process", ["gateway", "courier", "recorder", "up", "sandbox"])
def test_only_workers_load_the_assistants_libraries(process: str) -> None:
    code = (
        f"import sys, bot.cli, bot.entrypoints.{process}\n"
        f"print(sorted(set({HEAVY!r}) & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_nobody_outside_channels_asks_which_channel_it_is() -> None:
    """Differences are capabilities and methods. A comparison with a platform's name would be the core's own list."""
    asked = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path, tree in sources("bot", "actions")
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare | ast.Match) and _names_a_channel(node)
    ]
    assert asked == []


def _names_a_channel(node: ast.Compare | ast.Match) -> bool:
    parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [case.pattern for case in node.cases]
    return any(isinstance(leaf, ast.Constant) and leaf.value in CHANNELS for part in parts for leaf in ast.walk(part))


def test_the_comparison_check_can_see() -> None:
    guilty = ["x == 'telegram'", "c.name in ('webchat', 'x')", "'telegram' != name", "match x:\n case 'webchat': pass"]
    for code in guilty:
        assert any(
            _names_a_channel(node) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Compare | ast.Match)
        ), code
    assert not _names_a_channel(ast.parse("x == 'post'").body[0].value)  # type: ignore[attr-defined]


def test_files_stay_readable() -> None:
    long = [
        str(path.relative_to(PROJECT))
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*")
        if path.suffix in {".py", ".lua", ".js", ".css", ".html"}
        and "__pycache__" not in path.parts
        and len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ]
    assert long == []


def test_the_import_contracts_cover_every_part() -> None:
    """A new part of `bot` or a new channel has to find its floor, or the layers would not see it."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    placed = {module.strip() for layer in layers for module in layer.split("|")}
    parts = {
        f"{package}.{path.stem}"
        for package in ("bot", "channels")
        for path in (PROJECT / package).iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }
    on_their_own = {"bot.nlu"}  # the assistant's own graph components belong to Rasa's side
    assert parts - placed - on_their_own == set()
    [independent] = [set(contract["modules"]) for contract in contracts if contract["type"] == "independence"]
    assert independent == {f"channels.{name}" for name in CHANNELS}


def test_nothing_is_read_from_the_environment_but_in_settings() -> None:
    """Settings are read once and refused when wrong; a key read elsewhere would be neither documented nor checked."""
    readers = {
        str(path.relative_to(PROJECT))
        for path, tree in sources("bot", "channels", "sandbox")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.getenv", "os.environ.get"}
    }
    assert readers == set()
