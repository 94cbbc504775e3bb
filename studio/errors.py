"""Everything that can go wrong, by name. Whoever catches one has a sentence to show and a hint to give.

StudioError
├── AudioError            a sound file or its content
│   ├── UnreadableAudio   no decoder understands it, or it is gone
│   ├── EmptyAudio        a valid file without a single frame
│   ├── SilentAudio       a sound in which a model hears nothing
│   ├── UnsupportedAudio  outside 4–384 kHz or 1–16 channels
│   ├── TooLong           an edit for which there is not enough memory
│   ├── UnwritableAudio   a sound file that could not be written
│   ├── PluginError       another maker's effect
│   │   ├── MissingPlugin not on this user's list, or its file is gone
│   │   ├── PluginRefused it was looked at and can't be used
│   │   └── PluginStopped it crashed, hung, or gave what is no sound
│   ├── DeviceError       no sound device, or it went away
│   └── MidiError         no MIDI on this machine
├── ProjectError          a project folder
│   ├── NotAProject
│   ├── NewerFormat       written by a newer Wavewright
│   ├── BrokenFile        a project file that is not what it says
│   ├── ProjectBusy       another window has it open
│   ├── NotSaved          the system refused a write (a full disk is DiskFull)
│   ├── MissingMaterial   an edit brings in a sound that is gone
│   └── AlreadyThere      something of the user's would be overwritten
├── LibraryError          the sounds of a project
│   ├── NothingToLearn    no sound is included and usable
│   └── NoNotes           a model of notes, and no sound's pitch is known
├── ModelError            a family, its config or a checkpoint
│   ├── UnknownFamily
│   ├── BadConfig
│   ├── BrokenCheckpoint
│   ├── NothingTrained    a project or run without a finished checkpoint
│   ├── BadLatent         numbers that are no place in a model's space
│   ├── NotOffered        the model does not have what a request asks for
│   └── NotMeasured       a measurement whose process said no result
├── TrainingError         a run
│   ├── OutOfMemory
│   ├── Diverged          losses stayed non-finite after every rollback
│   ├── DeviceLost        the graphics card or its driver gave up
│   ├── ProcessLost       one of several that train a run together is gone
│   ├── Interrupted       its process was ended without a word
│   └── DiskFull
├── ExportError           a file that could not be written for others
│   └── NoRoom            the disk has less space than an export needs
└── UsageError            a command line that asks for something impossible

An error declares its English sentence and hint once, with named gaps. `key` and `values` let a window translate it.
Third-party exceptions are translated into these where they enter, never further in.
"""

from __future__ import annotations

import zipfile
import zlib
from tokenize import TokenError
from typing import Any, ClassVar

TORN_ARRAY: tuple[type[Exception], ...] = (
    *(OSError, ValueError, TypeError, LookupError, EOFError, MemoryError, OverflowError),
    *(SyntaxError, TokenError, zipfile.BadZipFile, zlib.error),
)
"""What numpy and its zip reader raise where an .npy or .npz file is torn, or not what it says."""


class StudioError(Exception):
    """Base of all named errors. Keyword values fill the gaps of the class's `sentence` and `hint`."""

    sentence: ClassVar[str] = "Something went wrong: {reason}."
    hint: ClassVar[str] = ""

    def __init__(self, **values: Any) -> None:
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(self.message)

    @property
    def key(self) -> str:
        """Stable name for translation and for scripts."""
        return type(self).__name__

    @property
    def message(self) -> str:
        return _fill(self.sentence, self.values)

    @property
    def advice(self) -> str:
        return _fill(self.hint, self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.values)  # errors cross process borders in import workers


