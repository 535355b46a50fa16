"""Whether a crate of a lock file is vulnerable, unmaintained or unsound, as RustSec's advisories say.

`advisories.py check PIN COPY LOCK...`: PIN (advisories.toml) names the commit of the advisories, and COPY is the folder
that it is kept in. Where it cannot be had, this is said and passes, for a desk without a network; with STRICT=1 it
fails. What deny.toml ignores, with its reasons, is ignored here too.
`advisories.py renew PIN COPY`: moves PIN to the newest commit.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

AUDIT = Path(sys.executable).with_name("cargo-audit")
POLICY = Path(__file__).parents[3] / "deny.toml"


def git(copy: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", "-C", copy, *arguments], capture_output=True, text=True)


def fetch(copy: Path, database: str, commit: str) -> str:
    """What went wrong, or nothing."""
    copy.mkdir(parents=True, exist_ok=True)
    for step in ("init --quiet", f"fetch --quiet --depth=1 {database} {commit}", "checkout --quiet --force FETCH_HEAD"):
        done = git(copy, *step.split())
        if done.returncode:
            return f"advisories: commit {commit} of {database} cannot be had: {done.stderr.strip()}"
    return ""


def check(pin: Path, copy: Path, locks: list[str]) -> int:
    pinned = tomllib.loads(pin.read_text())
    head = copy / ".git" / "HEAD"
    if not head.exists() or head.read_text().strip() != pinned["commit"]:
        if problem := fetch(copy, pinned["database"], pinned["commit"]):
            print(f"{problem}\nadvisories: NOT CHECKED", file=sys.stderr)
            return 1 if os.environ.get("STRICT") else 0
    command = [AUDIT, "audit", "--quiet", "--db", copy, "--no-fetch", "--stale", "--no-yanked", "--deny", "warnings"]
    for entry in tomllib.loads(POLICY.read_text())["advisories"]["ignore"]:
        if not entry.get("reason"):
            print(f"{POLICY.name}: {entry['id']} is ignored without a reason", file=sys.stderr)
            return 1
        command += ["--ignore", entry["id"]]
    return max(subprocess.run([*command, "--file", lock]).returncode for lock in locks)


def renew(pin: Path, copy: Path) -> int:
    text = pin.read_text()
    if problem := fetch(copy, tomllib.loads(text)["database"], "HEAD"):
        print(problem, file=sys.stderr)
        return 1
    commit, date = git(copy, "log", "-1", "--format=%H %cs").stdout.split()
    text = re.sub(r'^commit = ".*"$', f'commit = "{commit}"', text, flags=re.M)
    pin.write_text(re.sub(r'^date = ".*"$', f'date = "{date}"', text, flags=re.M))
    return 0


if __name__ == "__main__":
    verb, pin, copy, *locks = sys.argv[1:]
    sys.exit(check(Path(pin), Path(copy), locks) if verb == "check" else renew(Path(pin), Path(copy)))
