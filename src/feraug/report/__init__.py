"""The report: a page of plain blocks in, one self-contained HTML text out."""

from feraug.report.blocks import (
    Beside,
    Block,
    Cell,
    Details,
    Facts,
    Figures,
    Group,
    Node,
    Page,
    Picture,
    Plot,
    Section,
    Strips,
    Table,
    Text,
    Tree,
)
from feraug.report.render import GENERATOR, render

__all__ = [
    "GENERATOR",
    "Beside",
    "Block",
    "Cell",
    "Details",
    "Facts",
    "Figures",
    "Group",
    "Node",
    "Page",
    "Picture",
    "Plot",
    "Section",
    "Strips",
    "Table",
    "Text",
    "Tree",
    "render",
]
