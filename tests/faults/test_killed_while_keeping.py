"""kill -9 at random moments of keeping, editing and trashing: the project opens and every finished clip is as it was said."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from studio.project.folder import ProjectFolder

_WORK = """
import json, random, sys
import msgspec, numpy as np
from studio.audio.sound import Sound
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe

def say(*what):
    print(json.dumps(what), flush=True)

project = ProjectFolder.open(sys.argv[1])
rng = random.Random(int(sys.argv[2]))
say("open")
clips = project.clips()
while True:
    act = rng.choice(["keep", "keep", "edit", "trash", "restore"])
    if act == "keep" or not clips:
        seed = rng.randrange(1 << 30)
        samples = np.random.default_rng(seed).uniform(-1, 1, (1, 2000)).astype(np.float32)
        clip = project.keep(Sound(samples, 44100), Recipe(family="oneshot"), str(seed))
        clips.append(clip)
        say("kept", clip.id, seed)
    elif act == "edit":
        i = rng.randrange(len(clips))
        clips[i] = msgspec.structs.replace(clips[i], stars=clips[i].stars + 1)
        say("will", clips[i].id, clips[i].stars)
        project.update_clip(clips[i])
        say("edited", clips[i].id, clips[i].stars)
    elif act == "trash":
        clip = rng.choice(clips)
        say("throws", clip.id)
        project.trash_clip(clip.id)
        say("thrown", clip.id)
        project.restore_clip(clip.id)
        say("back", clip.id)
"""


@pytest.mark.slow
def test_no_moment_to_die_loses_a_clip(tmp_path: Path) -> None:
    root = tmp_path / "P"
    ProjectFolder.create(root).close()
    seeds: dict[str, int] = {}
    stars: dict[str, set[int]] = {}
    rng = random.Random(5)
    for moment in range(20):
        command = [sys.executable, "-c", _WORK, str(root), str(moment)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None and json.loads(child.stdout.readline()) == ["open"]
            time.sleep(rng.uniform(0.0, 0.15))
            child.kill()
            said = [json.loads(line) for line in child.stdout.read().splitlines() if line.endswith("]")]
        floating: set[str] = set()
        for what, id, *value in said:
            if what == "kept":
                seeds[id], stars[id] = value[0], {0}
            elif what == "will":
                stars[id] |= {value[0]}
            elif what == "edited":
                stars[id] = {value[0]}
            elif what == "throws":
                floating = {id}
            elif what == "back":
                floating = set()
        with ProjectFolder.open(root) as project:
            for id in floating:
                if (project.trash / f"{id}.json").exists():
                    project.restore_clip(id)
            found = {clip.id: clip for clip in project.clips()}
            assert not project.broken and set(seeds) <= set(found)
            for id, seed in seeds.items():
                expected = np.random.default_rng(seed).uniform(-1, 1, (1, 2000)).astype(np.float32)
                assert np.array_equal(project.clip_sound(id).samples, expected)
                assert found[id].name == str(seed) and found[id].stars in stars[id]
                stars[id] = {found[id].stars}
            assert not [p.name for p in project.clips_dir.iterdir() if p.suffix not in (".wav", ".json")]
            for id in set(found) - set(seeds):  # kept, but killed before it could say so
                project.trash_clip(id)
    assert len(seeds) > 20


_IMPORT = """
import sys
from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder

if __name__ == "__main__":
    with ProjectFolder.open(sys.argv[1]) as project:
        for event in import_folders(project, [sys.argv[2]], workers=1, copy=True):
            print("event", flush=True)
"""


def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path, sounds_folder: Path) -> None:
    from studio.library.importer import import_folders
    from studio.library.index import Index

    root, script = tmp_path / "P", tmp_path / "importing.py"
    script.write_text(_IMPORT)
    ProjectFolder.create(root).close()
    for events in (3, 4, 6):
        command = [sys.executable, str(script), str(root), str(sounds_folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment()) as child:
            assert child.stdout is not None
            for _ in range(events):
                child.stdout.readline()
            helpers = psutil.Process(child.pid).children(recursive=True)
            child.kill()
        assert not psutil.wait_procs(helpers, timeout=10)[1]
    with ProjectFolder.open(root) as project:
        for _ in import_folders(project, [sounds_folder], copy=True):
            pass
        with Index(project) as index:
            assert index.labels() == [("hat", 8), ("kick", 8), ("snare", 8)]
            assert all(Path(row.path).is_file() for row in index.rows())


def _environment() -> dict[str, str]:
    import os

    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
