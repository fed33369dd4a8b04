"""Every module has its tests where they are looked for."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_every_module_has_its_mirrored_test() -> None:
    """``auditor/policy/load.py`` is tested by ``tests/unit/policy/test_load.py``."""
    modules = [
        path.relative_to(ROOT / "auditor")
        for path in (ROOT / "auditor").rglob("*.py")
        if path.name not in {"__init__.py", "__main__.py"} and "native" not in path.parts
    ]

    missing = [
        str(module)
        for module in modules
        if not (ROOT / "tests" / "unit" / module.with_name(f"test_{module.name}")).exists()
    ]

    assert missing == []
