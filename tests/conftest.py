"""Settings that all tests share."""

from hypothesis import HealthCheck, settings

# Two busy cores make single examples slow at random; time limits would fail for nothing.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
