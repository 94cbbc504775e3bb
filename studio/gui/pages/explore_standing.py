"""Where one stands in Explore: the request, the sound it made, and the tree of all places one stood at.

Every move of the hand is `begin`, any number of `go`, and `commit`: a node of the history and one step of the session's undo
stack. Undo walks to where the move came from, redo to where it led, a jump in the tree is a step like any other; so the tree's
current node is always where one stands. The newest request is rendered by the engine, played, and told to the page.
"""

from __future__ import annotations

import itertools
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QUndoCommand

from studio.audio.sound import Sound
from studio.engine.engine import ModelFacts, Rendered
from studio.explore.history import POINTS, History, Node, pack
from studio.gui.pages.explore_brought import Answer, BroughtSteps
from studio.gui.pages.explore_grafts import Grafts
from studio.gui.pages.explore_keeper import HistoryKeeper
from studio.gui.pages.explore_models import moment_of
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_sound import Rendering
from studio.gui.pages.explore_space import misfit
from studio.gui.session import Current, Problem, Session
from studio.gui.widgets.shape import InMemory
from studio.project.recipe import Recipe, Request

HEAR, SHOW, DRAW = "explore", "explore-show", "explore-draw"
"""What is done with a rendered sound: play it, show it, or take its latent and go on."""
SETTLED = 600
"""Milliseconds after the last change until a move without a clear end becomes an undo step."""
RECALLED = 100
"""Moves of an earlier day that undo takes back, and redo makes again."""


@dataclass(frozen=True)
class Wanted:
    """Where to stand once the model in `folder` is open. `what`: that is a move of its own, called so."""

    folder: Path
    model: str
    request: Request
    tag: str
    what: str = ""


class Moved(QUndoCommand):
    """A move that was made, from one node of the history to another."""

    def __init__(self, standing: Standing, before: Node, after: Node, text: str) -> None:
        super().__init__(text)
        self._standing, self._before, self._after = standing, before, after
        self._fresh = True

    def redo(self) -> None:
        if self._fresh:  # the stack says this when the step is pushed
            self._fresh = False
        else:
            self._standing.stand(self._after)

    def undo(self) -> None:
        self._standing.stand(self._before)


