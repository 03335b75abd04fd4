from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.adapters import rasa_project
from bot.adapters.rasa_project import FINGERPRINT, MODEL, TrainingFailed, fingerprint, is_current, train


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in {
        "config.yml": "language: en", "domain.yml": "version: '3.1'", "data/nlu/greet.yml": "nlu: []",
        "data/rules/greet.yml": "rules: []", "data/stories/x.yml": "stories: []", "bot/nlu/classifier.py": "x = 1",
        "README.md": "hello", "data/notices.yml": "handoff: {}", "actions/cards.py": "",
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    "name",
    ["config.yml", "domain.yml", "data/nlu/greet.yml", "data/rules/greet.yml", "data/stories/x.yml",
     "bot/nlu/classifier.py"],
)  # fmt: skip
def test_a_change_of_what_it_is_trained_from_makes_the_model_old(project: Path, name: str) -> None:
    before = fingerprint(project)
    (project / name).write_text((project / name).read_text() + "\n")
    assert fingerprint(project) != before


def test_new_moved_and_deleted_files_count(project: Path) -> None:
    seen = {fingerprint(project)}
    (project / "data/nlu/new").mkdir()
    (project / "data/nlu/new/deep.yml").write_text("nlu: []")
    seen.add(fingerprint(project))
    (project / "data/nlu/new/deep.yml").rename(project / "data/nlu/new/renamed.yml")
    seen.add(fingerprint(project))
    (project / "data/rules/greet.yml").unlink()
    seen.add(fingerprint(project))
    assert len(seen) == 4


def test_text_moved_from_one_file_to_the_next_counts(project: Path) -> None:
    (project / "data/nlu/a.yml").write_text("ab")
    (project / "data/nlu/b.yml").write_text("c")
    before = fingerprint(project)
    (project / "data/nlu/a.yml").write_text("a")
    (project / "data/nlu/b.yml").write_text("bc")
    assert fingerprint(project) != before


@pytest.mark.parametrize("name", ["README.md", "data/notices.yml", "actions/cards.py"])
def test_what_no_model_is_made_of_does_not_count(project: Path, name: str) -> None:
    before = fingerprint(project)
    (project / name).write_text("changed")
    assert fingerprint(project) == before


def test_another_rasa_makes_the_model_old(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(project)
    monkeypatch.setattr(rasa_project, "version", lambda name: "9.9.9")
    assert fingerprint(project) != before


class TestTraining:
    """With a stand-in for `python -m rasa train`, because the real one is minutes of TensorFlow."""

    @pytest.fixture
    def rasa(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        script = tmp_path / "python"
        script.write_text(
            f"#!{sys.executable}\n"
            "import pathlib, sys\n"
            "out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])\n"
            "print('Training …'); print(' '.join(sys.argv[1:]))\n"
            "if pathlib.Path('config.yml').read_text() == 'broken':\n"
            "    print('YAML is broken'); sys.exit(1)\n"
            "(out / (sys.argv[sys.argv.index('--fixed-model-name') + 1] + '.tar.gz')).write_text('model')\n"
        )
        script.chmod(0o755)
        monkeypatch.setattr(rasa_project.sys, "executable", str(script))
        return script

    def test_the_new_model_takes_the_place_of_the_old(self, project: Path, tmp_path: Path, rasa: Path) -> None:
        models = tmp_path / "models"
        assert not is_current(project, models)
        lines: list[str] = []
        made = train(project, models, lines.append)
        assert made == models / MODEL
        assert is_current(project, models)
        assert lines[0] == "Training …"
        assert "--data data/nlu data/rules data/stories" in lines[1]
        assert {path.name for path in models.iterdir()} == {MODEL, FINGERPRINT}
        (project / "domain.yml").write_text("changed")
        assert not is_current(project, models)

    def test_a_failed_training_leaves_the_old_one_and_says_why(self, project: Path, tmp_path: Path, rasa: Path) -> None:
        models = tmp_path / "models"
        train(project, models, lambda line: None)
        (models / MODEL).write_text("old")
        (project / "config.yml").write_text("broken")
        with pytest.raises(TrainingFailed, match="YAML is broken"):
            train(project, models, lambda line: None)
        assert (models / MODEL).read_text() == "old"
        assert not is_current(project, models)
