"""What may not be in the repository: addresses in locks, names of registries, paths of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Put together here, so that this file does not hold them.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("debian", "org"),
        ("crates", "io"),
    )
]
MACHINE_PATHS = [
    "/" + "/".join(parts) + "/" for parts in (("work",), ("root",), ("home", "[a-z]+"), ("Users", "[A-Za-z]+"))
]


def repository_files() -> list[Path]:
    """Everything that is in the repository, or would be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - git is where git is
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [file for name in listed.stdout.decode().split("\0") if name and (file := ROOT / name).is_file()]


def lines_with(pattern: str) -> list[str]:
    """Find the lines that match, as FILE:LINE."""
    wanted = re.compile(pattern.encode())
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in repository_files()
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(entries) > 20
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_both_locks_agree() -> None:
    runtime, dev = ((ROOT / lock).read_text() for lock in LOCKS)
    pins = set(re.findall(r"^\S+==\S+", runtime, re.MULTILINE))
    assert pins <= set(re.findall(r"^\S+==\S+", dev, re.MULTILINE))


def test_no_file_names_a_package_registry() -> None:
    assert lines_with("|".join(map(re.escape, REGISTRIES))) == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    assert lines_with("(?<![A-Za-z0-9_.])(" + "|".join(MACHINE_PATHS) + ")") == []


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    from domain.settings import Settings

    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == known


def test_the_example_environment_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    from domain.settings import Settings

    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)
