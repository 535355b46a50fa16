"""What the end-to-end tests share: one emulator, one set of simulated providers, one stack with all of them."""

import json
import os
from pathlib import Path

import pytest
from emulator import Emulator, Simulator, emulator, simulator
from processed import ALL, PROVIDERS, source
from senders import has_call_backs
from stack import Stack, deploy, stage

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # SAM's transform asks for one


RESOURCES = source()["Resources"]
# What the operator fills in, by the secrets' names in the outputs: values such as `meta-access-token-of-the-tests`.
SECRETS = {
    f"{provider}{kind}": {
        member: f"{provider}-{member}-of-the-tests".lower().replace("_", "-") for member in json.loads(secret["SecretString"])
    }
    for provider in PROVIDERS
    for kind in ("Webhook", "Api")
    if "SecretString" in (secret := RESOURCES[f"{provider}{kind}Secret"]["Properties"])
}
# What the simulator expects, by its variables.
API_KEYS = {
    f"SIMULATOR_{provider}_{member}".upper(): value
    for provider in PROVIDERS
    for member, value in SECRETS[f"{provider}Api"].items()
}


@pytest.fixture(scope="session")
def aws(tmp_path_factory) -> Emulator:
    with emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    # `make test-release` names the one of an unpacked release.
    released = os.environ.get("CERTHOOKS_TEMPLATE")
    return Path(released) if released else stage(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def providers(tmp_path_factory) -> Simulator:
    with simulator(tmp_path_factory.mktemp("simulator"), API_KEYS) as started:
        yield started


@pytest.fixture(scope="session")
def parameters(providers) -> dict:
    """Of a stack whose providers are the simulated ones, and whose senders are on this machine."""
    simulated = {p: providers.bases[p.lower()] for p in PROVIDERS if p.lower() in providers.bases}
    assert simulated.keys() >= {p for p in PROVIDERS if has_call_backs(p)}, "no call-back leaves this machine"
    return {
        "Architecture": "x86_64",
        "DigicertSourceCidrs": "127.0.0.0/8,216.168.240.0/20",
        "MetaDomains": "example.com",
        **{f"{provider}ApiBase": base for provider, base in simulated.items()},
        **{f"{provider}ApiBudget": "none" for provider in simulated},
    }


@pytest.fixture(scope="session")
def stack(aws, template, parameters) -> Stack:
    """All providers, with every secret filled in."""
    deployed = deploy(aws, template, "certhooks", **ALL, **parameters)
    for name, value in SECRETS.items():
        deployed.fill(name, value)
    return deployed
