"""What the limits keep about a child: nothing that can be read without the hub's secret.

An unkeyed hash of an NHS number is undone in minutes (reference 2.4), so everything here is keyed.
"""

import hashlib
import hmac

from django.conf import settings

from joinedup.hub.limits.sweeps import CIRCLE


def fingerprint(asker: str, text: str) -> bytes:
    """The same for the same child and asker, and different for another asker."""
    return _mac(f"seen|{asker}|{text}")[:16]


def moved(asker: str, nhs_number: str) -> int:
    """The number's first nine digits, moved by a distance that is the asker's own and secret.

    Differences between an asker's numbers stay as they are. One number known gives the rest of
    that asker's away: hence no more than the last few hundred are kept.
    """
    distance = int.from_bytes(_mac(f"moved|{asker}")[:8], "big")
    return (int(nhs_number[:9]) + distance) % CIRCLE


def _mac(text: str) -> bytes:
    key = hashlib.sha256(b"joinedup.limits" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
