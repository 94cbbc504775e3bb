import pytest

from studio.errors import NewerFormat
from studio.project import axes
from studio.project.axes import KnownAxis
from studio.project.folder import ProjectFolder

SOME = (
    KnownAxis(slot=0, name="Glass", ids=(1, 5, 9), scores=(0.5, -1.25, 2.0)),
    KnownAxis(slot=1, ids=(1, 5, 9), scores=(0.0, 1.0, -1.0)),
    KnownAxis(name="Room", ids=(2,), scores=(0.25,)),
)


def test_axes_of_each_family_come_back(project: ProjectFolder) -> None:
    assert axes.load(project, "oneshot") == ()
    axes.save(project, "oneshot", SOME)
    axes.save(project, "texture", SOME[:1])
    assert axes.load(project, "oneshot") == SOME and axes.load(project, "texture") == SOME[:1]
    axes.save(project, "oneshot", [])
    assert axes.load(project, "oneshot") == () and axes.load(project, "texture") == SOME[:1]


def test_what_did_not_change_is_not_written(project: ProjectFolder) -> None:
    axes.save(project, "oneshot", SOME)
    before = project.axes_path.stat().st_mtime_ns, project.axes_path.stat().st_ino
    axes.save(project, "oneshot", SOME)
    assert (project.axes_path.stat().st_mtime_ns, project.axes_path.stat().st_ino) == before


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "axes", "format": 1, "families": 5}', '{"kind": "clip", "format": 1}'])
def test_a_broken_file_is_no_axes_and_goes_to_the_backup(project: ProjectFolder, text: str) -> None:
    project.axes_path.write_text(text)
    assert axes.load(project, "oneshot") == ()
    axes.save(project, "oneshot", SOME)
    assert axes.load(project, "oneshot") == SOME and (project.backup / "axes.json").read_text() == text


def test_a_newer_file_is_left_alone(project: ProjectFolder) -> None:
    project.axes_path.write_text('{"kind": "axes", "format": 9}')
    assert axes.load(project, "oneshot") == ()
    with pytest.raises(NewerFormat):
        axes.save(project, "oneshot", SOME)
    assert project.axes_path.read_text() == '{"kind": "axes", "format": 9}'


@pytest.mark.parametrize(
    "bad",
    [
        KnownAxis(ids=(1, 2), scores=(1.0,)),
        KnownAxis(ids=(1, 1), scores=(1.0, 2.0)),
        KnownAxis(ids=(1,), scores=(1e9,)),
        KnownAxis(slot=-1),
        KnownAxis(slot=1000),
    ],
)
def test_axes_without_sense_are_left_out(project: ProjectFolder, bad: KnownAxis) -> None:
    axes.save(project, "oneshot", [bad, SOME[0]])
    assert axes.load(project, "oneshot") == SOME[:1]
