"""A text layer and a reading of the same page become one text, each line once."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdfbatch.work.merging import drop_repeated_lines, merge

BODY = "The boats came late that day.\nNobody had seen the lantern.\nThree barrels were counted twice.\n"


def test_a_line_that_both_have_is_taken_from_the_layer() -> None:
    merged = merge("Nobody had seen the lantern.", BODY.replace("lantern", "1antern"))
    assert merged.text == BODY
    assert merged.new_words > 5


def test_of_an_invisible_layer_the_reading_is_taken() -> None:
    merged = merge("Nobcdy had scen the lantern.", BODY, prefer_layer=False)
    assert merged.text == BODY


def test_a_line_that_only_the_layer_has_stays_between_its_neighbours() -> None:
    layer = "The boats came late that day.\nEXHIBIT 7\nThree barrels were counted twice."
    assert merge(layer, BODY).text.split("\n")[:2] == ["The boats came late that day.", "EXHIBIT 7"]


def test_a_layer_without_a_neighbour_goes_where_it_lies() -> None:
    assert merge("EXHIBIT 7", BODY, tops=[0.02]).text == f"EXHIBIT 7\n{BODY}"
    assert merge("EXHIBIT 7", BODY, tops=[0.95]).text == f"{BODY}EXHIBIT 7\n"


def test_a_stamp_that_the_reading_has_in_a_longer_line_is_there_once() -> None:
    merged = merge("EXHIBIT 7", BODY.replace("day.", "day. EXHIBIT 7"))
    assert merged.text.count("EXHIBIT 7") == 1


def test_a_reading_that_adds_no_word_is_known_by_that() -> None:
    assert merge(BODY, "Three barrels were counted\n").new_words == 0


def test_a_line_of_words_that_other_lines_have_is_new() -> None:
    last = "The lantern was counted that day.\n"
    merged = merge(BODY, BODY + last)
    assert (merged.new_words, merged.text) == (6, BODY + last)
    assert merge(BODY, BODY + "had\n").new_words == 0  # a speck that looks like a word
    # The same words in lines that are split otherwise say nothing new.
    assert merge(BODY, BODY.replace(" had seen", "\nhad seen").replace("day.\n", "day. ")).new_words == 0
    assert merge(BODY, "\n".join(BODY.split())).new_words == 0


def test_lines_of_noise_are_left_out_if_wanted() -> None:
    noisy = f"~ | ,. -\n{BODY}=; :' a\n"
    assert merge("EXHIBIT 7", noisy, strict=True).text == f"EXHIBIT 7\n{BODY}"
    assert "~" in merge("EXHIBIT 7", noisy).text


def test_the_second_of_two_layers_is_dropped() -> None:
    second = BODY.replace("lantern", "lantem").replace("late", "1ate")
    assert drop_repeated_lines(BODY + second).strip() == BODY.strip()


def test_a_line_that_stands_twice_in_each_layer_stays_twice() -> None:
    assert drop_repeated_lines("same line\nsame line\nsame line\nsame line").count("same line") == 2


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "zeta", "theta", "iota"]), min_size=2, max_size=6)


@settings(suppress_health_check=[HealthCheck.too_slow])  # by the clock of a machine that may be busy
@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_no_word_of_the_layer_is_lost(layer: list[list[str]], reading: list[list[str]]) -> None:
    texts = ["\n".join(" ".join(words) for words in lines) for lines in (layer, reading)]
    text = merge(*texts, prefer_layer=True).text
    assert {word for words in layer for word in words} <= set(text.split()) | {
        word for words in reading for word in words
    }
