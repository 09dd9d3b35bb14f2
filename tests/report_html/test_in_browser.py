from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.report_html.browser import needs_browser, open_page
from tests.report_html.pages import content_in, family
from tests.report_html.test_page import hostile
from tuner.report_html import write

pytestmark = needs_browser

SHOWN = """
  const rows = () => [...document.querySelectorAll('.experiments tbody tr')].filter((row) => !row.hidden);
  const numbers = () => rows().map((row) => row.cells[0].dataset.v);
"""
DRAW_ALL = "dispatchEvent(new Event('beforeprint'));"
"""Curves are drawn when they come near the screen; a browser that shows nothing scrolls nowhere, but it prints."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    return write([content_in(folder, family())], folder)


def test_a_page_opens_from_disk_without_a_request_or_a_complaint(page: Path, tmp_path: Path) -> None:
    script = "return [performance.getEntriesByType('resource').map((e) => e.name), location.protocol]"
    opened = open_page(page, script, tmp_path)
    assert opened.result == [[], "file:"] and opened.console == []


def test_every_chart_is_drawn(page: Path, tmp_path: Path) -> None:
    selectors = [".progress .dot", ".progress .step", ".parallel .thread"]
    selectors += [
        f"#s0-t0 {s}" for s in ("path.train.after", "path.val.after", "path.score.after", ".mark.bad", ".peak")
    ]
    script = f"return {selectors}.map((one) => document.querySelectorAll(one).length)"
    assert open_page(page, DRAW_ALL + script, tmp_path).result == [3, 1, 3, 1, 1, 1, 1, 1]


def test_a_click_on_a_header_sorts_and_says_so(page: Path, tmp_path: Path) -> None:
    script = """
      const heads = [...document.querySelectorAll('.experiments thead th')];
      const head = heads.find((one) => one.textContent.trim() === 'score');
      const click = () => { head.firstElementChild.click(); return [head.getAttribute('aria-sort'), numbers()]; };
      return [click(), click(), document.querySelectorAll('.experiments [aria-sort]').length]
    """
    down, up, marked = open_page(page, SHOWN + script, tmp_path).result
    assert down == ["descending", ["1", "0", "2", "3", "4"]]
    assert up == ["ascending", ["2", "0", "1", "3", "4"]]  # what has no score comes last either way
    assert marked == 1


def test_typing_filters_the_table_and_counts(page: Path, tmp_path: Path) -> None:
    script = """
      const box = document.querySelector('.filter');
      const typed = (text) => { box.value = text; box.dispatchEvent(new Event('input')); return numbers(); };
      return [typed('diverging'), document.querySelector('.count').textContent, typed('nothing like it'), typed('')]
    """
    found = open_page(page, SHOWN + script, tmp_path).result
    assert found == [["2"], "1 of 5 trials shown", [], ["0", "1", "2", "3", "4"]]


def test_the_failed_trials_can_be_picked_out(page: Path, tmp_path: Path) -> None:
    script = """
      document.querySelector('[data-pick=sick]').click();
      return [...document.querySelectorAll('.card')].filter((c) => !c.hidden).map((c) => c.dataset.n)
    """
    assert open_page(page, script, tmp_path).result == ["2", "3"]


def test_hovering_tells_the_values_of_an_epoch(page: Path, tmp_path: Path) -> None:
    script = """
      const place = document.querySelector('#s0-t0 .curve'), box = place.getBoundingClientRect();
      const move = {clientX: box.right - 6, clientY: box.top + 40, bubbles: true};
      place.dispatchEvent(new PointerEvent('pointermove', move));
      const tip = document.querySelector('.tip'), shown = [tip.hidden, tip.textContent];
      place.dispatchEvent(new PointerEvent('pointerleave'));
      return [...shown, tip.hidden]
    """
    hidden, text, after = open_page(page, DRAW_ALL + script, tmp_path).result
    assert not hidden and text.startswith("epoch 30\ntraining loss 0.02") and "score 0.8" in text and after


def test_the_arrow_keys_walk_through_the_trials(page: Path, tmp_path: Path) -> None:
    script = """
      const place = document.querySelector('.progress'); place.focus();
      const press = (key) => place.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
      press('ArrowRight'); press('ArrowRight');
      const spoken = document.getElementById('spoken').textContent;
      press('Enter');
      return [spoken, document.activeElement.id]
    """
    spoken, focused = open_page(page, script, tmp_path).result
    assert spoken.startswith("trial 1 · smaller model ← 0\nscore 0.85") and focused == "s0-t1"


def test_dragging_along_an_axis_keeps_the_trials_that_pass_there(page: Path, tmp_path: Path) -> None:
    script = """
      const hit = document.querySelector('.parallel .hit'), box = hit.getBoundingClientRect();
      hit.setPointerCapture = () => {};
      const at = (kind, share) => hit.dispatchEvent(
        new PointerEvent(kind, {clientX: box.left + 10, clientY: box.top + share * box.height, pointerId: 1}));
      at('pointerdown', 0); at('pointermove', 0.3); at('pointerup', 0.3);
      const kept = document.querySelectorAll('.thread:not(.out)').length;
      const said = document.querySelector('.picked').textContent;
      document.querySelector('.parallel').dispatchEvent(new MouseEvent('dblclick'));
      return [kept, said, document.querySelectorAll('.thread.out').length]
    """
    assert open_page(page, script, tmp_path).result == [1, "1 of 3 trials shown", 0]


@pytest.mark.parametrize("width", [500, 1280])
def test_nothing_sticks_out_of_the_window(page: Path, tmp_path: Path, width: int) -> None:
    # No window of Chromium is narrower than 500 pixels; the layout for phones begins at 720.
    script = "const root = document.documentElement; return [innerWidth, root.scrollWidth - root.clientWidth]"
    assert open_page(page, script, tmp_path, width=width).result == [width, 0]


def test_hostile_text_runs_nothing(tmp_path: Path) -> None:
    page = write([hostile(tmp_path)], tmp_path)
    script = "return [document.querySelectorAll('img, script').length, document.querySelectorAll('.thread').length]"
    opened = open_page(page, "window.alert = () => document.body.append('ran');" + script, tmp_path)
    assert opened.result == [3, 3] and opened.console == []  # two scripts of the page, the probe, and none of theirs


def test_a_page_that_reloads_itself_comes_back_as_it_was_left(tmp_path: Path) -> None:
    page = write([content_in(tmp_path, family(), running=True)], tmp_path)
    page.write_text(page.read_text().replace('data-reload="15"', 'data-reload="1"'))
    script = """
      const box = document.querySelector('.filter');
      if (box.value) {
        dispatchEvent(new Event('keydown'));  // somebody is at it: no further reload
        return [box.value, scrollY > 100, document.querySelector('.count').textContent];
      }
      box.value = 'smaller'; box.dispatchEvent(new Event('input')); scrollTo({top: 600, behavior: 'instant'});
      await wait(3000);
      return 'it did not reload'
    """
    assert open_page(page, script, tmp_path, budget=3000).result == ["smaller", True, "1 of 5 trials shown"]


def test_a_page_that_calls_itself_running_says_when_it_is_old(tmp_path: Path) -> None:
    content = content_in(tmp_path, family(), running=True)
    script = "return document.querySelector('.old').hidden"
    assert open_page(write([content], tmp_path), script, tmp_path).result is True
    hours_ago = replace(content, written=content.written - timedelta(hours=2))
    assert open_page(write([hours_ago], tmp_path), script, tmp_path).result is False


def test_two_hundred_trials_open_in_under_three_seconds(large_page: Path, tmp_path: Path) -> None:
    script = """
      const [entry] = performance.getEntriesByType('navigation');
      return [entry.loadEventEnd, ...['.card', '.thread'].map((s) => document.querySelectorAll(s).length)]
    """
    milliseconds, cards, threads = open_page(large_page, script, tmp_path).result
    assert (cards, threads) == (200, 200) and 0 < milliseconds < 3000
