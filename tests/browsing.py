"""How tests load a page in a real browser, and look at it."""

import html
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
)  # fmt: skip
CONSOLE = "CONSOLE"  # how the browser marks what a page says to its console

_FRAME = """<!doctype html><html><head><title>none</title></head><body style="margin: 0">
<iframe width="{width}" height="2000" style="border: 0" srcdoc="{page}"></iframe>
<script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const parts = [...page.querySelectorAll("body *")].filter(
    (part) => !part.closest(".scroll *, .strip *, svg *, .skip, table.stack thead, pre *"));
  const right = Math.max(...parts.map((part) => part.getBoundingClientRect().right));
  document.title = page.documentElement.scrollWidth + " " + Math.ceil(right);
}};
</script></body></html>"""

Browse = Callable[..., subprocess.CompletedProcess[str]]


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def widths_of(browse: Browse, page: Path, *, width: int) -> tuple[int, int]:
    """How wide a page is in a frame of a width, and how far right its farthest part begins or ends, in pixels.

    What lies within something that scrolls does not count: its frame does.
    """
    frame = page.with_name(f"frame-{page.name}")
    frame.write_text(_FRAME.format(width=width, page=html.escape(page.read_text("utf-8"))), "utf-8")
    done = browse(frame, "--dump-dom", "--virtual-time-budget=5000")
    found = re.search(r"<title>(\d+) (\d+)</title>", done.stdout)
    assert found, done.stderr
    return int(found[1]), int(found[2])
