"""The report as one self-contained page: what a study searched, found and did not try, for reading in any browser."""

from tuner.report_html.page import PAGE_FILE, render, write

__all__ = ["PAGE_FILE", "render", "write"]
