"""Books whose reports are read as pages."""

from html.parser import HTMLParser
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"
HEADER = "[market]\nvol = 0.2\n[simulation]\npaths = 2000\n"
TRADE = "[[trade]]\nid = {}\nstrike = 100\n"
TWO = HEADER + TRADE.format('"A"') + TRADE.format('"B"') + 'kind = "asian"\n'
EVIL = '"><img src=x onerror=alert(1)></td><script>alert(1)</script>&amp;'


class Page(HTMLParser):
    """Every element with its attributes, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.source, self.found, self.text = text, [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]
