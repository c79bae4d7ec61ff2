"""Why a model answers as it does: maps over the image, each put to the test before anyone sees it."""
