"""Pages from templates: one environment with the formats of numbers, one style sheet, no script, nothing to load."""

import platform
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from chiron.labels.readings import code_name
from chiron.report import formats, quantities
from chiron.report.svg import inline_svg
from schemas.gate import CheckStatus

__all__ = ["drawing", "render_page", "versions"]

_PARTS: Final = ("numpy", "polars", "torch", "scikit-learn", "great_expectations", "dvc", "matplotlib")


def render_page(template: str, **values: Any) -> str:
    """A page as text; the same values give the same text."""
    return _environment().get_template(template).render(style=_style(), **values)


def drawing(figure: Figure, slug: str, alt: str) -> Markup:
    """Safe to put into a page: matplotlib escapes text, and the element tree does it again."""
    return Markup(inline_svg(figure, slug=slug, alt=alt))  # noqa: S704 - built by ElementTree, which escapes


def versions() -> dict[str, str]:
    """Python and the parts that compute the numbers."""
    return {"Python": platform.python_version()} | {part: version(part) for part in _PARTS}


def _style() -> Markup:
    return Markup(files(__package__).joinpath("page.css").read_text("utf-8"))  # noqa: S704 - our own file


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chiron.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["passed"] = CheckStatus.PASSED
    environment.filters["code_name"] = lambda code, code_system: code_name(code_system, code)
    for module in (formats, quantities):
        environment.filters |= {name: getattr(module, name) for name in module.__all__}
    return environment
