from __future__ import annotations

import pytest

from codexlb_store.key_names import KeyNameError, check_name, find_key
from codexlb_store.keys import Key, Secret

PLAIN = "sk-clb-AbCdEfGh" + "x" * 35
KEYS = [
    Key("laptop", 0, id="a10000000000", secrets=(Secret("", PLAIN[:15], 0, None),)),
    Key("Lapland", 0, id="b20000000000"),
    Key("desk", 0, id="b30000000000"),
    Key("de", 0, id="c40000000000"),
]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("laptop", "laptop"),
        (" LAPTOP ", "laptop"),
        ("lapl", "Lapland"),
        ("b3", "desk"),
        ("b30000000000", "desk"),
        pytest.param("de", "de", id="a whole name before a beginning"),
        pytest.param("sk-clb-abcd", "laptop", id="the prefix that lists show"),
    ],
)
def test_which_key_a_person_means(typed: str, name: str) -> None:
    assert find_key(KEYS, typed).name == name


@pytest.mark.parametrize(
    ("keys", "typed", "sentence"),
    [
        pytest.param(
            KEYS,
            "lap",
            "'lap' may mean laptop (a10000000000), Lapland (b20000000000): give the id of the one you mean.",
            id="several",
        ),
        pytest.param(KEYS, "phone", "no key 'phone': give one of laptop, Lapland, desk, de.", id="none"),
        pytest.param(KEYS, "", "no key '': give one of", id="nothing"),
        pytest.param([], "phone", "no key 'phone', nor any other: make one with `codexlb keys create", id="no keys"),
        pytest.param([], PLAIN, "no key 'sk-clb-AbCdEfGh...', nor", id="a plain text is never repeated"),
        pytest.param([Key(f"k{n}", 0) for n in range(12)], "x", "k8, k9 and 2 more.", id="a long list is cut"),
    ],
)
def test_a_name_that_means_no_one_key_is_answered_in_one_sentence(keys: list[Key], typed: str, sentence: str) -> None:
    with pytest.raises(KeyNameError) as caught:
        find_key(keys, typed)

    assert sentence in str(caught.value)


def test_a_name_is_kept_without_the_space_around_it() -> None:
    assert check_name(" Ann's laptop ") == "Ann's laptop"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "give 1 to 64 printable characters"),
        ("  ", "give 1 to 64 printable characters"),
        ("a" * 65, "give 1 to 64 printable characters"),
        ("two\nlines", "give 1 to 64 printable characters"),
        (PLAIN, "choose one that does not begin with sk-clb-"),
    ],
    ids=["empty", "blank", "long", "lines", "a plain key"],
)
def test_a_name_that_does_not_do_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(KeyNameError, match=sentence) as caught:
        check_name(name)

    assert PLAIN not in str(caught.value)
