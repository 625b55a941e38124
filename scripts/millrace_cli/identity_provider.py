"""`./millrace identity-provider`: an OpenID provider on this machine, to try signing in with an account elsewhere."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from scripts.deployer.deploy import Deployment
from scripts.deployer.target import Target, local_target
from scripts.millrace_cli.console import CommandFailed, out, print_json, step
from scripts.millrace_cli.deploying import TEMPLATE, local_parameters, run_deployment
from scripts.millrace_cli.home import STACK_NAME, Home, current_home
from scripts.millrace_cli.running import running_names
from scripts.supervisor.client import current_report

PROVIDER_ID = "people"
LABEL = "People on this machine"
POOL_NAME = "millrace-people"
EMAIL = "bob@people.example"
SIGN_IN_PATH = f"/api/auth/oauth/{PROVIDER_ID}"

# No type stubs: nothing else here speaks Cognito.
Cognito = Any
Settings = dict[str, str]


@dataclass(frozen=True)
class Way:
    """How to sign in."""

    provider: str
    email: str
    password: str
    start_url: str


def identity_provider(
    email: Annotated[str, typer.Option(help="The address of the person at the provider.")] = EMAIL,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Set up an OpenID provider with one person on this machine, to try signing in with an account elsewhere.

    It is a Cognito user pool of the emulator. Repeating it keeps pool and person, and sets another password.
    """
    home = current_home()
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up")
    with home.locked():
        way = _set_up(home, email)
    if as_json:
        print_json(asdict(way))
        return
    out.print(f"The site offers to sign in with an account at “{LABEL}”:", markup=False)
    out.print(f"  address   {way.email}\n  password  {way.password}", markup=False)
    out.print(f"  begin     POST {way.start_url}; docs/tour.md shows it with curl", markup=False)


def _set_up(home: Home, email: str) -> Way:
    chosen = home.settings()
    target = local_target(chosen.emulator_url)
    # Cognito's rule wants a sign, a digit, and letters of both sizes.
    password = f"Aa1-{secrets.token_urlsafe(12)}"
    with step("Setting up the provider"):
        cognito = target.client("cognito-idp")
        ours = openid_settings(cognito, chosen.emulator_url, f"{chosen.edge_url}{SIGN_IN_PATH}/callback")
        ensure_person(cognito, ours["issuer"].rsplit("/", 1)[1], email, password)
    others = [one for one in _configured(target) if one.get("id") != PROVIDER_ID]
    given = local_parameters(TEMPLATE, chosen, {"OauthProviders": json.dumps([*others, ours])})
    run_deployment(Deployment(TEMPLATE, STACK_NAME, target, given))
    return Way(PROVIDER_ID, email, password, chosen.edge_url + SIGN_IN_PATH)


def openid_settings(cognito: Cognito, emulator_url: str, callback_url: str) -> Settings:
    """Make a user pool with a login page and a client, where they are not there; return a provider's settings."""
    pool_id = _pool(cognito)
    client = _client(cognito, pool_id, callback_url)
    return {
        "id": PROVIDER_ID,
        "label": LABEL,
        "issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}",
        "discovery_url": f"{emulator_url}/{pool_id}/.well-known/openid-configuration",
        "client_id": client["ClientId"],
        "client_secret": client["ClientSecret"],
    }


def ensure_person(cognito: Cognito, pool_id: str, email: str, password: str) -> None:
    """Give somebody with a proven address an account at the provider, or another password for it."""
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool_id, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=password, Permanent=True)


def _pool(cognito: Cognito) -> str:
    for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60):
        for pool in page["UserPools"]:
            if pool["Name"] == POOL_NAME:
                return str(pool["Id"])
    pool_id = str(cognito.create_user_pool(PoolName=POOL_NAME, AutoVerifiedAttributes=["email"])["UserPool"]["Id"])
    cognito.create_user_pool_domain(Domain=f"{POOL_NAME}-{secrets.token_hex(4)}", UserPoolId=pool_id)
    return pool_id


def _client(cognito: Cognito, pool_id: str, callback_url: str) -> dict[str, str]:
    wanted = {
        "UserPoolId": pool_id,
        "ClientName": "millrace",
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "profile"],
        "CallbackURLs": [callback_url],
        "SupportedIdentityProviders": ["COGNITO"],
    }
    present = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=1)["UserPoolClients"]
    if not present:
        made: dict[str, str] = cognito.create_user_pool_client(**wanted, GenerateSecret=True)["UserPoolClient"]
        return made
    # The site's port may be another one than last time.
    client_id = present[0]["ClientId"]
    cognito.update_user_pool_client(**wanted, ClientId=client_id)
    found = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    kept: dict[str, str] = found["UserPoolClient"]
    return kept


def _configured(target: Target) -> list[Settings]:
    """Return the providers that are set up already; the stack itself does not tell, they hold secrets."""
    place = target.cloudformation.describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="OauthProvidersSecret"
    )
    secret_id = place["StackResourceDetail"]["PhysicalResourceId"]
    found: list[Settings] = json.loads(
        target.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
    )
    return found
