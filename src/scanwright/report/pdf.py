"""A page as PDF: WeasyPrint, fonts embedded as subsets, nothing fetched from anywhere."""

from __future__ import annotations

import logging
import shutil
import subprocess
from types import ModuleType

from PIL import ImageFile

from scanwright.errors import MissingExtraError
from scanwright.extras import require

FEATURE = "A report as PDF"


def check_pdf(lang: str) -> None:
    """Refuse what could not be written later: called before the long work.

    Raises:
        MissingExtraError: WeasyPrint or Pango is not installed, or no font has Chinese signs.
    """
    try:
        _load("weasyprint")
    except OSError as error:  # Python's part is there, the library that it loads is not
        raise MissingExtraError(
            f"{FEATURE} needs the library Pango, which is not installed",
            do="On Debian and Ubuntu: apt install libpangoft2-1.0-0. Elsewhere see WeasyPrint's own page.",
        ) from error
    listing = shutil.which("fc-list")
    if lang == "zh" and listing:
        fonts = subprocess.run([listing, ":lang=zh"], capture_output=True, check=False, timeout=60).stdout
        if not fonts.strip():
            raise MissingExtraError(
                f"{FEATURE} in Chinese needs a font with Chinese signs, and none is installed",
                do="On Debian and Ubuntu: apt install fonts-noto-cjk.",
            )


def render_pdf(page: str, lang: str) -> bytes:
    """The page as a PDF.

    Args:
        page: HTML with everything in it; addresses other than ``data:`` are not followed.
        lang: of the page.

    Raises:
        MissingExtraError: see ``check_pdf``.
    """
    check_pdf(lang)
    weasyprint = _load("weasyprint")
    urls = _load("weasyprint.urls")
    for name in ("weasyprint", "fontTools"):  # they tell of every rule of CSS that only screens know
        logging.getLogger(name).setLevel(logging.ERROR)
    fetcher = urls.URLFetcher(allowed_protocols=["data"])
    written: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf()
    return written


def _load(module: str) -> ModuleType:
    """A part of WeasyPrint, which on its way lets Pillow read half a picture as a whole one, in the whole
    process: scans that are cut short must stay refused."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        return require(module, extra="pdf", feature=FEATURE)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
