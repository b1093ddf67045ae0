"""What all tests share."""

from hypothesis import settings

# A test never asserts how long something takes: the machine may have other work.
settings.register_profile("interlingua", deadline=None)
settings.load_profile("interlingua")
