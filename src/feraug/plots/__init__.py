"""Pictures for people: sheets of faces."""

from feraug.plots.sheets import sheet, write_png

__all__ = ["sheet", "write_png"]
