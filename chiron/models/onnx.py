"""A model as ONNX, with its card in the file's metadata: for programs that have no Chiron.

A network takes prepared windows, a baseline features; how to make them is in the card (`filters`, `window`). The
answer of a recording with several windows is the mean of its logits, calibrated.

Shapes: windows or recordings B, leads L, samples of a window T, features D, codes C.
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from chiron.datasets.workdir import write_file
from chiron.learning.baselines import Forest, Logistic
from chiron.measures.features import FEATURE_NAMES
from chiron.models.model import Model
from chiron.models.scorers import FeatureScorer
from schemas.card import Calibration
from schemas.training import ModelCard

__all__ = ["export_onnx"]

_OPSET: Final = 18
_ML_OPSET: Final = 3
_IR: Final = 10
_TREES: Final = "ai.onnx.ml"


def export_onnx(model: Model, out: Path) -> None:
    """Write a model as ONNX; the file appears whole or not at all. The size of a batch is open.

    Network: `windows` (B, L, T) float32 -> `logits` and `probability` (B, C), of each window. Baseline: `features`
    (B, D) float32, nan where missing, in the order that the metadata names -> `probability` (B, C). Probabilities are
    calibrated.
    """
    scorer = model.scorer
    proto = _baseline(scorer.model, model.card) if isinstance(scorer, FeatureScorer) else _network(model)
    metadata = {"chiron.card": model.card.model_dump_json(), "chiron.intended_use": model.card.intended_use}
    if isinstance(scorer, FeatureScorer):
        metadata["chiron.features"] = json.dumps(FEATURE_NAMES)
    helper.set_model_props(proto, metadata)
    proto.doc_string = f"{model.card.architecture}: {', '.join(output.name for output in model.card.outputs)}"
    onnx.checker.check_model(proto, full_check=True)
    write_file(out, proto.SerializeToString())


def _network(model: Model) -> onnx.ModelProto:
    import torch  # noqa: PLC0415 - a baseline needs none of it

    from chiron.models.network_scorer import Exported, NetworkScorer  # noqa: PLC0415

    card, scorer = model.card, model.scorer
    assert isinstance(scorer, NetworkScorer)  # noqa: S101 - there is no third
    example = torch.zeros(2, len(card.leads), card.window.n_samples)
    with _quiet():
        program = torch.onnx.export(
            Exported(scorer.network, card).eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=2**20)},),
            input_names=["windows"],
            output_names=["logits", "probability"],
            opset_version=_OPSET,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - with dynamo there is one
    proto: onnx.ModelProto = program.model_proto
    for node in proto.graph.node:  # where in the source a node came from: a path of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    return proto


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of packages that a network needs nothing of."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _baseline(model: Forest | Logistic, card: ModelCard) -> onnx.ModelProto:
    nodes, constants = _forest(model) if isinstance(model, Forest) else _logistic(model)
    more_nodes, more_constants = _calibration(card)
    n_codes = len(card.outputs)
    graph = helper.make_graph(
        [*nodes, *more_nodes],
        "chiron",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", model.n_features])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", n_codes])],
        [numpy_helper.from_array(value, name) for name, value in {**constants, **more_constants}.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_TREES, _ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="chiron")


def _logistic(model: Logistic) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """`features` -> `raw`, (B, C) double."""
    last = "Softmax" if model.exclusive else "Sigmoid"
    nodes = [
        helper.make_node("Cast", ["features"], ["x"], to=TensorProto.DOUBLE),
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["z"]),
        helper.make_node("IsNaN", ["z"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "z"], ["known"]),
        helper.make_node("Gemm", ["known", "coefficient", "intercept"], ["logits"], transB=1),
        helper.make_node(last, ["logits"], ["raw"]),
    ]
    constants = {"mean": model.mean_D, "scale": model.scale_D, "zero": np.zeros(())}
    return nodes, {**constants, "coefficient": model.coefficient_CD, "intercept": model.intercept_C}


def _forest(model: Forest) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """`features` -> `raw`, (B, C) double: the sum over trees of their share of the answer."""
    tree_K = np.repeat(np.arange(model.root_M.size), np.diff(np.append(model.root_M, model.left_K.size)))
    own_K = np.arange(model.left_K.size) - model.root_M[tree_K]
    inner_K = model.left_K >= 0
    leaf, code, share = _leaves(model, tree_K)
    left_K, right_K = (np.where(inner_K, child - model.root_M[tree_K], 0) for child in (model.left_K, model.right_K))
    attributes: dict[str, Any] = {
        "n_targets": model.n_codes,
        "nodes_treeids": tree_K,
        "nodes_nodeids": own_K,
        "nodes_featureids": model.feature_K,
        "nodes_modes": np.where(inner_K, "BRANCH_LEQ", "LEAF"),
        "nodes_values": _at_most(np.where(inner_K, model.threshold_K, 0.0)),
        "nodes_truenodeids": left_K,
        "nodes_falsenodeids": right_K,
        "nodes_missing_value_tracks_true": model.missing_left_K.astype(np.int64),
        "target_treeids": tree_K[leaf],
        "target_nodeids": own_K[leaf],
        "target_ids": code,
        "target_weights": share.astype(np.float32),
    }
    lists = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in attributes.items()}
    nodes = [
        helper.make_node("TreeEnsembleRegressor", ["features"], ["shares"], domain=_TREES, **lists),
        helper.make_node("Cast", ["shares"], ["raw"], to=TensorProto.DOUBLE),
    ]
    return nodes, {}


def _leaves(model: Forest, tree_K: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every leaf and code that it says something of: node, code, and its part in the mean over trees."""
    leaves = np.flatnonzero(model.left_K < 0)
    if model.exclusive:
        at, code = np.nonzero(model.value_KC[leaves] > 0)
        return leaves[at], code, model.value_KC[leaves[at], code] / model.root_M.size
    code = model.code_M[tree_K[leaves]]
    return leaves, code, model.value_KC[leaves, 0] / np.bincount(model.code_M)[code]


