"""The form of a slimmed copy: its name, and what it lacks."""

from __future__ import annotations

from condatui.panels.clone_form import free_name, target_of
from condatui.panels.forms import FormPaths, split_words
from condatui.session import Session
from condatui.view_models.form import NO, YES, Answers, ChoiceField, Form, TextField, yes_or_no
from condatui_core.analyses.slimming.classes import CLASSES, USUAL, class_named
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.request import SlimRequest
from condatui_core.records.slimming import SlimClass
from condatui_core.records.usage import PackageUse, Usage
from condatui_core.text import sanitize, some_of

_CONDA_META: SlimClass = "conda-meta"
_TYPED = "typed"
_CHOICES: dict[str, tuple[str, tuple[SlimClass, ...]]] = {
    "usual": ("risk none or low", USUAL),
    "none": ("risk none", tuple(each.name for each in CLASSES if each.risk == "none" and each.name != "kept")),
    "all": (
        "risk none, low or medium, but not conda-meta",
        tuple(each.name for each in CLASSES if each.name not in ("kept", _CONDA_META)),
    ),
    "nothing": ("no class of files", ()),
    _TYPED: ("these classes", USUAL),
}
"""By choice, its label and the classes of files that the copy lacks then."""


class SlimForm:
    """Makes a copy of one environment that lacks what a service does not need."""

    previews = False

    def __init__(
        self, session: Session, environment: Environment, paths: FormPaths, usage: Usage | None = None
    ) -> None:
        """With `usage`, what a command has used of the environment stays unless the user wants it otherwise."""
        self._session = session
        self._environment = environment
        self._paths = paths
        self._used = _names(usage, "used", "needed")
        self._never = _names(usage, "never")

    def form(self, answers: Answers) -> Form:
        """The fields; classes are typed only where none of the usual choices will do."""
        names = {each.name for each in self._session.inventory.environments}
        choices = tuple((value, label) for value, (label, _) in _CHOICES.items())
        chosen = ChoiceField("classes", "leave out", choices, answers.get("classes", "usual"))
        fields = (
            TextField("name", "as", free_name(self._environment, names, "slim"), "a name, or a path"),
            chosen,
            TextField("typed", "which are", ",".join(USUAL), "such as tests,headers"),
            TextField("leave_out", "and packages", example=self._example),
            ChoiceField("keep", "keep what ran", ((YES, "what the run has used"), (NO, "no")), YES),
            yes_or_no("no_conda_meta", "no conda-meta"),
            yes_or_no("offline", "no downloads"),
        )
        hidden = frozenset(
            field for field, shown in (("typed", chosen.value == _TYPED), ("keep", self._used)) if not shown
        )
        return Form(f"Make a slimmed copy of {sanitize(self._environment.name)}", fields, hidden, first="name")

    @property
    def _example(self) -> str:
        """The packages that a run has never touched, which are left out only if the user says so."""
        if not self._never:
            return "none; or, say, jupyterlab black"
        return f"none; the run never touched {sanitize(some_of(self._never))}"

    async def request(self, answers: Answers) -> SlimRequest:
        """The request for the copy."""
        classes = _CHOICES[answers["classes"]][1] if answers["classes"] != _TYPED else _read(answers["typed"])
        if answers["no_conda_meta"] == YES:
            classes = tuple(dict.fromkeys((*classes, _CONDA_META)))
        return SlimRequest(
            source=self._environment.prefix,
            target=await target_of(answers["name"], self._environment, self._session, self._paths),
            classes=classes,
            leave_out=split_words(answers["leave_out"], "The packages"),
            keep=self._used if answers["keep"] == YES else (),
            offline=answers["offline"] == YES,
        )


def _names(usage: Usage | None, *uses: PackageUse) -> tuple[str, ...]:
    """The packages with one of these marks."""
    found = [each.name for use in uses for each in usage.of(use)] if usage else []
    return tuple(dict.fromkeys(found))


def _read(text: str) -> tuple[SlimClass, ...]:
    """The classes of an answer, separated by commas or spaces. UsageError for one that is none."""
    names = text.replace(",", " ").split()
    if not names:
        raise UsageError("Name the classes that the copy lacks.")
    found: list[SlimClass] = [class_named(each) for each in names]
    return tuple(dict.fromkeys(found))
