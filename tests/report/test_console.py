"""Text from files can neither style nor steer the terminal."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from devsim.report.console import SafeConsole, plain_table, styled


def printed(*renderables) -> str:
    console = SafeConsole(file=io.StringIO(), width=80)
    for each in renderables:
        console.print(each)
    return console.file.getvalue()


HOSTILE = ["\x1b]0;owned\x07", "\x1b[2J", "\x9b1m", "\u202e", "\ud800", "\r", "\x00"]


@pytest.mark.parametrize("text", HOSTILE)
def test_control_characters_are_shown_as_escapes(text):
    table = plain_table(text)
    table.add_row(text)
    for out in (printed(f"name {text}"), printed(styled("[bold]{}[/]", text)), printed(table)):
        assert text not in out
        assert all(char.isprintable() or char == "\n" for char in out)


@pytest.mark.parametrize("text", ["[bold]x[/bold]", "[/]", "[red", ":smile:", "\\[bold]", "[/x]"])
def test_markup_in_values_is_text(text):
    table = Table(box=None, pad_edge=False)
    table.add_column(text)
    table.add_row(text)
    assert printed(text) == f"{text}\n"
    assert printed(styled("[bold]{}[/]!", text)) == f"{text}!\n"
    assert printed(table).split() == [text, text]


def test_styles_of_templates_stay():
    assert styled("a [bold]{}[/]", "b") == Text.assemble("a ", ("b", "bold"))
