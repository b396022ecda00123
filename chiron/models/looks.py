"""How often the test split of a dataset was looked at. Who looks often enough, and keeps what looks best, fits to it.

Looks are runs of the experiment `test-looks`, one each, so none is lost where several look at the same time.
"""

from typing import Final

from chiron.evaluation.looks import look_warning
from chiron.models.tracking import answering, connect, experiment_of, pages, quoted
from chiron.progress import report_line

__all__ = ["count_look"]

_EXPERIMENT: Final = "test-looks"
_DATASET: Final = "dataset_sha256"
_MODEL: Final = "model_sha256"


def count_look(tracking_uri: str, dataset_sha256: str, model_sha256: str, *, once: bool = False) -> int:
    """The number of looks at the test split of this dataset, this one included. Says so where they are more than ten.

    once: this model's look is counted only if it has none yet, as where finished work is taken up again. Raises
    ServiceUnavailable where the registry does not answer: then nobody may look.
    """
    client = connect(tracking_uri)
    with answering(tracking_uri):
        experiment = experiment_of(client, tracking_uri, _EXPERIMENT)
        where = {
            "experiment_ids": [experiment.experiment_id],
            "filter_string": f"tags.{_DATASET} = {quoted(dataset_sha256)}",
        }
        looks = pages(client.search_runs, **where)
        if not (once and any(look.data.tags.get(_MODEL) == model_sha256 for look in looks)):
            tags = {_DATASET: dataset_sha256, _MODEL: model_sha256}
            run = client.create_run(
                experiment.experiment_id, tags=tags, run_name=f"{dataset_sha256[:12]} {model_sha256[:12]}"
            )
            client.set_terminated(run.info.run_id)
            looks = pages(client.search_runs, **where)
    if said := look_warning(len(looks)):
        report_line(said)
    return len(looks)
