"""The demo's sign-in provider: a real OpenID Connect provider in a process of its own.

It listens on this machine alone and signs in whoever is picked on its page, without a password:
never use it for real people. The hub is registered with it as a client, with its own secret and
redirect address.
"""

import json
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from joinedup.hub.demo.cast import PERSONAS
from joinedup.hub.environment import made_once
from joinedup.hub.serve import HOST, NotServing, answers, check_port, stop

PATIENCE = 30.0
_PORTS = range(8401, 8500)


class ProviderFailed(Exception):
    """The provider did not come up."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The running provider, and the environment with which a hub uses it."""

    url: str
    process: "subprocess.Popen[bytes]"
    client_id: str
    client_secret: str

    @property
    def environment(self) -> dict[str, str]:
        """Settings for the hub."""
        return {
            "JOINEDUP_OIDC_ISSUER": self.url,
            "JOINEDUP_OIDC_CLIENT_ID": self.client_id,
            "JOINEDUP_OIDC_CLIENT_SECRET": self.client_secret,
        }

    def stop(self) -> None:
        """End the provider."""
        stop(self.process)


def kept_port(state: Path) -> int:
    """The provider's port in this state folder: always the same, for people are known by it.

    Raises ``ProviderFailed`` when somebody else listens there.
    """
    kept = state / "provider-port"
    port = int(made_once(kept, str(_first_free()).encode()))
    try:
        check_port(HOST, port)
    except NotServing as error:
        raise ProviderFailed(
            f"The people of this demo sign in on port {port}, which something else uses. End that, "
            "or begin anew with another --state."
        ) from error
    return port


def _first_free() -> int:
    """A port below those that the system hands out by itself, so that it is free the next time."""
    for port in _PORTS:
        with suppress(NotServing):
            check_port(HOST, port)
            return port
    raise ProviderFailed(f"No port from {_PORTS[0]} to {_PORTS[-1]} is free.")


def start_provider(port: int, hub_url: str) -> Provider:
    """Start the provider on ``port`` and register the hub with it.

    ``hub_url`` is the hub's public address, without a slash at the end. Raises ``ProviderFailed``.
    """
    url = f"http://localhost:{port}"
    code = f"from joinedup.hub.demo.provider import main; main({port})"
    process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
        [sys.executable, "-c", code], start_new_session=True
    )
    try:
        _wait_until_up(process, port)
        client = _register(url, hub_url)
    except BaseException:
        stop(process)
        raise
    return Provider(url, process, client["client_id"], client["client_secret"])


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ProviderFailed(
                f"The demo's sign-in provider could not start on port {port}. Is it in use, or is "
                "the demo extra not installed (pip install 'joinedup[demo]')?"
            )
        if answers(port, "/.well-known/openid-configuration"):
            return
        time.sleep(0.05)
    raise ProviderFailed("The demo's sign-in provider did not answer.")


def _register(url: str, hub_url: str) -> dict[str, str]:
    """Dynamic client registration (RFC 7591)."""
    request = Request(  # noqa: S310 - our own process on this machine
        f"{url}/oauth2/clients",
        data=json.dumps({"redirect_uris": [f"{hub_url}/sign-in/done"]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        client: dict[str, str] = json.load(answer)
    return client


def main(port: int) -> None:
    """Serve the provider until ended."""
    import logging
    import warnings

    import authlib.deprecate  # noqa: F401 - it shows its warnings whatever was asked before

    # The package warns of what its own dependencies will drop one day: nobody here can help it.
    warnings.simplefilter("ignore")

    import oidc_provider_mock
    from jinja2 import ChoiceLoader, PackageLoader
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # its access log holds query strings
    app = oidc_provider_mock.app(
        require_client_registration=True,
        require_nonce=True,
        issue_refresh_token=False,
        user_claims=[
            oidc_provider_mock.User(sub=persona.subject, claims=persona.claims())
            for persona in PERSONAS
        ],
    )
    # Its own pages are for developers, and take their style sheet from another site.
    app.jinja_loader = ChoiceLoader([PackageLoader("joinedup.hub.demo"), app.jinja_loader])
    app.jinja_env.globals["personas"] = [one.as_dict() for one in PERSONAS]
    # The package turns on a debugger that could run code from the browser.
    app.debug = False
    app.wsgi_app = app.wsgi_app.app
    make_server("localhost", port, app, threaded=True).serve_forever()
