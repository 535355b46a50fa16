"""Prints both schemas of events/schema/ as one, in the form from which generators make plain types."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).parents[2] / "events/schema"


def plain(schema):
    """Words as one enum, beside any text where further words may come; and no word about members that are not known."""
    if isinstance(schema, list):
        return [plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    words = [choice for choice in schema.get("anyOf", schema.get("oneOf", [])) if "const" in choice or "pattern" in choice]
    if len(words) > 1:
        known = {"enum": [choice["const"] for choice in words if "const" in choice]}
        is_open = any("pattern" in choice for choice in words)
        kept = {name: schema[name] for name in ("description",) if name in schema}
        return kept | ({"anyOf": [known, {"type": "string"}]} if is_open else {"type": "string"} | known)
    return {name: plain(inner) for name, inner in schema.items() if name != "additionalProperties"}


def load(name: str) -> dict:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    del schema["$schema"]
    return schema


message, data = load("certificate-event-message"), load("certificate-event")
message.pop("$id")
# The `$id` is also the value of `dataschema`, so this replaces it in the reference alone.
message["properties"]["data"]["$ref"] = "#/$defs/CertificateData"
del data["$id"]
definitions = message.pop("$defs") | data.pop("$defs") | {"CertificateData": data}
definitions["CertificateData"]["properties"]["payload"]["tsType"] = "unknown"
print(json.dumps(plain(message | {"title": "CertificateEvent", "$defs": definitions}), indent=1))
