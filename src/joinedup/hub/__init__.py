"""The hub: organisations, sign-in, tokens, the record of every question, the API and the pages.

The shell around :mod:`joinedup.identify`; nothing below it imports Django.
"""
