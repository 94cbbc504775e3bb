"""`wavewright plugins`, and `edit` with a plug-in."""

from __future__ import annotations

import json

import numpy as np
import pytest

from studio import cli
from studio.audio import files
from tests.audio.make import noise
from tests.plugins import compiled


@pytest.fixture
def run(capsys):
    def run(*words: object) -> tuple[int, dict, str]:
        capsys.readouterr()
        status = cli.main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out.splitlines()[-1]).get("result", {}) if out else {}, err

    return run


def test_a_plug_in_is_added_used_and_removed(run, no_plugins, plugins_once, tmp_path):
    assert run("plugins")[:2] == (0, {"plugins": [], "refused": []})
    status, result, _ = run("plugins", "--add", compiled() / "Mono.vst3", compiled() / "Broken.vst3")
    (mono,) = result["plugins"]
    assert status == 0 and (mono["name"], mono["parameters"]) == ("Mono", 1) and mono["path"].endswith("Mono.vst3")
    assert [no["reason"] for no in result["refused"]] == ["it crashed"]
    assert 'plugin "Mono"' in {step["name"] for step in run("edit", "--list")[1]["steps"]}
    before = files.write(tmp_path / "in.wav", noise(0.2), subtype="FLOAT")
    status, _, err = run("edit", before, tmp_path / "out.wav", "--do", "plugin mono gain=-6 tail=0", "--bits", "32f")
    assert status == 0, err
    np.testing.assert_allclose(files.read(tmp_path / "out.wav").samples, noise(0.2).samples * 10**-0.3, rtol=1e-5)
    assert run("plugins", "--remove", "mono")[1]["plugins"] == []
    assert run("plugins", "--remove", "mono")[0] == 2
    status, _, err = run("edit", before, tmp_path / "no.wav", "--do", "plugin mono gain=-6")
    assert status == 2 and "Name a plug-in" in err and not (tmp_path / "no.wav").exists()


def test_the_list_is_said_in_lines(plugins, capsys):
    assert cli.main(["plugins"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Many", "1.2.3", "by", "Wavewright", "tests", plugins.plugins[0].identifier]
    assert any("Synth.vst3: it is an instrument" in line for line in lines)