def _fill(template: str, values: dict[str, str]) -> str:
    class Gaps(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return "?"

    return template.format_map(Gaps(values))


def _rebuild(kind: type[StudioError], values: dict[str, str]) -> StudioError:
    return kind(**values)


class AudioError(StudioError):
    sentence = "The sound “{name}” can't be used: {reason}."


class UnreadableAudio(AudioError):
    sentence = "“{name}” can't be read: {reason}."
    hint = "Check that it plays elsewhere, or convert it to WAV."


class EmptyAudio(AudioError):
    sentence = "“{name}” holds no sound: it has no frames."
    hint = "It may be an unfinished recording or download."


class SilentAudio(AudioError):
    sentence = "“{name}” is silent: there is nothing in it to find again."
    hint = "Choose a sound that can be heard."


class UnsupportedAudio(AudioError):
    sentence = "“{name}” is outside what Wavewright reads: {reason}."
    hint = "Sounds of 4 to 384 kHz with 1 to 16 channels are read."


class TooLong(AudioError):
    sentence = "“{step}” needs {needed} GB of memory for so long a sound, and {free} GB are free."
    hint = "Select a shorter stretch, or close other programs."


class UnwritableAudio(AudioError):
    sentence = "“{name}” can't be written: {reason}."
    hint = "Check the free space and the permissions of the folder, or choose another one."


class PluginError(AudioError):
    sentence = "The plug-in “{name}” can't be used: {reason}."


class MissingPlugin(PluginError):
    sentence = "The plug-in “{name}” by {maker} is not on your list, or its file is gone."
    hint = "Install it and find it under Plug-ins in Settings, or leave the step out. Nothing else is lost."


class PluginRefused(PluginError):
    sentence = "“{name}” is not taken as a plug-in: {reason}."
    hint = "Effects in the VST3 format are, and Audio Units on a Mac."


class PluginStopped(PluginError):
    sentence = "The plug-in “{name}” stopped: {reason}. Your sound is as it was."
    hint = "Try other values, or leave the step out. What a plug-in does to itself can't harm Wavewright."


class DeviceError(AudioError):
    sentence = "There is no sound output: {reason}."
    hint = "Plug in or choose a device in Settings, then rescan. Everything else works without it."


class MidiError(AudioError):
    sentence = "There is no MIDI input: {reason}."
    hint = "Keys can be played with the mouse and the computer's keyboard. Everything else works without MIDI."


class ProjectError(StudioError):
    sentence = "The project “{name}” can't be used: {reason}."


class NotAProject(ProjectError):
    sentence = "“{name}” is not a Wavewright project."
    hint = "A project is a folder with a project.json. Make one with File → New, or `wavewright new`."


class NewerFormat(ProjectError):
    sentence = "“{name}” was written by a newer Wavewright (format {found}, this one reads up to {known})."
    hint = "Update Wavewright. The file was not touched."


class BrokenFile(ProjectError):
    sentence = "“{name}” is damaged: {reason}."
    hint = "The file was left as it is. A copy may be in the project's .studio/backup folder."


class ProjectBusy(ProjectError):
    sentence = "“{name}” is open in another Wavewright ({holder})."
    hint = "Close it there first."


class NotSaved(ProjectError):
    sentence = "“{name}” could not be saved: {reason}."
    hint = "What was there before is unchanged. Check the disk and the folder's permissions."


class MissingMaterial(ProjectError):
    sentence = "An edit brings in the sound “{name}”, which can't be used: {reason}."
    hint = "Undo that edit, or put the file back into the project's clips/material folder."


class AlreadyThere(ProjectError):
    sentence = "“{name}” is already there and is not overwritten."
    hint = "Choose another name."


class LibraryError(StudioError):
    sentence = "The sounds of this project can't be used: {reason}."


class NothingToLearn(LibraryError):
    sentence = "There is no sound to learn from."
    hint = "Add a folder of sounds on the Sounds page, or `wavewright import PROJECT FOLDER`, and include at least two."


class NoNotes(LibraryError):
    sentence = "The pitch of none of these sounds is known."
    hint = "Put the note into each name, as in “piano C3.wav”, or train a model that needs no notes, such as One-shots."


class ModelError(StudioError):
    sentence = "The model “{name}” can't be used: {reason}."


class UnknownFamily(ModelError):
    sentence = "There is no model family “{name}”."
    hint = "Known families: {known}."


class BadConfig(ModelError):
    sentence = "The setting {name} can't be used: {reason}."
    hint = "Reset it to the recommended value."


class BrokenCheckpoint(ModelError):
    sentence = "The trained model in “{name}” is damaged: {reason}."
    hint = "Choose an earlier moment of the same run, or train it again."


class NothingTrained(ModelError):
    sentence = "There is no trained model in “{name}” yet."
    hint = "Press Train, or `wavewright train PROJECT`; the first one is there after a minute or two."


class BadLatent(ModelError):
    sentence = "“{name}” is not a latent of this model: {reason}."
    hint = "`wavewright encode` writes one from a sound."


class NotOffered(ModelError):
    sentence = "This model does not offer {name}."
    hint = "It offers: {known}."


class NotMeasured(ModelError):
    sentence = "“{name}” could not be measured: {reason}."
    hint = "Try it again. The file evaluate.log in its folder says what the measurement said last."


class TrainingError(StudioError):
    sentence = "Training stopped: {reason}."


class OnlyToPlay(TrainingError):
    sentence = "“{name}” is here to be played: what a training needs to go on with it was not kept."
    hint = "Train a new one with the same settings; this one stays as it is."


class OutOfMemory(TrainingError):
    sentence = "The memory of {name} is not enough, even for one sound at a time."
    hint = "Close other programs, choose a smaller model or shorter sounds, or train on the CPU."


class Diverged(TrainingError):
    sentence = "Training kept failing with impossible numbers, also at a lower rate."
    hint = "The last good moment is kept. Check the sounds for damaged files, or choose a lower learning rate."


class DeviceLost(TrainingError):
    sentence = "The graphics card stopped answering ({reason})."
    hint = "Everything up to the last save is kept: resume it. If it happens again, restart the computer or train on the CPU."


class ProcessLost(TrainingError):
    sentence = "Another process of this training went away ({reason})."
    hint = "Everything up to the last save is kept: start it again, or let torchrun do so with --max-restarts."


class Interrupted(TrainingError):
    sentence = "It was ended from outside: {reason}."
    hint = "Everything up to the last save is kept. Resume it to go on from there."


class DiskFull(TrainingError):
    sentence = "The disk is full: {name} could not be saved."
    hint = "Free some space, then resume. Everything up to the last save is kept."


class ExportError(StudioError):
    sentence = "“{name}” could not be exported: {reason}."


class NoRoom(ExportError):
    sentence = "There is not enough room in “{name}”: {needed} are needed, {free} are free."
    hint = "Free some space, choose another folder, or a format that takes less."


class UsageError(StudioError):
    sentence = "{reason}."
