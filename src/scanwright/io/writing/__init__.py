"""Writing whole datasets: an adapter per target, and the table that names them."""
