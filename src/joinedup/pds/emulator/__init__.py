"""A PDS on your own machine: the same protocol, limits and refusals, invented people.

What it does where the NHS has not published a rule is listed, with an id for each choice
(C1, C2...), in ``docs/pds-emulator.md``; comments in the code cite those ids.
"""
