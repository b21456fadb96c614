"""The agency's side: a node that keeps what the agency holds, and answers for it.

It only ever calls outward. ``client`` and ``envelope`` are what a supplier needs to do the same in
software of their own; ``node`` is a whole custodian (``joinedup custodian``).
"""
