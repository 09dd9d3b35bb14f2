"""Build the site: ``sphinx-build -W -c docs . site``, from the root of the repository, then open site/index.html.

The pages are the Markdown files where they lie, so that their links work on a code host as well as here; README.md is
the first one. Nothing in the site is fetched from elsewhere.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

CONTENTS = {
    "Start": ["quickstart", "tour", "own_training", "diagnose", "yolo", "yolov5", "classify", "data", "scaling", "faq"],
    "Understand": ["how_it_decides", "symptoms", "scale", "comparison"],
    "Reference": ["commands", "configuration", "search_space", "trainers", "executors", "treatment", "security"],
    "Measured": [
        "Reading curves </results/diagnosis/README>",
        "Searching </results/search/README>",
        "Parts on the digits </results/ablation/README>",
        "YOLO on a CPU </results/yolo/README>",
        "Data sets </results/data_check/README>",
        "Wrong labels </results/label_noise/README>",
        "With and without a warm-up </results/warmup/README>",
        "Faults </results/chaos/README>",
        "Clusters </results/cluster/README>",
        "Determinism </results/determinism/README>",
        "Overhead </results/overhead/README>",
        "The bank of curves </bank/README>",
    ],
    "中文": ["quickstart.zh", "symptoms.zh", "faq.zh"],
    "Project": ["house", "decisions", "log", "Changes </CHANGELOG>"],
}

project = "tuner"
html_title = "tuner"
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "results/*/README.md", "bank/README.md"]
exclude_patterns = [".*", "data", "runs", "scripts", "site", "tests", "tuner", "results/*/trials"]
extensions = ["myst_parser", "sphinx_copybutton"]
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
myst_heading_anchors = 4

html_theme = "furo"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2b5c8a", "color-brand-content": "#2b5c8a"},
    "dark_css_variables": {"color-brand-primary": "#8ab8e0", "color-brand-content": "#8ab8e0"},
}
html_static_path = ["site/static"]
templates_path = ["site/templates"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "index.html"}
html_copy_source = html_show_sourcelink = html_show_sphinx = html_show_copyright = False
html_show_search_summary = False  # it would be fetched, which a page from the disk may not do
pygments_style, pygments_dark_style = "friendly", "github-dark"
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"

ANCHOR = re.compile(r'<a id="([^"]+)">')


class Anchors(SphinxTransform):
    """Make each ``<a id="...">`` above a heading an id of that heading, so that links to it are checked."""

    default_priority = 870  # before MyST resolves links within a page

    def apply(self, **kwargs: Any) -> None:
        slugs = self.env.metadata[self.env.docname].setdefault("myst_slugs", {})
        name = ""
        for section in self.document.findall(nodes.section):
            if name:
                section["ids"] = [name, *(i for i in section["ids"] if i != name)]
                slugs[name], name = (section.line or 0, name, section[0].astext()), ""
            for child in list(section.children):
                anchor = ANCHOR.match(child.astext()) if isinstance(child, nodes.paragraph) else None
                if anchor:
                    name = anchor[1]
                    section.children.remove(child)
        self.document.myst_slugs = slugs


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the table of contents, which a code host would show as a block of code, behind the text of the README."""
    if name != root_doc:
        return
    for caption, pages in CONTENTS.items():
        lines = [page if ">" in page else f"/docs/{page}" for page in pages]
        source[0] += "\n".join(["\n\n```{toctree}", ":hidden:", f":caption: {caption}\n", *lines, "```\n"])


def say_language(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Name the language of a page in Chinese, for what reads it aloud and chooses its font."""
    if page.endswith(".zh"):
        context["language"] = "zh-CN"


def setup(app: Sphinx) -> None:
    app.add_transform(Anchors)
    app.connect("source-read", add_contents)
    app.connect("html-page-context", say_language)
