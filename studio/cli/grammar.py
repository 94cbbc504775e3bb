"""What can be said on the command line: every verb that is built, with its arguments."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import studio

EPILOG = "Without a verb the window opens; `wavewright PROJECT` opens it on a project."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        print(f"{message[0].upper()}{message[1:]}.\nSee `{self.prog} --help`.", file=sys.stderr)
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """Every verb with its arguments. Only what is built is listed."""
    whole = _Parser(prog="wavewright", description=studio.__doc__ or "Wavewright", epilog=EPILOG)
    whole.add_argument("--version", action="version", version=f"Wavewright {studio.__version__}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(module: str, name: str, text: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        one.add_argument("--json", action="store_true", help="events as JSON lines, the result last")
        one.set_defaults(module=module)
        return one

    one = verb("library", "new", "make a project, perhaps with sounds")
    one.add_argument("project", metavar="PROJECT")
    one.add_argument("--from", dest="folders", nargs="+", default=[], metavar="FOLDER")

    one = verb("library", "import", "bring folders of sounds into a project; known ones are skipped")
    one.add_argument("project", metavar="PROJECT")
    one.add_argument("folders", nargs="+", metavar="FOLDER")
    one.add_argument("--copy", action="store_true", help="copy the sounds into the project")

    one = verb("library", "check", "say what a model will hear of a project's sounds")
    one.add_argument("project", metavar="PROJECT")

    one = verb("library", "info", "say what a project, a run, a trained model or a sound file is")
    one.add_argument("target", metavar="PROJECT|RUN|FILE")

    one = verb("training", "train", "train a model on a project's sounds, or go on with a run")
    one.add_argument("target", metavar="PROJECT|RUN")
    one.add_argument("--model", default=None, metavar="FAMILY", help="which family (default: oneshot)")
    one.add_argument("--preset", metavar="NAME", help="settings with a name, such as those a search found")
    length = one.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="M", help="how long (default: 30 on a CPU, 20 on a GPU)")
    length.add_argument("--steps", type=int, metavar="N")
    one.add_argument("--set", dest="settings", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="any setting")
    one.add_argument("--name", default="", help="what to call the run")
    one.add_argument("--resume", metavar="RUN", help="go on with this run of the project, by name or path")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default=None)
    one.add_argument("--prepare", action="store_true", help="write the run folder, do not start")

    one = verb("search", "search", "look for better settings with many short trainings")
    one.add_argument("project", metavar="PROJECT")
    one.add_argument("--model", default=None, metavar="FAMILY", help="which family (default: oneshot)")
    one.add_argument("--minutes", type=float, metavar="M", help="how long the whole search takes, by the clock")
    one.add_argument("--trial", type=float, metavar="M", help="how long each training is (default: by the time there is)")
    one.add_argument(
        "--over",
        action="extend",
        nargs="+",
        default=[],
        metavar="FIELD[=LOW:HIGH]",
        help="what to change (default: what is usually worth it); choices as FIELD=A,B",
    )
    one.add_argument("--set", dest="settings", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="any setting")
    one.add_argument("--workers", type=int, default=None, metavar="N", help="trainings at a time (default: by this machine)")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default=None)
    one.add_argument("--shared", action="store_true", help="several machines will work on it in a shared folder")
    going = one.add_mutually_exclusive_group()
    going.add_argument("--resume", nargs="?", const="", metavar="SEARCH", help="go on, or help where it runs (default: newest)")
    going.add_argument("--stop", nargs="?", const="", metavar="SEARCH", help="stop one at a safe point (default: newest)")

    one = verb("queue", "queue", "list the runs that wait, or train them one after another")
    one.add_argument("project", metavar="PROJECT")
    one.add_argument("--add", action="append", default=[], metavar="RUN", help="put a run at the end")
    one.add_argument("--remove", action="append", default=[], metavar="RUN", help="let a run wait no longer")
    one.add_argument("--first", action="append", default=[], metavar="RUN", help="let a run be the next")
    one.add_argument("--run", action="store_true", help="train them now, in order, after what is at work")
    one.add_argument("--then", choices=("sleep", "off"), help="what the computer does when the last one is done")

    for name, text in (
        ("stop", "stop a training at a safe point"),
        ("pause", "pause a training; its memory is freed"),
        ("slower", "halve the learning rate of a training from here on"),
        ("best", "have a training go back to its best moment, and on from there at half the rate"),
    ):
        one = verb("training", name, text)
        one.add_argument("run", metavar="RUN")

    one = verb("training", "fit", "try out with a few steps whether the training of a run fits into memory")
    one.add_argument("run", metavar="RUN")

    one = verb("training", "resume", "go on with a run, here")
    one.add_argument("run", metavar="RUN")
    one.add_argument("--minutes", type=float, metavar="M", help="train so much longer than planned, finished or not")

    one = verb("training", "star", "keep a moment of a run for ever")
    one.add_argument("run", metavar="RUN")
    one.add_argument("--step", type=int, help="which moment (default: now, or the newest)")

    one = verb("sounds", "generate", "make new sounds")
    one.add_argument("target", metavar="PROJECT|RUN")
    how_many = one.add_mutually_exclusive_group()
    how_many.add_argument("--count", type=int, default=1)
    how_many.add_argument("--per-class", type=int, metavar="N", help="N of each label, in a folder of its name")
    how_many.add_argument("--recipe", default="", metavar="OURS.wav", help="the sound of a file of ours again, edits and all")
    one.add_argument("--checked", action="store_true", help="of --per-class: no silent ones, no copies, none of another label")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--class", dest="classes", default="", metavar="NAME[=W],…", help="labels, mixed by weight")
    one.add_argument("--pitch", type=float, metavar="NOTE", help="MIDI note")
    one.add_argument("--velocity", type=float, metavar="0–127")
    one.add_argument("--seconds", type=float)
    one.add_argument("--text", default="")
    one.add_argument("--speaker", default="")
    one.add_argument("--prompt", default="", metavar="IN.wav", help="a sound to continue")
    one.add_argument("--input", default="", metavar="IN.wav", help="a sound to transform")
    one.add_argument("--temperature", type=float, default=1.0, help="1 is the trained spread")
    one.add_argument("--like", default="", metavar="IN.wav", help="around where the model hears this sound")
    one.add_argument("--radius", type=float, metavar="R", help="how far from it, in usual spreads of sounds (default: 0.5)")
    _made(one)

    one = verb("sounds", "encode", "say where a model hears a sound")
    one.add_argument("run", metavar="PROJECT|RUN")
    one.add_argument("sound", metavar="IN.wav")
    one.add_argument("out", metavar="OUT.npy")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    one = verb("sounds", "decode", "make the sound of a latent")
    one.add_argument("run", metavar="PROJECT|RUN")
    one.add_argument("latent", metavar="IN.npy")
    one.add_argument("out", metavar="OUT.wav")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--class", dest="classes", default="", metavar="NAME[=W],…")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    one = verb("sounds", "morph", "make the steps from one sound to another")
    one.add_argument("run", metavar="PROJECT|RUN")
    one.add_argument("a", metavar="A.wav")
    one.add_argument("b", metavar="B.wav")
    one.add_argument("--steps", type=int, default=8)
    one.add_argument("--shape", choices=("straight", "spherical"), help="of the way (default: what suits the model)")
    one.add_argument("--seed", type=int, default=0)
    _made(one)

    one = verb("edit", "edit", "edit sound files, or convert them: trim, fade, stretch, mix, effects …")
    one.add_argument("paths", nargs="*", metavar="IN… OUT", help="files or folders, and a new WAV or a folder for several")
    one.add_argument("--do", action="append", default=[], metavar="STEP", help="“fade-out 50ms”; as often as there are steps")
    one.add_argument("--list", action="store_true", help="say every step and what it asks for")
    one.add_argument("--bits", choices=("16", "24", "32f"), default=None, help="(default: 24)")
    one.add_argument("--rate", default=None, metavar="HZ", help="(default: that of the sound)")

    one = verb("library", "similar", "find the project's sounds that are most like one")
    one.add_argument("project", metavar="PROJECT")
    one.add_argument("sound", metavar="IN.wav")
    one.add_argument("--count", type=int, default=10)

    one = verb("sounds", "export", "write a project's clips, sound files or whole folders for others; or the curves of runs")
    one.add_argument("targets", nargs="+", metavar="PROJECT|FILE|FOLDER|RUN")
    one.add_argument(
        "--as",
        dest="format",
        default="wav",
        metavar="FORMAT",
        help="wav flac aiff mp3 ogg, wavetable, sfz dspreset multisample (instruments), pack; of runs: tensorboard",
    )
    one.add_argument("--bits", choices=("16", "24", "32f"), default=None)
    one.add_argument("--rate", default=None, metavar="HZ")
    one.add_argument(
        "--set", dest="settings", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help="any option of the format"
    )
    one.add_argument(
        "--names",
        default="{name}",
        metavar="TEMPLATE",
        help="{name} {label} {tag} {note} {key} {bpm} {velocity} {rate} {pack} {take} {n} {date} {model} {step} {seed}; "
        "a / makes folders",
    )
    one.add_argument("--out", required=True, metavar="FOLDER")

    one = verb("models", "evaluate", "measure a trained model against held-out sounds")
    one.add_argument("run", metavar="PROJECT|RUN")
    one.add_argument("--count", type=int, default=256)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    one = verb("models", "axes", "name the main directions of a model's sounds")
    one.add_argument("run", metavar="PROJECT|RUN")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    one = verb("models", "demo", "the whole way once: sounds, a short training, new sounds and a picture")
    one.add_argument("--minutes", type=float, default=2.0)
    one.add_argument(
        "--out", default="Wavewright demo", metavar="FOLDER", help="a new folder (default: “Wavewright demo” here)"
    )
    one.add_argument("--count", type=int, default=16)
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    one.add_argument("--no-window", dest="window", action="store_false", help="do not open the window afterwards")

    one = verb("plugins", "plugins", "list the effects of other makers (VST3, Audio Units) that `edit` and the window may use")
    change = one.add_mutually_exclusive_group()
    change.add_argument("--find", action="store_true", help="look at what is installed in the usual folders")
    change.add_argument("--add", nargs="+", default=[], metavar="PATH", help="look at a plug-in, or a folder of them")
    change.add_argument("--remove", default="", metavar="ID", help="use the file of this one no more, by identifier or name")

    verb("models", "doctor", "say what of this machine Wavewright can use, and what is missing")
    return whole


def _made(one: argparse.ArgumentParser) -> None:
    one.add_argument("--out", required=True, metavar="FOLDER")
    one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")


def names() -> frozenset[str]:
    """Every verb."""
    action = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return frozenset(action.choices)
