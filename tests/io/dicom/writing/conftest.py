"""A study that objects are written of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_results import Written, slices_of, study_of


@pytest.fixture
def study(tmp_path: Path) -> Written:
    return study_of(tmp_path, slices_of())
