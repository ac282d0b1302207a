"""Grammar of typed formulas, such as ``max(mean(S) - K, 0)``.

The text is parsed by Python's own grammar and then checked against a whitelist, node by node;
nothing is ever evaluated as Python. ``S`` is the underlying at the fixings; several underlyings have their names.
``pay(0.5, x)`` is a payment of x in half a year. A tree that has passed the checks has ``S.A`` for an underlying A, and
``x * growth(0.5)`` for the payment: the growth brings it to expiry.
"""

import ast
import enum
import warnings
from collections.abc import Callable, Iterator, Mapping

from greeks_cli.terms.errors import FormulaError, did_you_mean
from greeks_cli.terms.formulas.choices import is_arithmetic
from greeks_cli.terms.formulas.payments import PAY, Fixings, check_decided, check_payment, written
from greeks_cli.terms.greek import MARKET_PARAMETERS, TIME

LONGEST, DEEPEST, MOST_TERMS = 2000, 40, 250
OVER_TIME = ("mean", "gmean", "sum", "min", "max", "any", "all")
ELEMENTWISE = ("abs", "exp", "log", "sqrt")
FUNCTIONS = (*OVER_TIME, *ELEMENTWISE, "where")
RESERVED = frozenset({"S", PAY, *FUNCTIONS, *MARKET_PARAMETERS, TIME})
"""Names that no parameter and no underlying has."""


class Sort(enum.Enum):
    """The type of an expression: one number per path, one per date and path, or a condition on either."""

    NUMBER = "a number"
    PATH = "a value at every date"
    CONDITION = "a condition"
    CONDITIONS = "a condition at every date"
    PAYMENT = "a payment"

    @property
    def over_time(self) -> bool:
        return self in (Sort.PATH, Sort.CONDITIONS)

    @property
    def is_condition(self) -> bool:
        return self in (Sort.CONDITION, Sort.CONDITIONS)


