"""The template as CloudFormation would act on it: transformed by SAM, conditions decided, parameters filled in.

References to resources stay, as the text `${Name}` (Ref) or `${Name.Attribute}` (GetAtt), so that tests can compare
plain values.
"""

import re
from copy import deepcopy
from functools import cache
from pathlib import Path

from cloudwatch import metrics
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[1] / "template.yaml"

PSEUDO = {
    "AWS::AccountId": "111111111111",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
ABSENT = object()


def source() -> dict:
    """The template as it is written."""
    return yaml_parse(TEMPLATE.read_text())


# The providers as the template spells them, and the parameters of a stack that has all of them.
PROVIDERS = [name.removeprefix("Enable") for name in source()["Parameters"] if name.startswith("Enable")]
ALL = {f"Enable{provider}": "true" for provider in PROVIDERS}
# What their folders of sample events, their functions and their routes are named by.
NAMES = {
    name.removesuffix("Webhook"): Path(resource["Properties"]["CodeUri"]).name.removesuffix("-webhook")
    for name, resource in source()["Resources"].items()
    if name.removesuffix("Webhook") in PROVIDERS
}


class NoManagedPolicies:
    """The template names no managed policy for SAM to look up."""

    def load(self) -> dict:
        return {}


@cache
def _processed(parameters: tuple) -> dict:
    parameters = dict(parameters)
    packaged = source()
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # What `sam deploy` puts here; SAM's transform takes nothing else.
            resource["Properties"]["CodeUri"] = f"s3://packaged/{resource['Properties']['CodeUri']}"
    return Resolver(transform(packaged, parameters, NoManagedPolicies()), parameters).template()


def processed(**parameters: str) -> dict:
    """`Resources` and `Outputs` of a stack with these parameters, the others at their defaults."""
    return deepcopy(_processed(tuple(sorted(parameters.items()))))


def resources(kind: str, stack: dict) -> dict:
    """Logical id to properties, of one type."""
    return {name: r.get("Properties", {}) for name, r in stack["Resources"].items() if r["Type"] == kind}


def watched(*without: str) -> set:
    """Namespace, name and dimensions of each metric that a function of ours writes and an alarm looks at."""
    return {
        ("Certhooks", name, frozenset(dimension for dimension, _ in dimensions))
        for alarm in resources("AWS::CloudWatch::Alarm", processed(**ALL)).values()
        for namespace, name, dimensions in metrics(alarm)
        # The access log counts what the API turns away, not a function.
        if namespace == "Certhooks/stack" and name not in ("RefusedAddresses", "Throttled", *without)
    }


class Resolver:
    def __init__(self, template: dict, parameters: dict):
        declared = template["Parameters"]
        unknown = set(parameters) - set(declared)
        assert not unknown, f"no such parameters: {unknown}"
        self.raw = template
        self.values = {name: self._value(p, parameters.get(name)) for name, p in declared.items()} | PSEUDO

    @staticmethod
    def _value(declaration: dict, value: str | None):
        value = str(declaration["Default"]) if value is None else value
        return value.split(",") if declaration["Type"] == "CommaDelimitedList" else value

    def template(self) -> dict:
        return {
            section: {
                name: self.resolve(item)
                for name, item in self.raw[section].items()
                if "Condition" not in item or self.condition(item["Condition"])
            }
            for section in ("Resources", "Outputs")
        }

    def condition(self, name: str) -> bool:
        return self.resolve(self.raw["Conditions"][name])

    def resolve(self, value):
        if isinstance(value, list):
            return [r for r in map(self.resolve, value) if r is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            if key == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if key == "Ref" or key.startswith("Fn::"):
                return getattr(self, key.replace("Fn::", "fn_").lower())(argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not ABSENT}

    def ref(self, name):
        return ABSENT if name == "AWS::NoValue" else self.values.get(name, f"${{{name}}}")

    def fn_getatt(self, path):
        return "${" + (path if isinstance(path, str) else ".".join(path)) + "}"

    def fn_if(self, branches):
        condition, yes, no = branches
        return self.resolve(yes if self.condition(condition) else no)

    def fn_equals(self, pair):
        left, right = map(self.resolve, pair)
        return left == right

    def fn_not(self, one):
        return not self.resolve(one[0])

    def fn_or(self, many):
        return any(map(self.resolve, many))

    def fn_and(self, many):
        return all(map(self.resolve, many))

    def fn_findinmap(self, path):
        name, key, attribute = map(self.resolve, path)
        return self.raw["Mappings"][name][key][attribute]

    def fn_join(self, arguments):
        separator, items = arguments
        return separator.join(self.resolve(items))

    def fn_split(self, arguments):
        separator, text = arguments
        return self.resolve(text).split(separator)

    def fn_sub(self, argument):
        text, names = (argument, {}) if isinstance(argument, str) else argument
        names = self.values | {name: self.resolve(item) for name, item in names.items()}
        return re.sub(r"\$\{([^}]+)}", lambda m: str(names.get(m[1], m[0])), text)
