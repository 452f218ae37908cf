# SPDX-License-Identifier: LGPL-2.1-or-later
# For use where it was built: what PyGObject itself has is of any type. Not installed.

from typing import Any

def __getattr__(name: str) -> Any: ...