def _at_most(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above: a float32 is at most one exactly where it is at most the other."""
    nearest = threshold.astype(np.float32)
    return np.where(nearest > threshold, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _calibration(card: ModelCard) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """`raw` -> `probability`, (B, C) float32."""
    cast = helper.make_node("Cast", ["calibrated"], ["probability"], to=TensorProto.FLOAT)
    if card.temperature == 1 and all(output.calibration == Calibration() for output in card.outputs):
        return [helper.make_node("Identity", ["raw"], ["calibrated"]), cast], {}
    bounds = {"low": np.array(1e-7), "high": np.array(1 - 1e-7)}
    bounded = helper.make_node("Clip", ["raw", "low", "high"], ["bounded"])
    logs = helper.make_node("Log", ["bounded"], ["log"])
    if card.exclusive:
        scaled = helper.make_node("Div", ["log", "temperature"], ["log_odds"])
        soft = helper.make_node("Softmax", ["log_odds"], ["calibrated"])
        return [bounded, logs, scaled, soft, cast], {**bounds, "temperature": np.array(card.temperature)}
    nodes = [
        bounded,
        logs,
        helper.make_node("Sub", ["one", "bounded"], ["other"]),
        helper.make_node("Log", ["other"], ["log_other"]),
        helper.make_node("Sub", ["log", "log_other"], ["log_odds"]),
        helper.make_node("Mul", ["log_odds", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "shift"], ["shifted"]),
        helper.make_node("Sigmoid", ["shifted"], ["calibrated"]),
        cast,
    ]
    slopes = np.array([output.calibration.slope for output in card.outputs])
    shifts = np.array([output.calibration.intercept for output in card.outputs])
    return nodes, {**bounds, "one": np.array(1.0), "slope": slopes, "shift": shifts}
