"""What a test needs of the machine beyond Python; where it is missing, the test says so and is skipped."""

from __future__ import annotations

import shutil

import pytest

sandbox = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs the Debian package bubblewrap")
