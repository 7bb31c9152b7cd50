"""Filter expressions of X-Ray, as far as they are used here. All others are rejected by name.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import operator
import re


TOKENS = re.compile(
    r'\s*(?:(?P<text>"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator><=|>=|!=|[=<>()])|(?P<word>[\w.\[\]]+))'
)
OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FLAGS = {"error": "HasError", "fault": "HasFault", "throttle": "HasThrottle"}
ANNOTATION = re.compile(r"annotation(?:\.(\w+)|\[(\w+)\])")


class NotEmulated(ValueError):
    pass


class Expression:
    """A parser that returns a function of a summary for each part of the expression."""

    def __init__(self, text):
        self.tokens = []
        end = 0
        text = text.rstrip()
        while end < len(text):
            match = TOKENS.match(text, end)
            if not match:
                raise NotEmulated(f"the local stack does not know {text[end:]!r} in a filter expression")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            end = match.end()

    def peek(self):
        return self.tokens[0] if self.tokens else (None, "the end")

    def take(self, *expected):
        kind, value = self.peek()
        if expected and value not in expected and kind not in expected:
            raise NotEmulated(f"the local stack does not know {value!r} at this place of a filter expression")
        self.tokens.pop(0)
        return value

    def either(self):
        parts = [self.both()]
        while self.peek()[1] in ("OR", "or"):
            self.take()
            parts.append(self.both())
        return lambda summary: any(part(summary) for part in parts)

    def both(self):
        parts = [self.term()]
        while self.peek()[1] in ("AND", "and"):
            self.take()
            parts.append(self.term())
        return lambda summary: all(part(summary) for part in parts)

    def term(self):
        word = self.take("(", "word")
        if word == "(":
            inside = self.either()
            self.take(")")
            return inside
        if word == "service":
            return self.service()
        annotation = ANNOTATION.fullmatch(word)
        if annotation:
            key = annotation[1] or annotation[2]
            return self.comparison(lambda summary: summary["Annotations"].get(key, []))
        if word == "http.status":
            return self.comparison(lambda summary: [summary["Http"].get("HttpStatus")])
        if word in FLAGS:
            is_compared = self.peek()[1] in OPERATORS
            flag = lambda summary: summary[FLAGS[word]]
            return self.comparison(lambda summary: [flag(summary)]) if is_compared else flag
        raise NotEmulated(f"the local stack does not know {word!r} in a filter expression")

    def service(self):
        self.take("(")
        name = self.take("text")[1:-1]
        self.take(")")
        return lambda summary: any(service["Name"] == name for service in summary["ServiceIds"])

    def comparison(self, values_of):
        compare = OPERATORS[self.take(*OPERATORS)]
        kind, text = self.peek()
        self.take("text", "number", "true", "false")
        expected = text[1:-1] if kind == "text" else float(text) if kind == "number" else text == "true"
        return lambda summary: any(matches(compare, plain(value), expected) for value in values_of(summary))


def plain(value):
    """Returns the value of an annotation, which a summary has by its type."""
    return next(iter(value["AnnotationValue"].values())) if isinstance(value, dict) else value


def matches(compare, value, expected):
    is_number = lambda it: isinstance(it, (int, float)) and not isinstance(it, bool)
    same_type = type(value) is type(expected) or (is_number(value) and is_number(expected))
    return same_type and compare(value, expected)


def compiled(text):
    """Returns a function that tells whether a summary matches an expression."""
    if not text:
        return lambda summary: True
    expression = Expression(text)
    matching = expression.either()
    if expression.tokens:
        expression.take("the end")
    return matching
