"""How this program is started: a value that the command line hands down to whoever starts it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """The words that start this program, and the option that tells it which site is meant."""

    words: tuple[str, ...]
    site_option: str = "--lab"

    def line(self, *arguments: str) -> list[str]:
        """The words that start this program with these arguments."""
        return [*self.words, *arguments]

    def process(self, role: str, site: str) -> list[str]:
        """The words that start the process with this role in the site of this name."""
        return self.line(role, self.site_option, site)
