"""One dated chronology of what several agencies' records say about a child; and signals in it.

Pure: records in, words out. Nothing is kept, nothing is scored, and what differs is shown.
"""
