"""Looks at a test split, counted in a real registry."""

from forking import child_of

from chiron.evaluation.looks import look_warning
from chiron.models.looks import count_look
from chiron.models.registry import list_models
from chiron.progress import show_progress_with

DATASET, OTHER, MODEL = "a" * 64, "b" * 64, "c" * 64


def test_looks_are_counted_by_dataset_and_are_no_models(uri):
    assert [count_look(uri, DATASET, MODEL) for _ in range(2)] == [1, 2]
    assert count_look(uri, OTHER, MODEL) == 1
    assert list_models(uri) == ()


def test_the_look_of_a_training_counts_once_however_often_its_flow_is_run_again(uri):
    assert [count_look(uri, DATASET, MODEL, once=True) for _ in range(2)] == [1, 1]
    assert count_look(uri, DATASET, "d" * 64, once=True) == 2


def test_looks_at_the_same_moment_are_all_counted(uri):
    count_look(uri, DATASET, MODEL)
    children = [child_of(count_look, uri, DATASET, MODEL) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert count_look(uri, DATASET, MODEL) == 6


def test_the_eleventh_look_is_told(uri):
    said: list[str] = []
    with show_progress_with(lambda *_: None, said.append):
        for _ in range(10):
            count_look(uri, DATASET, MODEL)
        assert not said
        assert count_look(uri, DATASET, MODEL) == 11
    assert said == [look_warning(11)]
    assert "this is number 11" in said[0]
