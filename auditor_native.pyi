from typing import Final

CONTRACT: Final[int]
