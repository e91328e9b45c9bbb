# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""Draws lines over a logarithmic axis as SVG, in colours that can be read on a light and on a dark page."""
import html
import math

WIDTH, HEIGHT = 460, 300  # of one panel
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 40, 56  # around what is drawn in it
INK, GRID = "#7d8590", "#7d859055"
COLOURS = ("#2f81f7", "#d9730d", "#2da44e")


def text(x, y, words, anchor="middle", turn="", colour=INK):
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{turned}>{html.escape(words)}</text>'


def line(x1, y1, x2, y2, colour):
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}"/>'


def steps(highest):
    """Round numbers from 0 to at least `highest`, of which there are four to seven."""
    power = 10 ** math.floor(math.log10(highest))
    step = next(power * f for f in (0.2, 0.5, 1, 2) if highest / (power * f) <= 6)
    return [step * i for i in range(math.ceil(highest / step) + 1)]


def panel(left, top, x_title, y_title, lines, x_label):
    xs = sorted({x for points in lines.values() for x in points})
    values = [y for points in lines.values() for y in points.values()]
    if not values:
        return []
    ticks = steps(max(values))
    lowest, highest = math.log10(xs[0]), math.log10(xs[-1])

    def across(x):
        return left + LEFT + (math.log10(x) - lowest) / ((highest - lowest) or 1) * (WIDTH - LEFT - RIGHT)

    def up(y):
        return top + HEIGHT - BOTTOM - y / ticks[-1] * (HEIGHT - TOP - BOTTOM)

    drawn = [line(left + LEFT, up(y), left + WIDTH - RIGHT, up(y), GRID) for y in ticks]
    drawn += [text(left + LEFT - 8, up(y) + 4, f"{y:g}", "end") for y in ticks]
    drawn += [line(across(x), up(0), across(x), up(0) + 5, INK) for x in xs]
    free = math.inf  # to the right of this the labels would run into each other
    for x in reversed(xs):
        half = 3.5 * len(x_label(x)) + 3
        if across(x) + half <= free:
            drawn.append(text(across(x), up(0) + 20, x_label(x)))
            free = across(x) - half
    drawn.append(text(left + (WIDTH + LEFT - RIGHT) / 2, top + HEIGHT - BOTTOM + 42, x_title))
    drawn.append(text(left + 16, top + (HEIGHT + TOP - BOTTOM) / 2, y_title, turn="-90"))
    start = left + LEFT
    for colour, (name, points) in zip(COLOURS, lines.items()):
        path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in sorted(points.items()))
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>' for x, y in points.items()]
        drawn.append(f'<circle cx="{start + 4}" cy="{top + 18}" r="4" fill="{colour}"/>')
        drawn.append(text(start + 12, top + 22, name, "start", colour=colour))
        start += 24 + 7 * len(name)
    return drawn


def draw(panels):
    """panels: (title of x, title of y, {line: {x: y}}, how an x is written), two beside each other."""
    panels = list(panels)
    drawn = []
    for i, (x_title, y_title, lines, x_label) in enumerate(panels):
        drawn += panel(i % 2 * WIDTH, i // 2 * HEIGHT, x_title, y_title, lines, x_label)
    width, height = 2 * WIDTH, (len(panels) + 1) // 2 * HEIGHT
    # REUSE-IgnoreStart: these are the picture's
    return "\n".join([
        "<!-- SPDX-FileCopyrightText: 2026 The QtAmqp Authors -->",
        "<!-- SPDX-License-Identifier: MIT -->",
        # REUSE-IgnoreEnd
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        "<title>What a message costs as its surroundings grow</title>",
        *drawn, "</svg>", ""])
