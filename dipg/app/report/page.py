"""A report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dipg.app.report.blocks import (
    Block,
    Code,
    Document,
    Gallery,
    Heading,
    Picture,
    Points,
    Sample,
    Table,
    Text,
)
from dipg.app.report.svg import DARK, STYLE

PAGE = """
:root{color-scheme:light dark;--ink:#1c1c1c;--paper:#fdfdfc;--quiet:#5d5d5d;--edge:#d9d9d6;
--soft:#f1f1ee;--mark:#ffe08a;--bad:#f7c6c6;--warn:#8a4b00}
@media(prefers-color-scheme:dark){:root{--paper:#161616;--edge:#3c3c3c;--soft:#222;--mark:#6a5200;
--bad:#6d2a2a;--warn:#f0b060;DARK}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:68rem;padding:1.5rem 1rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;line-height:1.2}h2{font-size:1.3rem;margin:2.6rem 0 .6rem;
border-top:1px solid var(--edge);padding-top:1.2rem}h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
p,ul{max-width:46rem}.note,figcaption,.caption{color:var(--quiet);font-size:.88rem}
.warning{border-left:4px solid var(--warn);padding:.3rem .8rem;background:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;
font-variant-numeric:tabular-nums;margin:.4rem 0 1rem}
.caption{margin:-.6rem 0 1rem}
th,td{padding:.28rem .9rem .28rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--edge)}
.figures td,.figures th+th{white-space:nowrap}th{font-weight:600}
.figures td+td,.figures th+th{text-align:right}
@media(max-width:42rem){.figures td{white-space:normal}}
pre{background:var(--soft);padding:.8rem;overflow-x:auto;font-size:.82rem;line-height:1.45;
max-height:26rem}
.gallery{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.4rem}
figure{margin:0;min-width:0}figure svg{width:100%;height:auto;display:block;max-width:36rem}
figcaption b{color:var(--ink);display:block}
.sample{border:1px solid var(--edge);border-radius:6px;padding:.8rem 1rem;margin:1rem 0}
.sample h3{margin:0 0 .4rem}.sample dl{margin:0}.sample dt{color:var(--quiet);font-size:.85rem;
margin-top:.5rem}.sample dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
mark{background:var(--mark);color:inherit}mark.foreign{background:var(--bad)}
@media print{pre{max-height:none}}
""".replace("DARK", DARK)

SAFE = "default-src 'none'; style-src 'unsafe-inline'"
"""The page may load nothing and run nothing, whatever text is in it."""


def html(document: Document) -> str:
    """The whole page."""
    body = "\n".join(_block(block) for block in document.blocks)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{SAFE}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{PAGE}{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text, kind):
            style = f' class="{kind}"' if kind else ""
            return f"<p{style}>{escape(text)}</p>"
        case Points(items):
            return "<ul>" + "".join(f"<li>{escape(i)}</li>" for i in items) + "</ul>"
        case Table():
            return _table(block)
        case Code(text, _):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Picture():
            return _picture(block)
        case Gallery(pictures):
            return '<div class="gallery">' + "".join(map(_picture, pictures)) + "</div>"
        case Sample():
            return _sample(block)


def _table(table: Table) -> str:
    style = ' class="figures"' if table.numeric else ""
    caption = f'<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    head = ""
    if any(table.head):
        head = (
            "<thead><tr>" + "".join(f"<th>{escape(h)}</th>" for h in table.head) + "</tr></thead>"
        )
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f'<div class="wide"><table{style}>{head}<tbody>{rows}</tbody></table></div>{caption}'


def _cell(text: str) -> str:
    """Where there is no room a value and its interval stand one above the other, each whole."""
    return escape(text).replace(" .. ", "\u00a0..\u00a0")


def _picture(picture: Picture) -> str:
    # The SVG is of our own making, its texts already escaped.
    return (
        f"<figure>{picture.svg}<figcaption><b>{escape(picture.title)}</b>"
        f"{escape(picture.caption)}</figcaption></figure>"
    )


def _marked(pieces: Sequence[tuple[str, bool]], style: str = "") -> str:
    opening = f'<mark class="{style}">' if style else "<mark>"
    return "".join(
        f"{opening}{escape(text)}</mark>" if marked else escape(text) for text, marked in pieces
    )


def _sample(sample: Sample) -> str:
    rows = [
        ("Context", _marked(sample.context)),
        ("Question", escape(sample.question)),
        ("Expected", escape(sample.expected)),
    ]
    if sample.fault:
        rows.append((f"Response ({escape(sample.fault)})", escape(sample.raw)))
    else:
        rows += [
            ("Thinking", escape(sample.thinking)),
            ("Proof", _marked(sample.proof, "foreign") or "<i>empty</i>"),
            ("Answer", escape(sample.answer)),
        ]
    rows.append(("What happened", escape(sample.facts)))
    inside = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows)
    return f'<section class="sample"><h3>{escape(sample.title)}</h3><dl>{inside}</dl></section>'
