"""What the demo needs of the hub: invented organisations and people, and who signs them in.

The people sign in through a real OpenID Connect provider; there is no other way in.
"""

from joinedup.hub.demo.provider import Provider, start_provider
from joinedup.hub.demo.seed import Seeded, seed_demo

__all__ = ["Provider", "Seeded", "seed_demo", "start_provider"]
