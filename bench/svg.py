# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Two kinds of plots, as SVG text: lines over a logarithmic axis, and bars in groups."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 44, 52
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e6bbf", "#b7791f", "#555555", "#008b8b")


class Plot:
    def __init__(self, title, y_title):
        self.parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
                      'font-size="12" role="img" aria-label="%s">' % (WIDTH, HEIGHT, escape(title, {'"': "&quot;"})),
                      '<rect width="100%" height="100%" fill="#ffffff"/>']
        self.text(LEFT, 22, title, "font-size='15' font-weight='bold'")
        self.text(LEFT, 38, y_title, "fill='#444'")

    def text(self, x, y, text, more=""):
        self.parts.append("<text x='%.1f' y='%.1f' %s>%s</text>" % (x, y, more, escape(text)))

    def line(self, x1, y1, x2, y2, colour="#dddddd", width=1):
        self.parts.append("<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='%s' stroke-width='%s'/>" %
                          (x1, y1, x2, y2, colour, width))

    def scale(self, highest):
        """Round steps up to the highest value; returns y of a value."""
        step = 10 ** math.floor(math.log10(highest))
        step = next(step * part for part in (0.2, 0.5, 1, 2) if highest / (step * part) <= 7)
        top = math.ceil(highest / step) * step
        place = lambda value: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top  # noqa: E731
        for number in range(int(round(top / step)) + 1):
            self.line(LEFT, place(number * step), WIDTH - RIGHT, place(number * step))
            self.text(LEFT - 6, place(number * step) + 4, "%g" % (number * step), "text-anchor='end'")
        return place

    def legend(self, names):
        for number, name in enumerate(names):
            y = TOP + 16 + 18 * number
            self.parts.append("<rect x='%d' y='%d' width='12' height='12' fill='%s'/>" %
                              (WIDTH - RIGHT + 14, y - 10, COLOURS[number % len(COLOURS)]))
            self.text(WIDTH - RIGHT + 32, y, name)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.parts + ["</svg>", ""]))


def lines(path, title, x_title, y_title, series, label=str):
    """series: {name: {x: (median, low, high)}}, x above 0 on a logarithmic axis."""
    plot = Plot(title, y_title)
    xs = sorted({x for points in series.values() for x in points})
    y_of = plot.scale(max(high for points in series.values() for _, _, high in points.values()))
    first, last = math.log10(xs[0]), math.log10(xs[-1])
    width = WIDTH - LEFT - RIGHT - 40
    x_of = lambda x: LEFT + 20 + width * (math.log10(x) - first) / ((last - first) or 1)  # noqa: E731
    for x in xs:
        plot.text(x_of(x), HEIGHT - BOTTOM + 18, label(x), "text-anchor='middle'")
    plot.text(LEFT + 20 + width / 2, HEIGHT - 12, x_title, "text-anchor='middle' fill='#444'")
    for number, points in enumerate(series.values()):
        colour = COLOURS[number % len(COLOURS)]
        plot.parts.append("<polyline fill='none' stroke='%s' stroke-width='2' points='%s'/>" % (
            colour, " ".join("%.1f,%.1f" % (x_of(x), y_of(points[x][0])) for x in sorted(points))))
        for x, (median, low, high) in points.items():
            plot.line(x_of(x), y_of(low), x_of(x), y_of(high), colour, 1.5)
            plot.parts.append("<circle cx='%.1f' cy='%.1f' r='3' fill='%s'/>" % (x_of(x), y_of(median), colour))
    plot.legend(series)
    plot.write(path)


def bars(path, title, y_title, groups):
    """groups: {group: {name: (median, low, high)}}; every group may lack some of the names."""
    plot = Plot(title, y_title)
    names = []
    for values in groups.values():
        names += [name for name in values if name not in names]
    y_of = plot.scale(max(high for values in groups.values() for _, _, high in values.values()))
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    bar = width * 0.8 / len(names)
    for place, (group, values) in enumerate(groups.items()):
        plot.text(LEFT + width * (place + 0.5), HEIGHT - BOTTOM + 18, group, "text-anchor='middle'")
        for name, (median, low, high) in values.items():
            number = names.index(name)
            x = LEFT + width * (place + 0.1) + bar * number
            plot.parts.append("<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>" % (
                x, y_of(median), bar * 0.9, y_of(0) - y_of(median), COLOURS[number % len(COLOURS)]))
            plot.line(x + bar * 0.45, y_of(low), x + bar * 0.45, y_of(high), "#222222", 1.2)
            plot.text(x + bar * 0.45, y_of(high) - 4, "%.0f" % median, "text-anchor='middle' font-size='10'")
    plot.legend(names)
    plot.write(path)
