from schemas.glossary import TABLE_MEANINGS, column_meaning
from schemas.tables import TABLES


def test_every_table_and_every_column_has_a_meaning() -> None:
    assert TABLE_MEANINGS.keys() == TABLES.keys()
    without = [
        (name, column) for name, spec in TABLES.items() for column in spec.columns if not column_meaning(name, column)
    ]
    assert not without


def test_the_same_word_may_mean_something_else_in_another_table() -> None:
    assert column_meaning("events", "code") != column_meaning("labels", "code")
