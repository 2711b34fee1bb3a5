"""The page in a browser: without JavaScript and with it, wide and as narrow as a phone, attacked, in the dark, printed.

The browser is a Chromium of the machine's own: what `MINSIM_BROWSER` names, else one on the path; without any the tests are
skipped.
"""

import os
import re
import shutil

import pytest
from report_pages import page

BROWSER = os.environ.get("MINSIM_BROWSER") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 600_000
"""Ends a wait for what never comes; nothing that works takes so long, on however busy a machine."""
CHART = "figure.chart >> nth=0"

if BROWSER is None:
    pytest.skip("no Chromium on this machine; name one in MINSIM_BROWSER", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it drives the browser")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=BROWSER, args=FLAGS, timeout=PATIENCE_MS)
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page; afterwards, it must have loaded nothing but itself, and said nothing on the console."""
    contexts, requests, complaints = [], [], []

    def open_page(name, viewport=WIDE, **settings):
        file = tmp_path / f"{name}.html"
        file.write_text(page(name), "utf-8")
        context = browser.new_context(viewport=viewport, **settings)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.add_init_script("window.hacked = () => { window.was_hacked = true; };")
        tab = context.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message))
        tab.goto(file.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
    assert {url for url in requests if not url.startswith("data:")} == {
        url for url in requests if url.startswith("file:")
    }
    assert len([url for url in requests if url.startswith("file:")]) == len(contexts)


def span(tab):
    """First day and days shown of every chart."""
    boxes = tab.eval_on_selector_all("svg.zoomed", "all => all.map(svg => svg.getAttribute('viewBox'))")
    return {tuple(float(part) for part in box.split()[::2]) for box in boxes}


@pytest.mark.parametrize("name", ["magnet-ban", "truce-lapses", "truce-lapses-legal", "hostile"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out_sideways(opened, name, viewport):
    tab = opened(name, viewport)
    assert tab.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    cut = tab.eval_on_selector_all(
        "h1, h2, h3, p, .panels td, .panels th, .key li",
        "(all, width) => all.filter(e => !e.closest('.unseen') && e.getBoundingClientRect().right > width)"
        ".map(e => e.textContent)",
        viewport["width"],
    )
    assert cut == []


@pytest.mark.parametrize("name", ["magnet-ban", "truce-lapses", "truce-lapses-legal"])
def test_the_first_screen_holds_the_answer(opened, name):
    tab = opened(name)
    bottoms = tab.eval_on_selector_all(
        ".answer table, .panels table, .panels h2", "all => all.map(e => e.getBoundingClientRect().bottom)"
    )
    assert max(bottoms) <= WIDE["height"]


def test_without_javascript_charts_tables_and_words_are_there(opened):
    tab = opened("magnet-ban", java_script_enabled=False)
    box = tab.locator(f"{CHART} >> path.line.s0").bounding_box()
    assert box["width"] > 1000
    assert box["height"] > 100
    assert tab.get_by_text("If nobody reroutes").first.is_visible()
    tab.locator(f"{CHART} >> summary").click()
    assert tab.locator(f"{CHART} >> text=2027-02").is_visible()
    assert not tab.get_by_text("Drag across a chart").is_visible()
    assert not tab.get_by_role("button").count()


def test_dragging_zooms_every_chart_and_the_button_goes_back(opened):
    tab = opened("magnet-ban")
    whole = span(tab)
    assert whole == {(0.0, 791.0)}
    plot = tab.locator(f"{CHART} >> .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 50)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60, steps=4)
    tab.mouse.up()
    ((first, days),) = span(tab)
    assert first == pytest.approx(79, abs=2)
    assert days == pytest.approx(158, abs=3)
    ticks = tab.locator(f"{CHART} >> .x span").all_text_contents()
    assert ticks == ["Feb 2027", "Mar", "Apr", "May", "Jun"]
    tab.get_by_role("button", name="Show the whole span").first.click()
    assert span(tab) == whole
    assert not tab.get_by_role("button", name="Show the whole span").first.is_visible()


def test_the_pointer_reads_the_day_below_it(opened):
    tab = opened("magnet-ban")
    plot = tab.locator(f"{CHART} >> .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.mouse.move(box["x"] + (122 + 0.1) / 791 * box["width"], box["y"] + 50)  # 3 March 2027
    tip = tab.locator(f"{CHART} >> .tip")
    assert tip.is_visible()
    assert tip.locator("b").text_content() == "3 Mar 2027"
    shown = re.search(r"United States: ([\d.]+)", tip.text_content())
    assert float(shown[1]) > 0
    tab.mouse.move(5, 5)
    assert not tip.is_visible()


def test_the_keyboard_reads_zooms_and_goes_back(opened):
    tab = opened("magnet-ban")
    plot = tab.locator(f"{CHART} >> .plot")
    plot.focus()
    tab.keyboard.press("ArrowRight")
    spoken = tab.locator(f"{CHART} >> [aria-live]")
    first = spoken.text_content()
    assert re.match(r"\d+ \w+ \d{4}; United States: ", first)
    tab.keyboard.press("Shift+ArrowLeft")
    assert spoken.text_content() != first
    tab.keyboard.press("+")
    ((_, days),) = span(tab)
    assert days == pytest.approx(791 / 2, abs=2)
    tab.keyboard.press("0")
    assert span(tab) == {(0.0, 791.0)}


def test_the_skip_link_comes_first_and_shows_when_focused(opened):
    tab = opened("truce-lapses-legal")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the findings"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_hostile_scenario_runs_nothing_and_hides_nothing(opened, scripts):
    tab = opened("hostile", java_script_enabled=scripts)
    if scripts:
        for link in tab.locator("main a").all():
            assert not link.get_attribute("href").lower().startswith("javascript")
        plot = tab.locator(f"{CHART} >> .plot")
        plot.focus()
        tab.keyboard.press("ArrowRight")  # names of regions go into the tip as text
        assert "onmouseover" in tab.locator(f"{CHART} >> .tip").text_content()
        assert not tab.locator("b[onmouseover], img").count()
        assert tab.evaluate("typeof window.hacked") == "function"
        assert tab.evaluate("window.was_hacked === undefined")
    assert tab.locator("h1").is_visible()
    assert tab.locator("body").evaluate("e => getComputedStyle(e).display") == "block"


def test_in_the_dark_and_on_paper_the_text_stays_readable(opened):
    tab = opened("magnet-ban", color_scheme="dark")
    assert tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(22, 24, 26)"
    assert tab.locator("h1").evaluate("e => getComputedStyle(e).color") == "rgb(236, 236, 236)"
    tab.emulate_media(media="print", color_scheme="light")
    assert tab.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    assert not tab.locator(".hint").is_visible()
    assert tab.locator("figure.chart path.line").first.is_visible()
