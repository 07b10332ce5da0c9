"""infra/build: a build that failed says why, however much or little the compiler said. Meson and ninja are stubs."""
import pytest


@pytest.fixture
def build(checkout):
    """build(ninja): what infra/build says where this shell text stands for ninja."""
    def built(ninja):
        checkout.stub("bin/meson")
        checkout.stub("bin/ninja", ninja)
        return checkout.run("infra/build")
    return built


def failed(answer, *words):
    code, _, complained = answer
    assert code == 1 and "build/plain failed: var/log/build-plain.log has the whole of it" in complained
    assert all(word in complained for word in words)


def test_a_failure_in_words_nobody_knows_ends_with_its_last_lines(build):
    failed(build("echo 'collect2: no space left on device'; exit 1"), "no space left on device")


def test_a_compiler_of_many_words_is_told_in_its_first(build):
    answer = build("seq -f 'a.c:%g: error: so many' 20000; exit 1")
    failed(answer, "a.c:1: error: so many")
    assert "a.c:41:" not in answer[2]


def test_a_build_that_went_well_says_how_long_it_took(build):
    code, said, _ = build("echo 'ninja: no work to do.'")
    assert code == 0 and "build/plain: no work to do., " in said
