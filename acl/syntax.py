"""The two notations in which Vault reads an acl, HCL 1 and JSON, as items with the line of each.

Everything that is read here means to the server what it means here. Where HCL 1 knows more (heredocs, `${...}`,
hexadecimal numbers, escapes by number), the text is refused by line: no acl needs it, and nothing is guessed.
Source: github.com/hashicorp/hcl v1, hcl/scanner, hcl/parser, json/parser.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Union

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

Value = Union[str, int, float, bool, list["Value"], "Object"]


class AclError(ValueError):
    """An acl that can't be read; `str()` is one line. Never holds more of the text than a name or a path."""

    def __init__(self, line: int, wrong: str) -> None:
        self.line = line
        self.wrong = wrong
        super().__init__(f"line {line}: {wrong}")


@dataclass(frozen=True, kw_only=True)
class Item:
    """`key = value`, or `key "label" { ... }`; in JSON `"key": value`."""

    keys: tuple[str, ...]
    value: Value
    line: int


@dataclass(frozen=True, kw_only=True)
class Object:
    """What stands between braces. A key may stand twice."""

    items: tuple[Item, ...]


_COMMON = r"""
list: "[" "]" | "[" _commas? value (_commas value)* _commas? "]" | "[" _commas "]"
_commas: ","+
?value: STRING | FLOAT | INTEGER | BOOL | list | object
BOOL.2: /(true|false)(?![A-Za-z0-9_.-])/
FLOAT.1: /-?(0|[1-9][0-9]*)\.[0-9]+(?![0-9A-Za-z_.])/
INTEGER: /-?(0|[1-9][0-9]*)(?![0-9A-Za-z_.])/
%ignore /[ \t\r\n]+/
"""
_HCL = (
    _COMMON
    + r"""
start: item*
object: "{" item* "}"
item: key+ object ","? | key "=" value ","?
key: NAME | STRING
NAME: /[A-Za-z_][A-Za-z0-9_.-]*/
STRING: /"([^"\\$\x00-\x08\x0a-\x1f\ue123]|\$(?!\{)|\\([abfnrtv\\"]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"/
COMMENT: /(#|\/\/)[^\n]*|\/\*(.|\n)*?\*\//
%ignore COMMENT
"""
)
_JSON = (
    _COMMON
    + r"""
start: object
object: "{" (item ("," item)*)? "}"
item: key ":" value
key: STRING
STRING: /"([^"\\\x00-\x1f]|\\([bfnrt\\"]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"/
"""
)


def is_json(text: str) -> bool:
    """Whether the server takes the text for JSON."""
    return text.lstrip().startswith("{")


def parse(text: str) -> Object:
    """Read the items of an acl's text.

    Raises:
        AclError: where it is neither HCL nor JSON, or more of HCL than is understood.

    """
    # The server's scanner knows no other ends of lines.
    text = text.replace("\r\n", "\n")
    json = is_json(text)
    try:
        tree = _parser(_JSON if json else _HCL).parse(text)
        if json:
            [top] = tree.children
            assert isinstance(top, Tree)  # noqa: S101  the grammar says so
            tree = top
        return Object(items=tuple(_items(tree)))
    except UnexpectedInput as error:
        # At the end of the text there is no line.
        line = error.line if error.line > 0 else text.count("\n") + 1
        raise AclError(line, f"isn't readable {'JSON' if json else 'HCL'}") from None
    except RecursionError:
        raise AclError(1, "is nested too deeply") from None


@cache
def _parser(grammar: str) -> Lark:
    # The basic lexer, as the server's: what a word is doesn't depend on what may stand there.
    return Lark(grammar, parser="lalr", lexer="basic")


def _items(tree: Tree[Token]) -> Iterator[Item]:
    for item in tree.children:
        assert isinstance(item, Tree)  # noqa: S101  the grammar says so
        *parts, value = item.children
        keys = [_key(part) for part in parts]
        yield Item(
            keys=tuple(_text(key) if key.type == "STRING" else str(key) for key in keys),
            value=_value(value),
            line=keys[0].line or 1,
        )


def _key(tree: Tree[Token] | Token) -> Token:
    assert isinstance(tree, Tree)  # noqa: S101  the grammar says so
    [token] = tree.children
    assert isinstance(token, Token)  # noqa: S101
    return token


def _value(node: Tree[Token] | Token) -> Value:
    if isinstance(node, Tree):
        if node.data == "object":
            return Object(items=tuple(_items(node)))
        return [_value(each) for each in node.children]
    if node.type == "STRING":
        return _text(node)
    if node.type == "BOOL":
        return str(node) == "true"
    return float(str(node)) if node.type == "FLOAT" else int(str(node))


def _text(token: Token) -> str:
    # Every escape that the grammar lets through is one of Python's, too.
    return str(ast.literal_eval(str(token))) if "\\" in token else str(token[1:-1])
