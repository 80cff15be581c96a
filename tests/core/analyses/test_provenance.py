"""Findings about where packages came from, and the shares of each origin."""

from __future__ import annotations

from condatui_core.analyses.channel_shares import origins
from condatui_core.analyses.provenance import provenance_findings
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import (
    Distribution,
    LeftoverDistribution,
    Origin,
    PackageRecord,
    PathOutside,
    Replacement,
    StaleSitePackages,
)
from condatui_core.records.prefix import History, PrefixContents

CONFIG = ChannelConfig()
PREFIX = "/opt/envs/two words"
FORGE = "https://conda.anaconda.org/conda-forge"
MAIN = "https://repo.anaconda.com/pkgs/main"
TORCH = "https://conda.anaconda.org/pytorch"


def record(name: str, base_url: str | None, version: str = "1.0", **more: object) -> PackageRecord:
    return PackageRecord(name=name, version=version, build="0", base_url=base_url, **more)  # type: ignore[arg-type]


def findings(*packages: PackageRecord) -> dict[tuple[str, str], Finding]:
    found = provenance_findings(PrefixContents(packages=packages), CONFIG, PREFIX)
    return {(each.id, each.severity): each for each in found}


def test_an_environment_of_one_channel_has_nothing_to_say() -> None:
    assert findings(record("python", FORGE), record("numpy", FORGE), record("torchvision", FORGE)) == {}


def test_a_family_from_defaults_and_conda_forge_is_mixed_and_says_what_is_from_where() -> None:
    found = findings(record("python", MAIN, "3.11.4"), record("numpy", FORGE, "1.26.4"), record("tqdm", FORGE))
    mixed = found["mixed-channels", "warning"]
    assert "Python and NumPy" in mixed.message
    assert set(mixed.evidence) == {
        "Python and NumPy from conda-forge: numpy 1.26.4",
        "Python and NumPy from pkgs/main: python 3.11.4",
    }
    assert "--override-channels" in str(mixed.remedy)


def test_torch_from_two_channels_is_mixed_whichever_they_are() -> None:
    found = findings(record("pytorch", TORCH), record("torchvision", FORGE))
    assert "PyTorch" in found["mixed-channels", "warning"].message
    assert not findings(record("pytorch", TORCH), record("numpy", FORGE), record("cuda-cudart", f"{FORGE}/label/x"))


def test_other_channels_build_upon_one_of_the_two_and_do_not_clash() -> None:
    assert not findings(record("r-base", FORGE), record("r-own", "https://conda.anaconda.org/bioconda"))
    assert not findings(record("numpy", FORGE), record("scipy", "https://conda.example.org/own"))


def test_packages_of_no_family_may_be_mixed_but_defaults_are_named_once_for_their_terms() -> None:
    found = findings(record("tqdm", MAIN), record("click", f"{CONFIG.channel_alias}/anaconda"), record("rich", FORGE))
    assert list(found) == [("mixed-channels", "note")]
    note = found["mixed-channels", "note"]
    assert note.message.startswith("2 packages are from Anaconda's default channels")
    assert note.evidence == (f"tqdm 1.0 from {MAIN}", f"click 1.0 from {CONFIG.channel_alias}/anaconda")


def test_mirrors_are_what_they_mirror() -> None:
    """prefix.dev has conda-forge, anaconda.org copies of `defaults`, a proxy both."""
    forge = ["https://prefix.dev/conda-forge", "https://proxy.example/api/conda/conda-forge", FORGE]
    assert not findings(*(record(name, url) for name, url in zip(("python", "numpy", "pandas"), forge, strict=True)))
    found = findings(
        record("python", "https://prefix.dev/conda-forge"), record("numpy", "https://proxy.example/pkgs/main")
    )
    assert set(found["mixed-channels", "warning"].evidence) == {
        "Python and NumPy from conda-forge: python 1.0",
        "Python and NumPy from pkgs/main: numpy 1.0",
    }
    assert found["mixed-channels", "note"].message.startswith("1 package is from Anaconda's default channels")


def test_a_private_channel_called_main_is_not_anacondas() -> None:
    assert not findings(record("tqdm", "https://conda.example.org/team/main"))
    assert findings(record("tqdm", "https://mirror.example.org/anaconda/pkgs/main"))


def test_a_record_without_a_channel_is_unknown() -> None:
    found = findings(*(record(f"p{number}", None) for number in range(5)))
    assert found["unknown-channel", "note"].message == (
        "the channel of 5 packages is unknown: p0 1.0, p1 1.0, p2 1.0 and 2 more"
    )
    assert len(found["unknown-channel", "note"].evidence) == 5


def test_pip_over_conda_names_both_versions_and_the_way_back() -> None:
    replaced = (
        Replacement(
            package="pytorch",
            distribution="torch",
            conda_version="2.0.1",
            conda_build="py311_0",
            pip_version="2.1.0",
            evidence=("f",),
        ),
        Replacement(package="attrs", distribution="attrs", conda_version="23.1", pip_version="23.1"),
    )
    (found,) = provenance_findings(PrefixContents(replaced=replaced), CONFIG, PREFIX)
    assert (found.id, found.severity) == ("pip-over-conda", "warning")
    assert found.message == "pip replaced 2 conda packages: pytorch 2.0.1 by 2.1.0, attrs 23.1 by the same version"
    uninstall = "'/opt/envs/two words/bin/python' -m pip uninstall torch"
    install = "conda install -p '/opt/envs/two words' --force-reinstall pytorch=2.0.1=py311_0"
    assert found.remedy == f"to restore conda's: `{uninstall}`, then `{install}`"
    assert found.command == f"{uninstall} && {install}"
    assert found.evidence[:2] == ("pytorch: conda says 2.0.1, Python imports torch 2.1.0", "  f")


