"""The two forms of infra/aws/template.yaml that a release has, for one architecture each.

- template.yaml: for SAM, which uploads the zips beside it
- template.json: processed by SAM's transform, for everything else (`aws cloudformation`, Terraform). The zips lie in a
  bucket, which two more parameters name.

`python templates.py FILE` writes the processed form for the linter.
"""

import json
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # SAM's transform asks for one

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

SOURCE = Path(__file__).parents[1] / "aws/template.yaml"
FUNCTIONS = sorted(folder.name for folder in (Path(__file__).parents[2] / "functions").iterdir())
CODE_PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "AllowedPattern": "^[a-z0-9.-]{3,63}$",
        "ConstraintDescription": "must be the name of an S3 bucket.",
        "Description": "The bucket, in the region of the stack, that the zips of the functions were uploaded to.",
    },
    "CodePrefix": {
        "Type": "String",
        "Description": "What stands before the name of each zip in the bucket, such as certhooks/1.0.0/arm64/.",
    },
}

# SAM names the deployment of an API after the API's content, which then holds a reference and stays the same.
REDEPLOY = (
    " After a change of this alone, deploy the API's policy: aws apigateway create-deployment --stage-name v1"
    " --rest-api-id ID. The function looks at the address too."
)


class NoManagedPolicies:
    """The template names no managed policy for SAM to look up."""

    def load(self) -> dict:
        return {}


def packaged(arch: str, template: str | None = None) -> str:
    """For SAM. Architecture has one value, because these are functions for no other."""
    text = SOURCE.read_text() if template is None else template
    text, count = re.subn(r"CodeUri: \S*/([a-z-]+)/\n", r"CodeUri: functions/\1.zip\n", text)
    assert count == len(FUNCTIONS), f"template.yaml has {count} functions, and functions/ has {len(FUNCTIONS)}"
    text, count = re.subn(
        r"(\n  Architecture:\n    Type: String\n)    Default: .*\n    AllowedValues: .*\n    Description: .*\n",
        rf"\1    Default: {arch}\n    AllowedValues: [{arch}]\n    Description: Of the functions in this release.\n",
        text,
    )
    assert count == 1, "the parameter Architecture of template.yaml does not look as expected"
    return text


def processed(template: str, prefix: str) -> dict:
    """Needs no transform on AWS. `template`: as `packaged` returns it; `prefix`: the default of CodePrefix."""
    source = yaml_parse(template)
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            name = Path(resource["Properties"]["CodeUri"]).name
            key = {"Fn::Sub": "${CodePrefix}" + name}
            resource["Properties"]["CodeUri"] = {"Bucket": {"Ref": "CodeBucket"}, "Key": key}
    source["Parameters"] |= json.loads(json.dumps(CODE_PARAMETERS))
    source["Parameters"]["CodePrefix"]["Default"] = prefix
    source["Parameters"]["DigicertSourceCidrs"]["Description"] += REDEPLOY
    # SAM writes the value of a parameter into some places, where a processed template must go on referring to it.
    marks = {f"parameter:{name}": name for name in source["Parameters"] if name != "Architecture"}
    result = transform(source, {name: mark for mark, name in marks.items()}, NoManagedPolicies())
    return referring(json.loads(json.dumps(result)), marks)


def referring(value, marks: dict[str, str]):
    """With a reference to the parameter in the place of each mark."""
    if isinstance(value, dict):
        return {key: referring(item, marks) for key, item in value.items()}
    if isinstance(value, list):
        return [referring(item, marks) for item in value]
    if value in marks:
        return {"Ref": marks[value]}
    assert not isinstance(value, str) or "parameter:" not in value, f"SAM wrote a parameter into '{value}'"
    return value


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(processed(packaged("arm64"), "certhooks/"), indent=2) + "\n")
