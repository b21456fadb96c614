"""Jinja for the pages: GOV.UK page parts, escaped by default, addresses by name."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader

from joinedup.hub.pages import navigation
from joinedup.hub.pages.record_page import when_words


def environment(**options: Any) -> Environment:
    """What Django's Jinja backend asks for."""
    options["loader"] = ChoiceLoader(
        [
            PackageLoader("joinedup.hub.pages"),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    options["undefined"] = ChainableUndefined  # the GOV.UK macros leave most options out
    made = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - Django sets autoescape
    made.globals.update(
        static=static,
        url=reverse,
        message=message,
        navigation=navigation.links,
        when_words=when_words,
    )
    made.filters["day"] = day
    made.filters["moment"] = moment
    return made


def day(value: date) -> str:
    """A day, or a moment's day in London, in words."""
    shown = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return f"{shown.day} {shown:%B %Y}"


def moment(value: datetime) -> str:
    """A moment in London, in words."""
    return f"{day(value)} at {timezone.localtime(value):%H:%M}"


def message(form: Form, name: str) -> dict[str, str] | None:
    """A field's first error as the GOV.UK macros take it, or None."""
    return {"text": str(form.errors[name][0])} if name in form.errors else None


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows: who is signed in, and for how long without a click."""
    return {
        "membership": getattr(request, "membership", None),
        "idle_seconds": settings.SESSION_COOKIE_AGE,
    }
