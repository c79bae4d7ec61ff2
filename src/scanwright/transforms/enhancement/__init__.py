"""Classical steps that make images cleaner or alike; a function and a row in ``catalogue.py`` add one."""