def parse_formula(text: str, names: Mapping[str, float], fixings: Fixings) -> ast.expr:
    """The checked syntax tree of a payoff. Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"the formula has {len(text)} characters; at most {LONGEST} are allowed", text, LONGEST)
    for column, character in enumerate(text):
        if character == "#" or not character.isprintable():
            raise FormulaError("a formula has no comments and no control characters; leave them out", text, column)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `1 is 2` warns, and is refused below
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = (getattr(error, "offset", None) or 1) - 1
        raise FormulaError(
            "not a formula; write for example max(mean(S) - K, 0)", text, min(column, len(text))
        ) from None
    sort = _Checker(text, names, fixings).sort(tree, 0)
    if sort not in (Sort.NUMBER, Sort.PAYMENT):
        remedy = "use where(condition, 1, 0)" if sort is Sort.CONDITION else "take mean(...), max(...) or S[-1]"
        raise FormulaError(f"a payoff is one number per path, this is {sort.value}; {remedy}", text, 0)
    return written(tree, fixings.underlyings)


class _Checker:
    """Type checker of formulas: finds the sort of every node, and refuses nodes outside the whitelist."""

    def __init__(self, text: str, names: Mapping[str, float], fixings: Fixings):
        self._text = text
        self._names = names
        self._fixings = fixings
        self._joined = 0

    def sort(self, node: ast.expr, depth: int) -> Sort:
        if depth > DEEPEST:
            raise self._error(node, f"nested more than {DEEPEST} deep; split the formula")
        below = depth + 1
        match node:
            case ast.Constant(value=bool()):
                raise self._error(node, "True and False are not numbers; write a comparison")
            case ast.Constant(value=int() | float() as value):
                if not abs(value) <= 1e15:
                    raise self._error(node, "the number is too large; at most 1e15")
                return Sort.NUMBER
            case ast.Name(id=name) if name in self._fixings.names:
                return Sort.PATH
            case ast.Name(id=name) if name in self._names:
                return Sort.NUMBER
            case ast.Name(id=name):
                raise self._unknown(node, name)
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self._fixings.names:
                return self._fixing(name, index)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self._value(operand, below, may_pay=True)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._condition(operand, below)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                self._power(node, right)
                return self._value(left, below)
            case ast.BinOp() if is_arithmetic(node):
                return self._chain(node, below)
            case ast.Compare():
                return self._comparison(node, below)
            case ast.BoolOp(values=values):
                return _wider(*(self._condition(value, below) for value in values))
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._choice((test, body, otherwise), below)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments, below)
        raise self._error(
            node,
            f"not allowed here; use numbers, {self._fixings.names[0]}, {self._fixings.names[0]}[-1], parameters, "
            "+ - * / **, comparisons, and or not, if else, " + ", ".join((*FUNCTIONS, PAY)),
        )

    def _unknown(self, node: ast.expr, name: str) -> FormulaError:
        remedy = did_you_mean(name, [*self._fixings.names, *self._names])
        if name in RESERVED:
            return self._error(node, f"'{name}' is a word of formulas, and no number here; {remedy}")
        return self._error(node, f"unknown name '{name}'; set it with --param {name}=..., or {remedy}")

    def _chain(self, node: ast.expr, depth: int) -> Sort:
        """The sort of operands joined by + - * /: each operator nests the tree once more, but not the formula."""
        operands, whole = list[ast.expr](), node
        while isinstance(node, ast.BinOp) and is_arithmetic(node):
            operands.append(node.right)
            node = node.left
        operands.append(node)
        self._joined += len(operands)  # chains within this one nest the tree further
        if self._joined > MOST_TERMS:
            raise self._error(whole, f"more than {MOST_TERMS} terms joined by + - * /; split the formula")
        sorts = [self._value(operand, depth, may_pay=True) for operand in reversed(operands)]
        self._joined -= len(operands)
        if Sort.PAYMENT in sorts and not all(isinstance(part.op, ast.Add | ast.Sub) for part in _chained(whole)):
            raise self._error(whole, "payments are added and subtracted; put factors within pay(time, amount)")
        return _wider(*sorts)

    def _power(self, node: ast.expr, power: ast.expr) -> None:
        match power:
            case ast.Constant(value=int() | float() as number):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                pass
            case _:
                raise self._error(node, "a power must be a plain number; use exp(y*log(x))")
        if abs(number) > 10:
            raise self._error(node, "a power is at most 10; use exp(y*log(x))")

    def _payment(self, node: ast.Call, arguments: list[ast.expr], depth: int) -> Sort:
        """A payment at a time that is not before the fixings that its amount depends on."""
        if len(arguments) != 2:
            raise self._error(node, "pay takes two arguments: pay(time, amount)")
        if self._value(arguments[1], depth) is not Sort.NUMBER:
            raise self._error(arguments[1], "a payment is one number per path; take mean(...), max(...) or one fixing")
        self._tried(node, lambda: check_payment(node, self._fixings))
        return Sort.PAYMENT

    def _tried(self, node: ast.expr, check: Callable[[], None]) -> None:
        """Makes a check; its ValueError becomes the error of a node."""
        try:
            check()
        except ValueError as error:
            raise self._error(node, str(error)) from None

    def _fixing(self, name: str, index: ast.expr) -> Sort:
        try:
            number = ast.literal_eval(index)
        except (ValueError, TypeError):
            number = None
        n = len(self._fixings.times)
        if type(number) is not int or not -n <= number < n:
            raise self._error(index, f"{name} has the fixings 0 to {n - 1}; {name}[-1] is the last")
        return Sort.NUMBER

    def _comparison(self, node: ast.Compare, depth: int) -> Sort:
        for op in node.ops:
            if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                raise self._error(node, "prices are compared by < <= > >=; they are never equal")
        sorts = [self._value(operand, depth) for operand in (node.left, *node.comparators)]
        return Sort.CONDITIONS if _wider(*sorts).over_time else Sort.CONDITION

    def _choice(self, parts: tuple[ast.expr, ast.expr, ast.expr], depth: int) -> Sort:
        test = self._condition(parts[0], depth)
        chosen = _wider(*(self._value(part, depth, may_pay=True) for part in parts[1:]))
        if chosen is Sort.PAYMENT:
            for branch in parts[1:]:
                self._tried(branch, lambda branch=branch: check_decided(branch, parts[0], self._fixings))  # type: ignore[misc]
            return chosen
        return Sort.PATH if test.over_time or chosen.over_time else Sort.NUMBER

    def _call(self, node: ast.Call, name: str, arguments: list[ast.expr], depth: int) -> Sort:
        if name == PAY:
            return self._payment(node, arguments, depth)
        if name not in FUNCTIONS:
            raise self._error(node, f"unknown function '{name}'; {did_you_mean(name, (*FUNCTIONS, PAY))}")
        if name == "where":
            if len(arguments) != 3:
                raise self._error(node, "where takes three arguments: where(condition, a, b)")
            return self._choice((arguments[0], arguments[1], arguments[2]), depth)
        if name in ("min", "max") and len(arguments) > 1:
            return _wider(*(self._value(argument, depth) for argument in arguments))
        if len(arguments) != 1:
            raise self._error(node, f"{name} takes one argument")
        if name in ("any", "all"):
            wanted, found = Sort.CONDITIONS, self._condition(arguments[0], depth)
        elif name in ELEMENTWISE:
            return self._value(arguments[0], depth)
        else:
            wanted, found = Sort.PATH, self._value(arguments[0], depth)
        if found is not wanted:
            raise self._error(
                arguments[0], f"{name} of one argument wants {wanted.value}, such as S; this is {found.value}"
            )
        return Sort.CONDITION if found.is_condition else Sort.NUMBER

    def _value(self, node: ast.expr, depth: int, may_pay: bool = False) -> Sort:
        sort = self.sort(node, depth)
        if sort is Sort.PAYMENT and not may_pay:
            raise self._error(node, "a payment stands alone, in a sum or in a branch; put functions within its amount")
        if sort.is_condition:
            raise self._error(node, "a condition is not a number; use where(condition, a, b)")
        return sort

    def _condition(self, node: ast.expr, depth: int) -> Sort:
        sort = self.sort(node, depth)
        if not sort.is_condition:
            raise self._error(node, "a condition is wanted here, such as S[-1] > K")
        return sort

    def _error(self, node: ast.AST, message: str) -> FormulaError:
        # ast counts bytes; the caret counts characters.
        offset = len(self._text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return FormulaError(message, self._text, offset)


def _chained(node: ast.expr) -> Iterator[ast.BinOp]:
    """The operations of a chain."""
    while isinstance(node, ast.BinOp) and is_arithmetic(node):
        yield node
        node = node.left


def _wider(*sorts: Sort) -> Sort:
    if Sort.PAYMENT in sorts and not any(sort.over_time for sort in sorts):
        return Sort.PAYMENT
    return next((sort for sort in sorts if sort.over_time), sorts[0])