def test_beside_condas_dist_info_pip_uninstall_might_take_condas_and_is_not_advised() -> None:
    path = "lib/python3.11/site-packages/torch-2.1.0.dist-info"
    replaced = Replacement(
        package="pytorch",
        distribution="torch",
        conda_version="2.0.1",
        conda_build="0",
        pip_version="2.1.0",
        beside=path,
    )
    (found,) = provenance_findings(PrefixContents(replaced=(replaced,)), CONFIG, PREFIX)
    assert found.remedy == (
        "to restore conda's: `conda install -p '/opt/envs/two words' --force-reinstall pytorch=2.0.1=0`, "
        f"then delete {path}"
    )
    assert not found.command


def test_a_leftover_of_pip_is_told_and_pip_uninstall_not_advised() -> None:
    left = LeftoverDistribution(
        name="idna", version="2.5", path="lib/x", overwritten_by="conda's idna 3.10", evidence="the sizes"
    )
    (found,) = provenance_findings(PrefixContents(leftovers=(left,)), CONFIG, PREFIX)
    assert (found.id, found.severity) == ("pip-leftover", "note")
    assert found.message == "pip has left behind what is overwritten since: idna 2.5"
    assert found.evidence == ("lib/x, under conda's idna 3.10: the sizes",)
    assert "`pip uninstall` would delete the files that are in use" in str(found.remedy)


def test_editable_and_local_installs_are_what_no_export_can_carry() -> None:
    def distribution(name: str, origin: Origin, **more: str) -> Distribution:
        return Distribution(name=name, version="1", path="x", origin=origin, **more)  # type: ignore[arg-type]

    contents = PrefixContents(
        distributions=(
            distribution("mine", "editable", location="/home/ann/mine"),
            distribution("yours", "editable"),
            distribution("wheel", "local", url="file:///tmp/wheel.whl"),
            distribution("plain", "index"),
            distribution("from-git", "vcs", url="git+https://host/x"),
        )
    )
    found = {each.id: each for each in provenance_findings(contents, CONFIG, PREFIX)}
    assert found.keys() == {"editable", "local"}
    yours = "yours 1 from a directory that its files do not name"
    assert found["editable"].evidence == ("mine 1 from /home/ann/mine", yours)
    assert found["local"].evidence == ("wheel 1 from file:///tmp/wheel.whl",)


def test_code_that_a_pth_file_without_an_owner_adds_is_editable_too() -> None:
    path = PathOutside(file="lib/python3.12/site-packages/conda.pth", location="/home/u/src/mylib/")
    (found,) = provenance_findings(PrefixContents(outside=(path,)), CONFIG, PREFIX)
    assert (found.id, found.message) == ("editable", "editable, which an export cannot include: mylib")
    assert found.evidence == ("/home/u/src/mylib/, which lib/python3.12/site-packages/conda.pth adds",)


def test_a_stale_site_packages_says_what_it_is_and_costs() -> None:
    stale = StaleSitePackages(path="lib/python3.11/site-packages", names=("foo 1.0", "bar 2"), bytes=2_000_000)
    contents = PrefixContents(packages=(record("python", FORGE, "3.12.1"),), stale_site_packages=(stale,))
    (found,) = provenance_findings(contents, CONFIG, PREFIX)
    assert (found.id, found.severity, found.evidence) == ("stale-python", "note", ("foo 1.0", "bar 2"))
    assert found.message == (
        "python 3.12.1 does not read lib/python3.11/site-packages: 2 packages of pip, 2.0 MB by their RECORD files"
    )


def test_shares_count_packages_bytes_and_requests_by_channel_platform_and_origin() -> None:
    contents = PrefixContents(
        packages=(
            record("a", FORGE, installed_bytes=10, subdir="linux-64"),
            record("b", FORGE, installed_bytes=20, subdir="noarch", noarch="python"),
            record("c", "https://mirror.example.org/conda-forge", installed_bytes=5, subdir="linux-64"),
        ),
        distributions=(
            Distribution(name="d", version="1", path="x", installed_bytes=7),
            Distribution(name="e", version="1", path="x", installed_bytes=1, origin="editable"),
            Distribution(name="b", version="1", path="x", installed_bytes=20, owner="b"),
        ),
        history=History(requested=(("b", "b"),)),
    )
    found = origins(contents, CONFIG)
    assert [(each.base_url, each.packages, each.bytes, each.requested) for each in found.channels] == [
        (FORGE, 3, 35, 1),
        (None, 2, 8, 0),
    ]
    assert [(each.label, each.packages, each.bytes) for each in found.platforms] == [
        ("linux-64", 2, 15),
        ("noarch", 1, 20),
    ]
    assert [(each.label, each.packages, each.bytes) for each in found.pip] == [("editable", 1, 1), ("index", 1, 7)]
