"""The words of a picture: which there are, whether any overlaps another or leaves the page; and the picture without them."""

import itertools

from matplotlib.text import Text


def texts_of(figure):
    """Every text that is seen: titles, labels, and values of the axes within the range drawn."""
    figure.canvas.draw()
    texts = [*figure.texts]
    for axes in figure.axes:
        texts += axes.texts
        if (legend := axes.get_legend()) is not None:
            texts += legend.get_texts()
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            margin = 1e-6 * (high - low)
            for tick in axis.get_major_ticks():
                if low - margin <= tick.get_loc() <= high + margin:
                    texts += (tick.label1, tick.label2)
    return [text for text in texts if text.get_visible() and text.get_text().strip() and _shown(text)]


def _shown(text):
    return text.axes is None or (text.axes.get_visible() and text.axes.axison)


def words_of(figure):
    """Head and foot in one line, however they are broken; then each label."""
    seen = texts_of(figure)
    page = [text.get_text() for text in seen if text.axes is None]
    labels = [text.get_text() for text in seen if text.axes is not None]
    return [" ".join(line.split()) for line in (" ".join(page), *labels)]


def wordless(figure):
    """Take the words off a picture, once every label has its place."""
    figure.canvas.draw()
    for text in figure.findobj(Text):
        text.set_alpha(0.0)
        text.set_path_effects([])


def assert_legible(figure):
    """No text leaves the page, none lies over another."""
    found = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
    for text, box in found:
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y0 >= 0, text
        assert box.y1 <= figure.bbox.height, text
    for (one, first), (other, second) in itertools.combinations(found, 2):
        assert not first.padded(-1.5).overlaps(second.padded(-1.5)), (one, other)
