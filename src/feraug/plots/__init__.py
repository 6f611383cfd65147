"""Pictures for people: sheets of faces, distributions, pairs."""

from feraug.plots.sheets import sheet, with_row_labels, write_png
from feraug.plots.similarity import PairRow, Panel, plot_distributions, plot_pairs

__all__ = ["PairRow", "Panel", "plot_distributions", "plot_pairs", "sheet", "with_row_labels", "write_png"]
