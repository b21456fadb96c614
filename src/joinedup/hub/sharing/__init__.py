"""Sharing between organisations: what one asks another for, what one offers, what proves wrong."""
