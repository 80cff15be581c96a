"""A conda that is asked where channels have packages, and answers by a list of names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from condatui_core.conda.answer import CondaAnswer


class FakeChannels:
    """A conda whose channels have these packages; `apart` do not go together with any other."""

    def __init__(self, *names: str, apart: Collection[str] = (), subdir: str = "linux-64") -> None:
        self.names, self.apart, self.subdir = names, apart, subdir
        self.asked: list[Sequence[str]] = []
        self.seconds: list[float | None] = []

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> CondaAnswer:
        assert "CONDA_PREFIX" not in environ
        asked = [each.partition("::")[2].partition("=")[0] for each in argv[argv.index("--") + 1 :]]
        self.asked.append(argv)
        self.seconds.append(seconds)
        if set(asked) - set(self.names) or (len(asked) > 1 and set(asked) & set(self.apart)):
            return answer_of(argv, {"exception_name": "PackagesNotFoundError", "message": "not there"}, exit_code=1)
        archives = [self.archive(each) for each in asked]
        if argv[1] == "search":
            return answer_of(argv, {each: [archive] for each, archive in zip(asked, archives, strict=True)})
        return answer_of(argv, {"success": True, "actions": {"FETCH": archives, "LINK": []}})

    def archive(self, name: str) -> dict[str, object]:
        place = f"https://ann:pw@conda.anaconda.org/t/tk-1/conda-forge/{self.subdir}"
        digests = {"md5": "d" * 32, "size": 1000}
        return {
            "name": name,
            "version": "1.0",
            "build": "0",
            "subdir": self.subdir,
            "url": f"{place}/{name}-1.0-0.conda",
            **digests,
        }


def answer_of(argv: Sequence[str], document: object, exit_code: int = 0) -> CondaAnswer:
    return CondaAnswer(argv=tuple(argv), exit_code=exit_code, documents=(document,))
