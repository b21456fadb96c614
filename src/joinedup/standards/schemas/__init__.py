"""Record types out: published JSON Schemas (2020-12), and what is wrong with a record.

A record is an envelope (whose it is, of what type, whom to ask about it) around a payload. The
record types are the five of DfE's national prototype, with its field names, and our
``placement.details``.
"""

from joinedup.standards.schemas.catalogue import RECORD_TYPES, example, schema
from joinedup.standards.schemas.problem import Problem
from joinedup.standards.schemas.validation import is_record, validate

__all__ = ["RECORD_TYPES", "Problem", "example", "is_record", "schema", "validate"]
