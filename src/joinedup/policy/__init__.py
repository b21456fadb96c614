"""Who may ask what about a child, for which purpose, and what comes with the answer.

Pure: no database, no clock, no web framework. The same question under the same policy gives the
same decision, whenever it is asked again.
"""
