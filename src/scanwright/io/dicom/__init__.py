"""DICOM: what an export holds, sorted into series."""
