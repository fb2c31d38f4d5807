# SPDX-License-Identifier: Apache-2.0
"""The fixtures of authority.py, by name."""
from authority import folder, server, world  # noqa: F401
