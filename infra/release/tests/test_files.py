"""What dist/ holds: the checksums, and what can be seen of each binary without running it."""

import functools
import hashlib
import io
import json
import re
import subprocess
import tarfile
import zipfile

import pytest
from conftest import ARCH, DIST, version
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from sbom import dependencies
from source import COMMIT, ROOT, VERSION
from templates import CODE_PARAMETERS, FUNCTIONS

MACHINES = {62: "x86_64", 183: "arm64"}  # e_machine of ELF
# The C library of Amazon Linux 2023, which the functions run on.
GLIBC = (2, 34)


@functools.cache
def binaries() -> dict[str, bytes]:
    """Every binary of ours in dist/, by a name that says where it is."""
    found = {}
    for archive in DIST.glob("*.tar.gz"):
        with tarfile.open(archive) as opened:
            for entry in opened:
                content = opened.extractfile(entry).read() if entry.isfile() else b""
                if entry.name.endswith(".zip"):
                    with zipfile.ZipFile(io.BytesIO(content)) as inner:
                        assert inner.namelist() == ["bootstrap"]
                        found[entry.name] = inner.read("bootstrap")
                elif entry.name.endswith("/certhooks"):
                    found[entry.name] = content
    return found


def test_each_file_has_its_checksum():
    lines = (DIST / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {file.name for file in DIST.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((DIST / name).read_bytes()).hexdigest() == digest, name


def test_no_binary_holds_a_path_of_the_machine_that_built_it():
    found = binaries()
    assert len(found) >= 1 + len(FUNCTIONS)
    home = str(ROOT.home()).encode()
    for name, content in found.items():
        arch = "arm64" if "arm64" in name else "x86_64"
        assert MACHINES[int.from_bytes(content[18:20], "little")] == arch, name
        leaked = {text for text in re.findall(rb"/[\w./-]{4,}", content) if text.startswith((home, str(ROOT).encode(), b"/home/"))}
        assert not leaked, f"{name}: {leaked}"


def test_each_binary_names_what_is_in_it(tmp_path):
    for name, content in binaries().items():
        file = tmp_path / "binary"
        file.write_bytes(content)
        names = {package["name"] for package in dependencies(file)}
        assert {"rustls", "ring", "tokio"} <= names, name
        assert "simulator" not in names, name


def test_a_function_needs_no_newer_library_than_lambda_has(aws):
    for function in FUNCTIONS:
        with zipfile.ZipFile(aws / f"functions/{function}.zip") as zipped:
            content = zipped.read("bootstrap")
        versions = {tuple(map(int, found.split(b"."))) for found in re.findall(rb"GLIBC_(2\.\d+)", content)}
        assert versions and max(versions) <= GLIBC, function


def test_the_command_is_static_and_says_what_it_is(linux):
    described = subprocess.run([linux / "certhooks", "--version"], capture_output=True, text=True, check=True, env={})
    assert described.stdout == f"certhooks {VERSION} (commit {COMMIT}, features: aws)\n"
    content = (linux / "certhooks").read_bytes()
    # No loader is named where nothing has to be loaded.
    assert b"ld-linux" not in content and b"ld-musl" not in content
    assert (linux / "man/certhooks-local.1").exists() and (linux / "completions/_certhooks").exists()


def test_cargo_installs_the_command_from_the_repository():
    command = version("installed") / "bin/certhooks"
    described = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, env={})
    assert described.stdout == f"certhooks {VERSION} (built from source, features: aws)\n"


@pytest.mark.parametrize("kind", ["aws", "linux"])
def test_the_bill_of_materials_is_valid_and_complete(kind, tmp_path):
    name = f"certhooks-{VERSION}-{kind}-{ARCH}"
    text = (DIST / f"{name}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    listed = {(c["name"], c["version"]) for c in json.loads(text)["components"]}
    for binary, content in binaries().items():
        if binary.startswith(f"{name}/"):
            (tmp_path / "binary").write_bytes(content)
            linked = {(p["name"], p["version"]) for p in dependencies(tmp_path / "binary") if p.get("kind", "runtime") == "runtime"}
            assert linked <= listed
    assert all("licenses" in c for c in json.loads(text)["components"])


def test_the_processed_template_refers_to_the_zips_of_this_release(aws):
    template = json.loads((aws / "template.json").read_text())
    assert "Transform" not in template and set(CODE_PARAMETERS) <= set(template["Parameters"])
    assert template["Parameters"]["CodePrefix"]["Default"] == f"certhooks/{VERSION}-{COMMIT}/{ARCH}/"
    codes = [r["Properties"]["Code"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    names = {code["S3Key"]["Fn::Sub"].removeprefix("${CodePrefix}") for code in codes}
    assert names == {f"{name}.zip" for name in FUNCTIONS} == {file.name for file in (aws / "functions").iterdir()}


def test_the_terraform_module_names_outputs_that_the_stack_has(aws):
    template = json.loads((aws / "template.json").read_text())
    text = "".join(file.read_text() for file in (aws / "terraform").glob("*.tf"))
    named = set(re.findall(r'local\.outputs\["(\w+)"]', text))
    assert named and named <= set(template["Outputs"])
    for suffix in re.findall(r'endswith\(name, "(\w+)"\)', text):
        assert any(name.endswith(suffix) for name in template["Outputs"]), suffix
