"""Files that leave the hub: CSV that no spreadsheet runs, and pages that need nothing else."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.template.loader import render_to_string

from joinedup.standards.output import neutralise


def csv_file(
    name: str, mark: str, headings: Sequence[str], rows: Iterable[Sequence[str]]
) -> HttpResponse:
    """Give a CSV to download; ``mark`` is its first row, and says whose copy it is."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([neutralise(mark)])
    writer.writerow(headings)
    for row in rows:
        writer.writerow([neutralise(cell) for cell in row])
    return _to_download(name, text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8")


def page_file(name: str, template: str, context: dict[str, object]) -> HttpResponse:
    """Give a page as a file of its own, to print or to send."""
    page = render_to_string(template, context)
    return _to_download(name, page.encode(), "text/html; charset=utf-8")


def _to_download(name: str, content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
