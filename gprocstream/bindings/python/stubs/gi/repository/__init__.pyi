# SPDX-License-Identifier: LGPL-2.1-or-later
# Namespaces without stubs of their own are of any type.

from typing import Any

def __getattr__(name: str) -> Any: ...
