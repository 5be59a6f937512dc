"""Tables as text."""


def table(rows):
    """The rows with their columns aligned to the left, two spaces apart, without space at the ends of lines."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)
