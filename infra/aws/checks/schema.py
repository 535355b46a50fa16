"""Whether events/schema/ is what it says: JSON Schema 2020-12 by another validator than the generator's, and every example valid
by it."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

SCHEMAS = Path("events/schema")


def main() -> int:
    schemas = {path.stem: json.loads(path.read_text()) for path in SCHEMAS.glob("*-*.json")}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    registry = Registry().with_contents([(schema["$id"], schema) for schema in schemas.values()])
    message = Draft202012Validator(
        schemas["certificate-event-message"], registry=registry, format_checker=FormatChecker()
    )
    faults = [
        f"{path}: {error.json_path}: {error.message}"
        for path in sorted(SCHEMAS.glob("examples/*.json"))
        for error in message.iter_errors(json.loads(path.read_text()))
    ]
    print("\n".join(faults), end="", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
