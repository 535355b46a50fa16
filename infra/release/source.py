"""What is released: version, commit and time. As a program it prints them as variables for build.sh."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "target/dist/out"  # where build.sh leaves the binaries


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
COMMIT = git("rev-parse", "--short=12", "HEAD") + ("-modified" if git("status", "--porcelain", "-uno") else "")
TIME = int(git("log", "-1", "--format=%ct"))

if __name__ == "__main__":
    # A date that a compiler writes down (mimalloc's) is the same for all commits: cargo keeps what it compiled for another.
    print(f"export CERTHOOKS_COMMIT={COMMIT} SOURCE_DATE_EPOCH=0")
