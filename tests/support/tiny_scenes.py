# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Tiny filled scenes for the tests of layers, drawing and legibility."""

SIZE = (320, 180)
FRAMES = 96
SECOND = 48_000
# two sentences: from 0.4 s to 1.4 s, and from 1.6 s to 2.6 s; the scene lasts 3.84 s
TIMES = {"hello": (SECOND * 2 // 5, SECOND * 7 // 5), "topic": (SECOND * 8 // 5, SECOND * 13 // 5)}
HELLO, HELLO_END, TOPIC, TOPIC_END = 10, 35, 40, 65
LEAVING = FRAMES - 9

ROUND = '<circle cx="480" cy="540" r="240" fill="#0066CC"/><circle cx="560" cy="480" r="90" fill="#FFB400"/>'
CARD = '<rect x="960" y="240" width="720" height="480" rx="60" fill="#008055" fill-opacity="0.8"/>'
TITLE = (
    '<text x="240" y="300" font-family="Titillium Web" font-weight="700" font-size="104" fill="#17324D">'
    "Ciao <tspan>Anna</tspan></text>"
)


def scene(*layers: str, defs: str = "") -> str:
    """A scene drawing of these layers."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:vg="urn:videoguide:scene" viewBox="0 0 1920 1080">'
        f"<defs>{defs}</defs>{''.join(layers)}</svg>"
    )


def layer(name: str, marks: str = 'vg:enter="start"', inside: str = ROUND) -> str:
    """One layer with its ``vg:`` attributes."""
    return f'<g id="{name}" {marks}>{inside}</g>'