class Standing(QObject):
    """`request` and the newest sound `shown`; None before the first. `of`: the model that `request` is meant for."""

    moved = Signal()
    """`request` is another one; its sound follows."""

    sounded = Signal(object)
    """Rendered: the newest sound."""

    drawn = Signal(object)
    """Request: what the model's prior drew."""

    committed = Signal()
    """A move is finished, or was taken back."""

    remembered = Signal()
    """The history changed: another node, another current one, an outline."""

    def __init__(self, session: Session, model: OpenModel, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._model = session, model
        self.request: Request | None = None
        self.of = ""
        self.shown: Rendered | None = None
        self.untouched = False  # nobody has moved yet: where one stands was chosen for them
        self.history = History()
        self._began = False  # one stands at a node of the history
        self._stood: int | None = None  # the one whose model is open, while another is being opened
        self._moving = self._recalling = False
        self._what = ""
        self._wanted: Wanted | None = None
        self._asked: Request | None = None  # what `shown` was the answer to
        self._rendering = Rendering(session.engine, self)
        self.grafts = Grafts(session.engine, self)
        self.grafts.changed.connect(self._regrafted)
        self.brought = BroughtSteps(session, self)
        self.brought.changed.connect(self._again)
        self.brought.redone.connect(self._redone)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLED)
        self._settle.timeout.connect(self.commit)
        session.engine.rendered.connect(self._rendered)
        session.undo.asked.connect(self.commit)  # a move without a clear end is one before it is taken back
        session.closing.connect(self.commit)
        model.refused.connect(self._refused)
        model.spaced.connect(self._name)
        self._keeper = HistoryKeeper(session, self)
        self.clear()

    def clear(self) -> None:
        """Another project: one stands nowhere, and its history is read."""
        self.request = self.shown = self._asked = self._wanted = self._stood = None
        self.of, self._moving, self._began, self.untouched = "", False, False, False
        self._settle.stop()
        self._rendering.drop()
        self.brought.clear()
        self.history = self._keeper.open(self._session.project)
        self.remembered.emit()

    # ---- moving
    def begin(self, what: str) -> None:
        """A move called `what` begins, unless one is under way; one that only waited for more of its kind is finished."""
        if self._settle.isActive() and what != self._what:
            self.commit()
        if not self._moving:
            self._abandon()
            self._note()
            self._moving, self._what = True, what
        self.untouched = False

    def go(self, request: Request, tag: str = HEAR, *, settle: bool = False) -> None:
        """Stand at `request`. `settle`: the move has no clear end, it is finished when nothing follows for a moment.

        What is no place in the open model, such as a recipe that somebody wrote, is told and moves nothing.
        """
        latent = self._model.facts.controls.latent if self._model.facts is not None else None
        if reason := misfit(request, latent):
            self._session.complain(Problem(self.tr("This is no place in the open model"), reason))
            return
        self.request = msgspec.structs.replace(request, count=1)
        self.of = self._model.facts.model if self._model.facts is not None else ""
        self.moved.emit()
        self._ask(tag)
        if settle:
            self._settle.start()

    def _ask(self, tag: str) -> None:
        assert self.request is not None
        brought = self.brought.at(self.of, self.request)
        self._rendering.ask(self.request, tag, brought.backend if brought is not None else "")

    @Slot()
    def _again(self) -> None:
        """The same place sounds differently now."""
        if self.request is not None and self.shown is not None:
            self._ask(HEAR)

    @Slot(bool)
    def _regrafted(self, by_hand: bool) -> None:
        if by_hand and self.request is not None:
            self.brought.forget(self.of, self.request)  # they followed another sound
        self._again()

    @Slot(bool)
    def switch_steps(self, on: bool) -> None:
        """Hear the place with the steps that came with it, or without."""
        if self.request is not None:
            self.brought.switch(self.of, self.request, on)

    def draw(self, request: Request, tag: str = DRAW) -> None:
        """Let the model's prior answer `request`; with SHOW it is where one stands, if one stands nowhere yet."""
        self._rendering.ask(request, tag)

    @Slot()
    def commit(self, *_: object) -> None:
        """The move is finished: one node and one undo step from where it began."""
        self._settle.stop()
        if not self._moving:
            return
        self._moving = False
        if self._add(self._what):
            self.committed.emit()

    @Slot()
    def rest(self) -> None:
        """Nobody looks any more: finish what is under way and write what is not written."""
        self.commit()
        self._keeper.flush()

    # ---- to where one stood, or another stood
    def stand(self, node: Node) -> bool:
        """Stand at a node, in its own model. No step of its own. False where the model is gone, which is said."""
        if self._recalling:
            return True
        facts, project = self._model.facts, self._session.project
        self._moving, self._wanted = False, None
        self._settle.stop()
        if project is None:
            return False
        if facts is not None and facts.model == node.model and self._model.opening is None:
            self._stood = self.history.revive(node).id
            self._began = True
            self.go(node.request)
            self.committed.emit()
        else:
            folder = moment_of(Recipe(model=node.model, run=node.run), project)
            if folder is None:
                self._back()
                self._session.tell(self.tr("The model of this place is not in this project any more"))
                return False
            self.history.revive(node)
            self._wanted = Wanted(folder, node.model, node.request, HEAR)
            self._model.open(folder)
        self._remember()
        return True

    @Slot(int)
    def jump(self, to: int) -> None:
        """Stand at any node of the history and hear it: one undo step."""
        self.commit()
        here, there = self.history.current, self.history.nodes.get(to)
        if there is not None and self.stand(there) and here is not None and here.id != to:
            self._session.undo.push(Moved(self, here, there, self.tr("Jump in the history")))

    def open(self, recipe: Recipe, name: str = "") -> bool:
        """Stand at the sound of a recipe, that of the file `name`: one undo step. False where its model is not in this
        project. Both is said."""
        self.commit()
        facts, project = self._model.facts, self._session.project
        what = self.tr("Open a recipe")
        recipe = msgspec.structs.replace(recipe, request=msgspec.structs.replace(recipe.request, count=1))
        self.brought.bring(recipe)
        if facts is not None and facts.model == recipe.model and self._model.opening is None:
            self._move(what, recipe.request)
            self._say_opened(recipe, name)
            return True
        folder = moment_of(recipe, project) if project is not None else None
        if folder is None:
            gone = self.tr("The model of this sound is not in this project any more")
            self._session.tell(self.tr("{0}: it is taken as any other sound").format(gone) if name else gone)
            return False
        self._abandon()
        self._wanted = Wanted(folder, recipe.model, recipe.request, HEAR, what)
        self._model.open(folder)
        self._say_opened(recipe, name)
        return True

    def _say_opened(self, recipe: Recipe, name: str) -> None:
        self.grafts.restore(recipe)
        if name:
            words = self.tr("{0} was made here. Drop it with Shift to start from its sound instead")
            self._session.tell(words.format(name))

    def home(self, default: Path) -> Path:
        """The model to open with the project: that of the place one stood at, if it is still there, else `default`."""
        node, project = self.history.current, self._session.project
        if node is None or project is None or self._began:
            return default
        folder = moment_of(Recipe(model=node.model, run=node.run), project)
        if folder is None or folder in self._model.broken:
            return default
        self._wanted = Wanted(folder, node.model, node.request, SHOW)
        return folder

    def arrive(self, facts: ModelFacts) -> bool:
        """A model was opened. Whether it is known where to stand in it; then one stands there."""
        wanted = self._wanted
        if wanted is None or wanted.model != facts.model:
            if wanted is not None and self._model.asked != wanted.folder:
                self._abandon()  # somebody opened another one meanwhile
            return False
        self._wanted, self.untouched = None, False
        if wanted.what:
            self._move(wanted.what, wanted.request)
            return True
        if not self._began:
            self._recall()
        self._began = True
        self._stood = self.history.current.id if self.history.current is not None else None
        self.go(wanted.request, wanted.tag)
        self.committed.emit()
        return True

    def forget(self) -> None:
        """Keep the current node of the history only. Undo brings the others back."""
        self.commit()
        before, after = self.history, self.history.cleared()
        if len(before) > 1:
            self._session.do(self.tr("Clear the history"), _Swap(self, after), _Swap(self, before))
            self._session.tell(self.tr("History cleared, Ctrl+Z brings it back"))

    def _move(self, what: str, request: Request) -> None:
        self.begin(what)
        self.go(request)
        self.commit()

    def _recall(self) -> None:
        """Moves of an earlier day can be taken back and made again too, if nothing else would be so out of order."""
        stack, tree = self._session.undo, self.history
        if stack.count() > 0 or tree.current is None:
            return
        behind, ahead = tree.path()[-RECALLED - 1 :], tree.forward(tree.current.id)
        way = list(behind)
        while ahead is not None and len(way) < 2 * RECALLED:
            way.append(tree.nodes[ahead])
            ahead = tree.forward(ahead)
        self._recalling = True  # nobody goes anywhere
        for before, after in itertools.pairwise(way):
            stack.push(Moved(self, before, after, after.what))
        stack.setIndex(len(behind) - 1)
        self._recalling = False

    def _abandon(self) -> None:
        """A place whose model is still being opened is not waited for any more."""
        if self._wanted is not None:
            self._wanted = None
            self._back()

    def _back(self) -> None:
        if self._stood in self.history.nodes and self._stood is not None:
            self.history.jump(self._stood)
            self._remember()

    @Slot()
    def _refused(self) -> None:
        self._abandon()

    # ---- remembering
    def _note(self) -> None:
        """Where one stands is the current node; also where no hand led there, such as another model."""
        facts = self._model.facts
        if facts is None or self.of != facts.model:
            return
        here = self.history.current
        if not self._began or here is None:
            self._add(self.tr("Start"))
        elif here.model != self.of:
            title = next((c.title for c in self._model.choices() if c.folder == facts.folder), facts.run or facts.family)
            self._add(self.tr("Open “{0}”").format(title))
        else:
            self._add(self.tr("Move"))

    def _add(self, what: str) -> bool:
        """A node for where one stands, unless it is the current one; and the step that takes it back."""
        facts, request, here = self._model.facts, self.request, self.history.current
        if facts is None or request is None or (self._began and here is not None and self._is(here)):
            return False
        outline = b""
        if self.shown is not None and request in (self._asked, self.shown.request) and self.shown.recipe.model == self.of:
            outline = outline_of(self.shown.sound)
        node = self.history.add(request, what, time.time(), self.of, facts.run, root=not self._began)
        self.history.outline(node.id, outline)
        if self._began and here is not None:
            self._session.undo.push(Moved(self, here, node, what))
        self._began, self._stood = True, node.id
        self._remember()
        return True

    def _is(self, node: Node) -> bool:
        return node.request == self.request and node.model == self.of

    def _remember(self) -> None:
        self._keeper.changed(self.history)
        self.remembered.emit()

    # ---- sounding
    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        facts = self._model.facts
        if made.tag not in (HEAR, SHOW, DRAW) or facts is None or made.recipe.model != facts.model:
            return
        if made.tag == DRAW:
            self.drawn.emit(made.request)
            return
        if self.request is None:
            self.request, self.of, self.untouched = made.request, made.recipe.model, True
        made, asked = self.grafts.stood(made), self._rendering.asked
        if not self.brought.follow(made, asked):
            self._sound(made, asked)

    @Slot(object)
    def _redone(self, answer: Answer) -> None:
        if answer.asked == self._rendering.asked:
            self._sound(answer.made, answer.asked)

    def _sound(self, made: Rendered, asked: Request | None) -> None:
        self.shown, self._asked = made, asked
        self._heard(made)
        current = self.take(made)
        if made.tag == HEAR:
            self._session.play(current)
        elif self._session.current is None or self._session.current.recipe is not None:
            self._session.set_current(current)  # not in the place of a file that is being heard
        self.sounded.emit(made)

    def _heard(self, made: Rendered) -> None:
        """The current node gets the outline of its sound; where no hand led here and one stays, it becomes a node."""
        space = self._model.space
        settled = not self._model.mapped or (space is not None and space.model == self.of)
        if settled and not self._moving and self._wanted is None:
            self._note()
        here = self.history.current
        if not self._began or here is None or here.outline or here.model != made.recipe.model:
            return
        if here.request in (self._asked, made.request):
            self.history.outline(here.id, outline_of(made.sound))
            self._remember()

    @Slot()
    def _name(self, *_: object) -> None:
        """The sound that came before the space was known gets the name of its label."""
        now, held = self.current, self._session.current
        if now is None or held is None or self._session.playing:
            return
        if held.sound is now.sound and held.name != now.name:
            self._session.set_current(now)

    @property
    def settled(self) -> bool:
        """What is shown is what one stands at."""
        return self.shown is not None and not self._rendering.busy and self._asked == self.request

    @property
    def current(self) -> Current | None:
        """The newest sound as the transport and the clips take it."""
        return None if self.shown is None else self.take(self.shown)

    def take(self, made: Rendered) -> Current:
        """A rendered sound with a name: its main label, and a number that is always the same for the same sound."""
        made = self.grafts.apply(made)
        space = self._model.space if self._model.same_size else None
        weights = space.weights(made.request) if space is not None and made.request.latent else made.request.classes
        main = max(weights, key=lambda name: weights[name], default=made.recipe.family)
        number = zlib.crc32(msgspec.json.encode(made.request)) % 10000
        return Current(made.sound, f"{main} {number:04d}", made.recipe, even=True, original=made.original)


class _Swap:
    """Puts one history in the place of another, as a step of the undo stack."""

    def __init__(self, standing: Standing, history: History) -> None:
        self._standing, self._history = standing, history

    def __call__(self) -> None:
        self._standing.history = self._history
        self._standing._remember()


def outline_of(sound: Sound) -> bytes:
    """The shape of a sound in 96 columns."""
    return pack(*InMemory(sound).view(0, sound.frames, POINTS)) if sound.frames else b""
