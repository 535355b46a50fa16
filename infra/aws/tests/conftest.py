"""What the end-to-end tests share: one emulator, one set of simulated providers, one stack with all of them."""

import os
from pathlib import Path

import pytest
from emulator import Emulator, Simulator, emulator, simulator
from processed import ALL
from stack import Stack, deploy, stage

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # SAM's transform asks for one

API_KEYS = {
    "SIMULATOR_DIGICERT_API_KEY": "digicert-api-key-of-the-tests",
    "SIMULATOR_CLOUDFLARE_API_TOKEN": "cloudflare-api-token-of-the-tests",
    "SIMULATOR_META_ACCESS_TOKEN": "meta-access-token-of-the-tests",
}
SECRETS = {
    "CloudflareWebhook": {"webhook_auth": "cloudflare-webhook-auth-of-the-tests"},
    "MetaWebhook": {"app_secret": "meta-app-secret-of-the-tests", "verify_token": "meta-verify-token-of-the-tests"},
    "CertspotterWebhook": {"username": "username-of-the-tests", "password": "password-of-the-tests"},
    "DigicertApi": {"api_key": API_KEYS["SIMULATOR_DIGICERT_API_KEY"]},
    "CloudflareApi": {"api_token": API_KEYS["SIMULATOR_CLOUDFLARE_API_TOKEN"]},
    "MetaApi": {"access_token": API_KEYS["SIMULATOR_META_ACCESS_TOKEN"]},
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
    return {
        "Architecture": "x86_64",
        "DigicertSourceCidrs": "127.0.0.0/8,216.168.240.0/20",
        "DigicertApiBase": providers.bases["digicert"],
        "DigicertApiBudget": "none",
        "CloudflareApiBase": providers.bases["cloudflare"],
        "CloudflareApiBudget": "none",
        "MetaApiBase": providers.bases["meta"],
        "MetaApiBudget": "none",
        "MetaDomains": "example.com",
    }


@pytest.fixture(scope="session")
def stack(aws, template, parameters) -> Stack:
    """All providers, with every secret filled in."""
    deployed = deploy(aws, template, "certhooks", **ALL, **parameters)
    for name, value in SECRETS.items():
        deployed.fill(name, value)
    return deployed
