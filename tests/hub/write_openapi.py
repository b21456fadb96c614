"""Write docs/openapi.json from the API as it is: ``python -m tests.hub.write_openapi``.

And the client that an example makes out of it.
"""

import json

from joinedup.hub.serve import set_up
from tests.custodian import generated_client
from tests.hub.test_http import SNAPSHOT

if __name__ == "__main__":
    set_up()
    from joinedup.hub.api.api import api

    SNAPSHOT.write_text(json.dumps(api.get_openapi_schema(), indent=2) + "\n")
    generated_client.write()
