"""Data sharing agreements, and the policy that they and the law come to."""
