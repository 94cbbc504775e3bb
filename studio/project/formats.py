"""The history of what a project is on disk. Every format that ever left this house stays readable, with a golden project in
tests/formats/v<n>.

Format 1 (0.1)
    project.json          kind "project": app, id, name, created (seconds since the epoch)
    clips/<id>.json       kind "clip": id, name, tags, stars, created, recipe or null, edits, rate, frames, channels; once the
                          edits changed also history: current and nodes (id, parent, edits, what, time), every state they
                          have been in; one that is no tree, or not there, begins anew
    clips/<id>.wav        the sound as kept, 32-bit float, with the recipe in its `wwrc` chunk; edits never touch it
    clips/material/       <sha1 of rate, channels and samples>.wav, 32-bit float: sounds that edits of clips bring in, never
                          written again; not there until the first; may be deleted, then only those edits can't be done
    runs/<name>/          config.json kind "run", status.json kind "status", checkpoints/*/config.json kind "checkpoint",
                          previews/*/preview.json kind "preview"; events.jsonl is append-only and has no header;
                          evaluations/*/ evaluation.json kind "evaluation" and picture.png
    searches/<name>/      search.json kind "search", status.json kind "search-status"; study.sqlite or study.journal is
                          Optuna's; may be deleted when nothing is trained, then only what was tried is lost
    presets.json          kind "presets": presets, each a name, a family, and what differs from the recommended config and plan
    pins.json             kind "pins": pins, each a letter A to H, the recipe of its sound, x and y on the morph pad (±1), and
                          seconds, how long it came out; a letter stands once for each run; not there until one is set
    axes.json             kind "axes": families, for each the axes as last shown: slot among the faders or null, the user's own
                          name, and where it puts some sounds of the library (ids, scores in σ); may be deleted, then only
                          names and places of the faders are lost
    history.json          kind "history": where one has been in Explore, as a tree: current, nodes (id, parent, what, time,
                          model, run, request, latent as `rows` of base64 float32, outline of the sound, forward: the child
                          visited last); replaced after each move, may be deleted, does without damaged nodes
    library.sqlite        `PRAGMA user_version` is its format: 1 has the tables sound, picture and problem
    .studio/              lock, holder.json, trash/, backup/: of this machine, may be deleted when nothing is open

A clip exists when its JSON stands in clips/: it is written after the WAV and trashed before it.
"""

from __future__ import annotations

from studio.project.migrations import STEPS


def current(kind: str) -> int:
    """The format in which this version writes files of `kind`."""
    return len(STEPS[kind]) + 1
