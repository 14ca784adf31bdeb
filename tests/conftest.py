"""What holds for all tests."""

from hypothesis import settings

# How long an example takes is the machine's affair: no test fails on a time.
settings.register_profile("tgw", deadline=None)
settings.load_profile("tgw")
