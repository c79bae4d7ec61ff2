"""A page becomes a PDF with its fonts in it, and nothing is fetched for it."""

import contextlib
import io
import re
import socket
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from report.evaluations import segmentation_evaluation
from scanwright.errors import MissingExtraError
from scanwright.report.page import render_report
from scanwright.report.pdf import check_pdf, render_pdf
from scanwright.report.pictures import Picture


def needs_pdf(lang):
    try:
        check_pdf(lang)
    except MissingExtraError as error:
        pytest.skip(str(error))


def unpacked(pdf):
    """Everything in the file that is compressed without loss."""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(packed)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_report_becomes_a_pdf_with_its_fonts_as_subsets(lang):
    needs_pdf(lang)
    written = render_pdf(render_report(segmentation_evaluation(n=6), (), lang), lang)
    assert written.startswith(b"%PDF")
    assert len(written) < 5e6
    fonts = set(re.findall(rb"/BaseFont\s*/([^\s/>]+)", b"".join(unpacked(written))))
    assert fonts
    assert all(re.match(rb"[A-Z]{6}\+", font) for font in fonts), fonts


def n_pages(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf + b"".join(unpacked(pdf))))


def test_pictures_stand_four_on_a_page():
    needs_pdf("en")
    png = io.BytesIO()
    Image.new("L", (696, 727)).save(png, "PNG")
    pictures = [Picture(f"case{n}", png.getvalue(), "worst", {}) for n in range(8)]
    judged = {"task": "classification", "classes": ["a", "b"], "numbers": [], "records": []}
    without, with_pictures = (
        n_pages(render_pdf(render_report(judged, shown), "en")) for shown in ([], pictures)
    )
    assert without < with_pictures <= without + 2


def test_addresses_in_a_page_are_not_followed(tmp_path):
    needs_pdf("en")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        secret = tmp_path / "secret.svg"
        secret.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>no</text></svg>'
        )
        page = f'<p>hello</p><img src="http://127.0.0.1:{port}/a.png"><img src="{secret.as_uri()}">'
        written = render_pdf(page, "en")
        with pytest.raises(TimeoutError):
            server.accept()
    assert len(written) < len(render_pdf(page.replace(secret.as_uri(), inline(secret)), "en"))


def inline(path):
    return "data:image/svg+xml," + path.read_text().replace("#", "%23").replace('"', "'")


def test_what_is_missing_is_named_with_the_way_to_have_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingExtraError, match=r"scanwright\[pdf\]"):
        check_pdf("en")


def test_a_missing_library_is_named(monkeypatch):
    def load(*_, **__):
        raise OSError("cannot load library 'libpango'")

    monkeypatch.setattr("scanwright.report.pdf.require", load)
    with pytest.raises(MissingExtraError, match="Pango"):
        check_pdf("en")


def test_chinese_without_a_font_is_refused_before_the_work(monkeypatch, tmp_path):
    needs_pdf("en")
    listing = tmp_path / "fc-list"
    listing.write_text("#!/bin/sh\n")
    listing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    check_pdf("en")
    with pytest.raises(MissingExtraError, match="font"):
        check_pdf("zh")


def test_loading_it_does_not_make_half_a_picture_whole():
    """WeasyPrint tells Pillow so for the whole process; a fresh one, as it may be loaded here already."""
    code = (
        "from PIL import ImageFile\nfrom scanwright.report.pdf import check_pdf\ncheck_pdf('en')\n"
        "raise SystemExit(ImageFile.LOAD_TRUNCATED_IMAGES)"
    )
    needs_pdf("en")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
