"""When votes are weighed and when not, and what comes of it; the truth is planted."""

import numpy as np
import polars as pl
import pytest

from chiron.labels.annotators import Refused, weigh

SENSITIVITY = [0.95, 0.6, 0.9, 0.85, 0.5]
SPECIFICITY = [0.98, 0.9, 0.95, 0.99, 0.85]


def votes(*, seed=0, n_records=1500, sensitivity=SENSITIVITY, specificity=SPECIFICITY, prevalence=0.3, missing=0.2):
    """Votes of independent readers, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.random(n_records) < prevalence
    chance = np.where(truth[:, None], sensitivity, 1 - np.array(specificity))
    says, is_read = random.random(chance.shape) < chance, random.random(chance.shape) >= missing
    rows = [(f"r{i:04}", f"reader-{j}", bool(says[i, j])) for i, j in np.argwhere(is_read)]
    return pl.DataFrame(rows, schema=["record_id", "annotator_id", "present"], orient="row"), truth


NOTHING_KNOWN = pl.DataFrame(schema={"record_id": pl.String, "present": pl.Boolean})


def weighed(frame, known=NOTHING_KNOWN):
    return weigh(frame, known)


def share_right(chances, truth):
    of_record = {record: chance > 0.5 for record, chance in chances.iter_rows()}
    return np.mean([said == truth[int(record[1:])] for record, said in of_record.items()])


def test_weighed_votes_are_right_more_often_than_counted_ones():
    frame, truth = votes()
    found = weighed(frame)
    counted = frame.group_by("record_id").agg(pl.col("present").mean())
    assert share_right(found.records, truth) > share_right(counted, truth) + 0.03
    assert found.prevalence == pytest.approx(truth.mean(), abs=0.03)


def test_the_intervals_of_the_annotators_hold_what_was_planted():
    inside = []
    for seed in range(10):
        for reader, sensitivity, specificity in zip(
            weighed(votes(seed=seed)[0]).readers, SENSITIVITY, SPECIFICITY, strict=True
        ):
            inside.append(reader.sensitivity.lower <= sensitivity <= reader.sensitivity.upper)
            inside.append(reader.specificity.lower <= specificity <= reader.specificity.upper)
    assert np.mean(inside) >= 0.9  # of 100 intervals, each of 95 %


def test_the_result_is_the_same_each_time_and_in_any_order():
    frame, _ = votes(n_records=800)
    first, again = weighed(frame), weighed(frame.sample(fraction=1, shuffle=True, seed=1))
    assert first.records.sort("record_id").equals(again.records.sort("record_id"))
    assert first.readers == again.readers


def test_an_annotator_who_says_the_opposite_is_seen_through():
    frame, truth = votes(sensitivity=[0.9, 0.9, 0.9, 0.9, 0.1], specificity=[0.95, 0.95, 0.95, 0.95, 0.1])
    found = weighed(frame)
    assert found.readers[4].sensitivity.upper + found.readers[4].specificity.upper < 1
    assert share_right(found.records, truth) > 0.97


def test_labels_are_never_silently_switched_where_most_annotators_say_the_opposite():
    """No method can know who is right; the result has the majority's names, or is refused."""
    frame, _ = votes(sensitivity=[0.9, 0.9, 0.1, 0.1, 0.1], specificity=[0.9, 0.9, 0.1, 0.1, 0.1], missing=0)
    found = weighed(frame)
    majority = frame.group_by("record_id").agg(pl.col("present").mean() > 0.5)
    if not isinstance(found, Refused):
        both = found.records.join(majority, on="record_id")
        assert ((both["weighed"] > 0.5) == both["present"]).mean() > 0.5


def test_where_as_many_annotators_are_surely_wrong_as_right_votes_are_counted():
    frame, _ = votes(sensitivity=[0.95, 0.95, 0.05, 0.05], specificity=[0.95, 0.95, 0.05, 0.05], missing=0)
    extra, _ = votes(sensitivity=[0.5], specificity=[0.5], missing=0)
    guesser = extra.with_columns(annotator_id=pl.lit("guesser"))
    assert isinstance(weighed(pl.concat([frame, guesser])), Refused)


def test_known_truth_is_kept():
    frame, truth = votes(n_records=800)
    known = pl.DataFrame({"record_id": [f"r{i:04}" for i in range(8)], "present": ~truth[:8]})  # against the votes
    found = dict(weighed(frame, known).records.iter_rows())
    assert [found[f"r{i:04}"] for i in range(8)] == [float(not present) for present in truth[:8]]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (votes(sensitivity=[0.9, 0.9], specificity=[0.9, 0.9])[0], "2 annotators: expected 3"),
        (votes(n_records=25)[0], "records read by 3: expected 30"),
        (votes(n_records=400, prevalence=0.02)[0], "expected 50 of each or more, to judge 5 annotators"),
        (votes(sensitivity=[0.5] * 5, specificity=[0.5] * 5)[0], "expected convergence"),
    ],
    ids=["two annotators", "few records", "a rare finding", "readers who guess"],
)
def test_votes_are_counted_where_weighing_has_no_ground(frame, reason):
    assert reason in weighed(frame).reason


def test_annotators_whose_records_nobody_else_read_take_no_part():
    frame, _ = votes(n_records=800)
    alone = pl.DataFrame(
        {"record_id": [f"x{i}" for i in range(200)], "annotator_id": ["z"] * 200, "present": [True] * 200}
    )
    found = weighed(pl.concat([frame, alone]))
    assert {reader.annotator for reader in found.readers} == {f"reader-{j}" for j in range(5)}
    assert found.records.filter(pl.col("record_id").str.starts_with("x")).is_empty()


def test_votes_that_hang_together_are_counted():
    frame, _ = votes(n_records=3000, prevalence=0.2, sensitivity=[0.9] * 5, specificity=[0.99] * 5, missing=0)
    random = np.random.default_rng(1)
    hard = frame.filter(pl.col("record_id").str.slice(1).cast(pl.Int64) % 10 == 0)
    guessed = hard.with_columns(present=pl.Series(random.random(hard.height) < 0.4))
    rest = frame.join(hard, on=["record_id", "annotator_id"], how="anti")
    assert "independently" in weighed(pl.concat([rest, guessed])).reason
