"""What the demo needs of the hub: invented organisations and people, and who signs them in.

The people sign in through a real OpenID Connect provider; there is no other way in.
"""

from joinedup.hub.demo.people import Begun, known_children, seed_people
from joinedup.hub.demo.provider import Provider, kept_port, start_provider
from joinedup.hub.demo.seed import Seeded, seed_demo

__all__ = [
    "Begun",
    "Provider",
    "Seeded",
    "kept_port",
    "known_children",
    "seed_demo",
    "seed_people",
    "start_provider",
]
