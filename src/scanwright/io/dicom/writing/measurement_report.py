"""SR: measurements after template TID 1500, as Comprehensive 3D SR (PS3.16)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from scanwright.io.dicom.writing.codes import Meaning, meaning_of
from scanwright.io.dicom.writing.result import (
    MANUFACTURER,
    Algorithm,
    Structure,
    equipment,
    highdicom,
    new_uid,
    short,
)
from scanwright.io.dicom.writing.source import Source

SERIES_NUMBER = 9003
_NAMESPACE = uuid.UUID("4c7a2a38-5f0e-5d0e-9c7b-0f6f7a3e1d55")
_MEASURED = {
    "volume_ml": (codes.SCT.Volume, Code("ml", "UCUM", "milliliter")),
    "long_mm": (codes.SCT.LongAxis, codes.UCUM.Millimeter),
    "short_mm": (codes.SCT.ShortAxis, codes.UCUM.Millimeter),
}
_PROCEDURES = {
    "CT": codes.cid100.CTUnspecifiedBodyRegion,
    "MR": codes.cid100.MRIUnspecifiedBodyRegion,
    "PT": codes.cid100.PETUnspecifiedBodyRegion,
    "NM": codes.cid100.NMUnspecifiedBodyRegion,
    "CR": codes.cid100.XRUnspecifiedBodyRegion,
    "DX": codes.cid100.XRUnspecifiedBodyRegion,
}


def measurement_report(
    source: Source,
    segmentation: Dataset,
    structures: Sequence[Structure],
    algorithm: Algorithm,
    time_point: str = "",
) -> Dataset:
    """What was measured of the segments of a SEG.

    Args:
        source: the images.
        segmentation: of them; segments have the numbers of the structures.
        structures: each with what was measured.
        algorithm: what outlined and measured them.
        time_point: which of several dates it is, "" where there is one.

    Raises:
        MissingExtraError: highdicom is not installed.
    """
    groups = [
        _volumetric(one, source, segmentation, algorithm, time_point) for one in structures if one.measured
    ]
    return _report(source, groups, algorithm, evidence=[segmentation, *source.headers])


def probability_report(source: Source, probabilities: Mapping[str, float], algorithm: Algorithm) -> Dataset:
    """How probable each class is for the images as a whole.

    Args:
        source: the images.
        probabilities: class name → probability.
        algorithm: what gave them.

    Raises:
        MissingExtraError: highdicom is not installed.
    """
    sr = highdicom().sr
    groups = []
    for name, probability in probabilities.items():
        what = meaning_of(name)
        known = what.kind != what.category
        groups.append(
            sr.MeasurementsAndQualitativeEvaluations(
                tracking_identifier=sr.TrackingIdentifier(uid=new_uid(), identifier=short(name)),
                finding_type=what.kind if known else None,
                finding_sites=_sites(what),
                algorithm_id=_algorithm(algorithm),
                measurements=[
                    sr.Measurement(codes.DCM.Probability, round(probability, 6), codes.UCUM.NoUnits)
                ],
                source_images=[sr.SourceImageForMeasurementGroup.from_source_image(source.first)],
            )
        )
    return _report(source, groups, algorithm, evidence=source.headers)


def _volumetric(
    one: Structure, source: Source, segmentation: Dataset, algorithm: Algorithm, time_point: str
) -> Any:
    sr, what = highdicom().sr, meaning_of(one.name)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=one.tracking_uid or new_uid(), identifier=short(one.tracking_id or one.name)
        ),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=one.number,
            source_series=sr.SourceSeriesForSegmentation(source.first.SeriesInstanceUID),
        ),
        time_point_context=sr.TimePointContext(time_point=short(time_point)) if time_point else None,
        finding_type=what.kind,
        finding_sites=_sites(what),
        algorithm_id=_algorithm(algorithm),
        measurements=[
            sr.Measurement(concept, float(f"{one.measured[name]:.6g}"), unit)
            for name, (concept, unit) in _MEASURED.items()
            if name in one.measured
        ],
    )


def _sites(what: Meaning) -> Any:
    """Where it lies, and on which side: of a left kidney, in the left kidney."""
    site = what.site or (what.kind if what.side else None)
    if site is None:
        return None
    return [highdicom().sr.FindingSite(anatomic_location=site, laterality=what.side)]


def _algorithm(algorithm: Algorithm) -> Any:
    return highdicom().sr.AlgorithmIdentification(
        name=short(algorithm.name),
        version=short(algorithm.version),
        family=codes.cid7162.ArtificialIntelligence,
        manufacturer=MANUFACTURER,
    )


def _report(
    source: Source, groups: Sequence[Any], algorithm: Algorithm, evidence: Sequence[Dataset]
) -> Dataset:
    hd = highdicom()
    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=f"2.25.{uuid.uuid5(_NAMESPACE, algorithm.model).int}",  # one model is one observer, in every run
        name=short(algorithm.name),
        manufacturer_name=MANUFACTURER,
        model_name=short(algorithm.version),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(
            observer_device_context=hd.sr.ObserverContext(codes.DCM.Device, device)
        ),
        procedure_reported=_PROCEDURES.get(source.first.Modality, codes.SCT.ImagingProcedure),
        imaging_measurements=groups,
        referenced_images=None,
    )
    made: Dataset = hd.sr.Comprehensive3DSR(
        evidence=evidence,
        content=content,
        is_complete=True,
        is_verified=False,
        **equipment(algorithm, SERIES_NUMBER, "Measurements"),
    )
    return made
