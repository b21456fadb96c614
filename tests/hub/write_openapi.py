"""Write docs/openapi.json from the API as it is: ``python -m tests.hub.write_openapi``."""

import json

from joinedup.hub.serve import set_up
from tests.hub.test_http import SNAPSHOT

if __name__ == "__main__":
    set_up()
    from joinedup.hub.api.api import api

    SNAPSHOT.write_text(json.dumps(api.get_openapi_schema(), indent=2) + "\n")
