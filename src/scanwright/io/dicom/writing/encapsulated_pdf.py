"""Encapsulated PDF: a report that archives keep with the images (PS3.3 A.45.1)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from scanwright.io.dicom.writing.result import Algorithm, equipment, item, new_object, short
from scanwright.io.dicom.writing.source import Source

SERIES_NUMBER = 9004


def encapsulated_pdf(source: Source, pdf: bytes, title: str, algorithm: Algorithm) -> Dataset:
    """A PDF in the study of the images.

    Args:
        source: the images.
        pdf: the file.
        title: of the document.
        algorithm: what made it.

    Raises:
        MissingExtraError: highdicom is not installed.
    """
    made = new_object(source, EncapsulatedPDFStorage, "DOC", equipment(algorithm, SERIES_NUMBER, "Report"))
    made.ConversionType = "WSD"
    # It names the case, and a case may be called after a patient.
    made.BurnedInAnnotation = "NO" if source.first.get("PatientIdentityRemoved") == "YES" else "YES"
    made.AcquisitionDateTime = ""
    made.VerificationFlag = "UNVERIFIED"
    made.DocumentTitle = short(title)
    made.ConceptNameCodeSequence = []
    made.SourceInstanceSequence = [
        item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID)
        for one in source.headers
    ]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return made
