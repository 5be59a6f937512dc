"""Sets of intervals of numbers."""


def merged(intervals):
    """The intervals in order, with those that touch or overlap made one."""
    whole = []
    for low, high in sorted(intervals):
        if whole and low < whole[-1][1]:
            whole[-1] = (whole[-1][0], high)
        else:
            whole.append((low, high))
    return whole
