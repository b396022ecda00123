"""A card is read from a model's file without its weights, and from nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from chiron.errors import Damaged
from chiron.models.card import read_card
from chiron.models.container import ABOUT
from tests.unit.models.test_file import CARD, saved  # noqa: F401 - a fixture


def test_the_card_is_the_one_that_was_saved(saved: Path) -> None:  # noqa: F811
    assert read_card(saved) == CARD


@pytest.mark.parametrize("about", [{}, {ABOUT: "[]"}, {ABOUT: json.dumps(["{}", ""])}, {ABOUT: "no JSON"}])
def test_a_file_without_a_card_is_refused(tmp_path: Path, about: dict[str, str]) -> None:
    save_file({"x": np.zeros(1)}, tmp_path / "model.safetensors", metadata=about)
    with pytest.raises(Damaged, match="expected a Chiron model file"):
        read_card(tmp_path / "model.safetensors")


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no model")
    with pytest.raises(Damaged):
        read_card(tmp_path / "model.safetensors")
