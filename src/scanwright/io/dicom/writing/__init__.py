"""Results as DICOM: a file for each kind of object."""
