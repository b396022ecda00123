"""How tests load a page in a real browser, and look at it."""

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

Browse = Callable[..., subprocess.CompletedProcess[str]]


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)
