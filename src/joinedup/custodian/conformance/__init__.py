"""Whether an implementation of the hub's contract is right: of the hub, or of a custodian.

``hub`` asks a running hub from outside; ``stub`` is a hub made of nothing, to which a custodian's
client connects while ``custodian`` watches what it does.
"""
