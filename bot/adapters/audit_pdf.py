"""The audit log as a PDF for an inspector, by ReportLab."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec
import reportlab
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from bot.core.audit import Break, Entry

SEAL_SHOWN = 16  # characters; the whole seals are in the JSON export
COLUMNS = {"no.": 14, "time (UTC)": 38, "who": 32, "what": 32, "case": 48, "details": 78, "seal": 34}  # millimetres

_BODY = ParagraphStyle("body", fontName="Vera", fontSize=7, leading=9)
_TITLE = ParagraphStyle("title", fontName="VeraBd", fontSize=14, leading=20)


def audit_pdf(entries: Sequence[Entry], broken: Break | None, made_at: datetime, brand: str) -> bytes:
    """The document's bytes. `broken`: what the check of the whole chain found."""
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, Path(reportlab.__file__).parent / "fonts" / f"{name}.ttf"))
    state = (
        "The chain of all entries holds."
        if broken is None
        else f"THE CHAIN IS BROKEN at entry {broken.seq} ({broken.what}). What follows it proves nothing."
    )
    head = f"{len(entries)} entries, exported {made_at:%Y-%m-%d %H:%M:%S} UTC. {state}"
    rows = [[Paragraph(f"<b>{name}</b>", _BODY) for name in COLUMNS]]
    rows += [[Paragraph(_cell(cell), _BODY) for cell in _row(entry)] for entry in entries]
    table = LongTable(rows, colWidths=[width * mm for width in COLUMNS.values()], repeatRows=1)
    lines = [("GRID", (0, 0), (-1, -1), 0.25, colors.lightgrey), ("VALIGN", (0, 0), (-1, -1), "TOP"),
             ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]  # fmt: skip
    table.setStyle(TableStyle(lines))
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=landscape(A4), title=f"Audit log of {brand}", author="Sigap", leftMargin=10 * mm,
        rightMargin=10 * mm, topMargin=12 * mm, bottomMargin=14 * mm,
    )  # fmt: skip
    story = [Paragraph(f"Audit log of {_cell(brand)}", _TITLE), Paragraph(head, _BODY), Spacer(1, 4 * mm), table]
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _row(entry: Entry) -> list[str]:
    detail = ", ".join(f"{name}: {value}" for name, value in entry.detail.items())
    at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
    return [str(entry.seq), at, entry.actor, entry.action, entry.case, detail, entry.seal[:SEAL_SHOWN]]


def _cell(text: str) -> str:
    return escape(text)


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawRightString(landscape(A4)[0] - 10 * mm, 7 * mm, f"page {document.page}")


def audit_lines(entries: Sequence[Entry]) -> bytes:
    """One JSON object a line."""
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
