"""What comes from outside is pinned, and refused once an advisory is known against it."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from emulator import ROOT

sys.path.append(str(ROOT / "infra/aws/checks"))

import advisories  # noqa: E402

LOCK = ROOT / "Cargo.lock"
ADVISORY = """\
```toml
[advisory]
id = "RUSTSEC-2026-9999"
package = "{package}"
date = "2026-01-01"
{informational}
[versions]
patched = ["{patched}"]
```

# Planted by a test
"""


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in listed.splitlines()]
    assert files, patterns
    return files


@pytest.fixture
def planted(tmp_path):
    """Makes a database with one advisory, and the pin of its commit."""

    def plant(package: str, patched: str, informational: str = "") -> Path:
        database = tmp_path / "database"
        file = database / f"crates/{package}/RUSTSEC-2026-9999.md"
        file.parent.mkdir(parents=True)
        file.write_text(ADVISORY.format(package=package, patched=patched, informational=informational))
        author = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "planted"]):
            subprocess.run(["git", "-C", database, *command], check=True)
        pin = tmp_path / "pin.toml"
        pin.write_text(f'database = "file://{database}"\ncommit = ""\ndate = ""\n')
        assert advisories.renew(pin, tmp_path / "copy") == 0
        return pin

    return plant


def test_a_crate_with_an_advisory_fails_the_check(planted, tmp_path, capfd):
    assert advisories.check(planted("tokio", ">= 99.0.0"), tmp_path / "copy", [LOCK]) != 0
    assert "RUSTSEC-2026-9999" in "".join(capfd.readouterr())


def test_an_unmaintained_crate_fails_the_check(planted, tmp_path):
    pin = planted("tokio", ">= 99.0.0", 'informational = "unmaintained"')
    assert advisories.check(pin, tmp_path / "copy", [LOCK]) != 0


def test_a_patched_crate_passes(planted, tmp_path):
    assert advisories.check(planted("tokio", ">= 0.0.1"), tmp_path / "copy", [LOCK]) == 0


@pytest.mark.parametrize(("reason", "passes"), [("it is planted", True), ("", False)])
def test_an_advisory_is_ignored_with_a_reason_only(planted, tmp_path, monkeypatch, reason, passes):
    policy = tmp_path / "deny.toml"
    policy.write_text(f'[advisories]\nignore = [{{ id = "RUSTSEC-2026-9999", reason = "{reason}" }}]\n')
    monkeypatch.setattr(advisories, "POLICY", policy)
    assert (advisories.check(planted("tokio", ">= 99.0.0"), tmp_path / "copy", [LOCK]) == 0) is passes


@pytest.mark.parametrize("strict", [True, False])
def test_advisories_that_cannot_be_had_are_named_and_fail_where_the_check_is_strict(tmp_path, monkeypatch, capfd, strict):
    monkeypatch.setenv("STRICT", "1" if strict else "")
    pin = tmp_path / "pin.toml"
    pin.write_text(f'database = "file://{tmp_path}/nowhere"\ncommit = "{"0" * 40}"\ndate = ""\n')
    assert (advisories.check(pin, tmp_path / "copy", [LOCK]) != 0) is strict
    assert "NOT CHECKED" in capfd.readouterr().err


def test_each_python_package_has_a_hash():
    for file in tracked("*requirements*.txt"):
        blocks = re.split(r"\n(?=\S)", file.read_text().strip())
        packages = [block for block in blocks if not block.startswith("#")]
        assert packages, file
        for package in packages:
            assert re.match(r"[\w.-]+==", package) and "--hash=sha256:" in package, f"{file}: {package}"


def test_each_npm_package_has_a_hash():
    for file in tracked("*package-lock.json"):
        for name, package in json.loads(file.read_text())["packages"].items():
            assert not name or package["integrity"].startswith("sha512-"), f"{file}: {name}"


def test_cargo_never_resolves_anew():
    verbs = "build|zigbuild|run|test|clippy|install|tree|metadata|check"
    resolving = re.compile(rf"\bcargo(-lambda|-nextest|-deny| auditable)?( -\S+)* ((lambda|nextest) )?({verbs})\b")
    seen = 0
    for file in tracked("Makefile", "*.mk", "*.sh", ".ci/run", ".github/workflows/*"):
        text = re.sub(r"\\\n\s*", " ", file.read_text())
        for line in text.splitlines():
            if resolving.search(line) and not line.lstrip().startswith("#"):
                seen += 1
                assert "--locked" in line, f"{file}: {line.strip()}"
    assert seen > 20


def test_the_toolchain_is_the_oldest_that_the_sources_need():
    toolchain = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    assert toolchain.startswith(tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"] + ".")
